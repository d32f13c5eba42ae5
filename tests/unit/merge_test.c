// SPDX-License-Identifier: GPL-2.0
/* The order in which a merge returns records. */
#include "merge_fixture.h"

#include <linux/sched.h>

static void test_empty(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	expect_end(&bench);
	expect_end(&bench);
	tear_down(&bench);
}

static void test_starts_now(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put(&bench, 0, 10);
	put_many(&bench, 1, 11, 2 * SLOTS);
	free(bench.merge);
	bench.merge = new_merge(&bench, 0);
	expect_end(&bench);
	put(&bench, 2, 90);
	put(&bench, 0, 91);
	expect(&bench, 2, 90);
	expect(&bench, 0, 91);
	expect_end(&bench);
	assert_int_equal(bench.merge->lost, 0);
	tear_down(&bench);
}

static void test_merges_by_time(void **state)
{
	static const unsigned int cpus[] = { 2, 0, 0, 1, 2, 1, 0, 2, 1, 1 };
	struct bench bench;
	unsigned int i;

	(void)state;
	set_up(&bench, SLOTS, 0);
	for (i = 0; i < COUNT(cpus); i++)
		put(&bench, cpus[i], 100 + 10 * i);
	for (i = 0; i < COUNT(cpus); i++)
		expect(&bench, cpus[i], 100 + 10 * i);
	expect_end(&bench);
	tear_down(&bench);
}

/* The order in which CPUs were written to must not matter, only the time. */
static void test_merges_whole_rings(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 2, 30, 3);
	put_many(&bench, 1, 20, 3);
	put_many(&bench, 0, 25, 1);
	expect(&bench, 1, 20);
	expect(&bench, 1, 21);
	expect(&bench, 1, 22);
	expect(&bench, 0, 25);
	expect(&bench, 2, 30);
	expect(&bench, 2, 31);
	expect(&bench, 2, 32);
	expect_end(&bench);
	tear_down(&bench);
}

static void test_equal_times(void **state)
{
	struct tcpstates_record record;
	struct bench bench;
	u64 seq[RINGS] = { 0 };
	unsigned int i;

	(void)state;
	set_up(&bench, SLOTS, 0);
	for (i = 0; i < 4; i++) {
		put(&bench, 1, 50);
		put(&bench, 0, 50);
		put(&bench, 2, 50);
	}
	/* Each once, those of one CPU as they were written. */
	for (i = 0; i < 4 * RINGS; i++) {
		assert_true(tcps_merge_next(bench.merge, &record));
		assert_int_equal(record.boot_ns, 50);
		assert_int_equal(record.seq, seq[record.cpu]++);
	}
	expect_end(&bench);
	tear_down(&bench);
}

static struct bench *slow_bench;
static unsigned int slow;
static u64 meanwhile_ns;

/* What happens while the reader waits for ring @slow, which has been entered. */
static void write_and_leave(void)
{
	shim_resched = NULL;
	put(slow_bench, (slow + 1) % RINGS, meanwhile_ns + 1);
	put(slow_bench, (slow + 2) % RINGS, meanwhile_ns);
	tcps_ring_leave(slow_bench->rings[slow]);
}

static void enter_slowly(struct bench *bench, unsigned int cpu, u64 boot_ns)
{
	slow_bench = bench;
	slow = cpu;
	meanwhile_ns = boot_ns;
	tcps_ring_enter(bench->rings[cpu]);
	shim_resched = write_and_leave;
}

/*
 * What came after the first look at a ring may have earlier company elsewhere;
 * but nobody goes to sleep on it.
 */
static void test_stops_at_the_horizon(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	/* Both had been passed. */
	put(&bench, 1, 101);
	enter_slowly(&bench, 2, 110);
	expect(&bench, 1, 101);
	assert_int_equal(bench.merge->turn_count, 0);
	assert_false(bench.merge->beyond);
	expect(&bench, 1, 110);
	expect(&bench, 0, 111);
	expect_end(&bench);

	/* One is seen by the second look and the other is not: neither comes. */
	put(&bench, 1, 121);
	enter_slowly(&bench, 1, 130);
	expect(&bench, 1, 121);
	assert_int_equal(bench.merge->turn_count, 0);
	assert_true(bench.merge->beyond);
	expect(&bench, 0, 130);
	expect(&bench, 2, 131);
	expect_end(&bench);

	/* Nothing but what the second look finds. */
	enter_slowly(&bench, 0, 140);
	expect(&bench, 2, 140);
	expect(&bench, 1, 141);
	expect_end(&bench);
	tear_down(&bench);
}

/* Many rings, of which some are busy; each record once, in order. */
#define MANY	512

static void test_many_rings(void **state)
{
	struct tcps_ring *rings[MANY];
	struct tcps_merge *merge = malloc(tcps_merge_size(MANY));
	struct tcpstates_record record;
	struct bench bench;
	u64 last_ns = 0, seq[MANY] = { 0 };
	unsigned int i, round, written = 0, last_cpu = 0;

	(void)state;
	must(merge);
	now = 1;
	srand(1);
	for (i = 0; i < MANY; i++)
		rings[i] = make_ring(64, 0);
	tcps_merge_init(merge, rings, MANY, 0);
	for (round = 1; round < 200; round++) {
		unsigned int busy = 1 + rand() % (round % 3 ? 5 : MANY);
		unsigned int some = rand() % 1000;

		while (some--) {
			unsigned int cpu = rand() % busy * 7 % MANY;

			if (rings[cpu]->shared->head - seq[cpu] == 64)
				continue;
			bench.rings[0] = rings[cpu];
			now += rand() % 2;
			put(&bench, 0, now);
			tcps_ring_slot(rings[cpu],
				       rings[cpu]->shared->head - 1)->cpu = cpu;
			written++;
		}
		while (written) {
			must(tcps_merge_next(merge, &record));
			must(record.boot_ns > last_ns ||
			     (record.boot_ns == last_ns &&
			      record.cpu >= last_cpu));
			must(record.seq == seq[record.cpu]++);
			last_ns = record.boot_ns;
			last_cpu = record.cpu;
			written--;
		}
		must(!tcps_merge_next(merge, &record));
		now++;
	}
	assert_int_equal(merge->lost, 0);
	for (i = 0; i < MANY; i++)
		free_ring(rings[i]);
	free(merge);
}

/* Records written meanwhile come after the batch, and none is skipped. */
static void test_writes_while_reading(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put(&bench, 0, 100);
	put(&bench, 1, 105);
	expect(&bench, 0, 100);
	put(&bench, 0, 110);
	put(&bench, 2, 111);
	expect(&bench, 1, 105);
	expect(&bench, 0, 110);
	put(&bench, 1, 120);
	expect(&bench, 2, 111);
	expect(&bench, 1, 120);
	expect_end(&bench);
	tear_down(&bench);
}

static void test_now(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 5);
	put_many(&bench, 1, 100, 3 * SLOTS);
	expect_lost(&bench, 2 * SLOTS + SLOTS / 8);
	expect(&bench, 0, 100);
	put_many(&bench, 1, 200, 3 * SLOTS);
	tcps_merge_skip(bench.merge);
	expect_end(&bench);
	put(&bench, 2, 300);
	expect(&bench, 2, 300);
	expect_end(&bench);
	assert_int_equal(bench.merge->lost, 2 * SLOTS + SLOTS / 8);
	tear_down(&bench);
}

static void filter_netns(struct tcps_merge *merge, u32 netns)
{
	struct tcpstates_filter filter = { .netns = netns };

	tcps_merge_set_filter(merge, &filter);
}

static void test_filter(void **state)
{
	struct bench bench;
	u64 lost = 0;

	(void)state;
	set_up(&bench, SLOTS, 0);
	filter_netns(bench.merge, 8);
	put(&bench, 0, 100);
	put_record(&bench, 1, 101, 8);
	put(&bench, 2, 102);
	put_record(&bench, 0, 103, 8);
	expect(&bench, 1, 101);
	expect(&bench, 0, 103);
	expect_end(&bench);

	/* A loss counts what any filter would have hidden. */
	put_many(&bench, 1, 200, 2 * SLOTS);
	assert_int_equal(drain(&bench, &lost), 0);
	assert_in_range(lost, SLOTS, 2 * SLOTS - 1);
	tear_down(&bench);
}

static void test_filter_cannot_widen_netns(void **state)
{
	static const u32 filters[] = { 0, NETNS, 8 };
	struct bench bench;
	unsigned int i;

	(void)state;
	set_up(&bench, SLOTS, 0);
	free(bench.merge);
	bench.merge = new_merge(&bench, NETNS);
	for (i = 0; i < COUNT(filters); i++) {
		u64 time = 100 * (i + 1);

		filter_netns(bench.merge, filters[i]);
		put_record(&bench, 0, time, 8);
		put_record(&bench, 1, time + 1, NETNS);
		put_record(&bench, 2, time + 2, 0);
		if (filters[i] != 8)
			expect(&bench, 1, time + 1);
		expect_end(&bench);
	}
	tear_down(&bench);
}

static void test_rewind(void **state)
{
	struct bench bench;
	unsigned int round;
	u64 lost = 0;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 3 * SLOTS);
	put_many(&bench, 1, 110, 4);
	free(bench.merge);
	bench.merge = new_merge(&bench, 0);
	expect_end(&bench);
	for (round = 0; round < 3; round++) {
		tcps_merge_rewind(bench.merge);
		assert_int_equal(drain(&bench, &lost), SLOTS + 4);
		assert_int_equal(lost, 0);
	}
	tear_down(&bench);
}

static void test_size(void **state)
{
	(void)state;
	assert_int_equal(tcps_merge_size(0), sizeof(struct tcps_merge));
	assert_int_equal(tcps_merge_size(3),
			 sizeof(struct tcps_merge) +
			 3 * sizeof(struct tcps_cursor) +
			 3 * sizeof(struct tcps_turn));
}

bool shim_signal_pending;

/* A signal ends a search, which is not the same as finding nothing. */
static void test_signal(void **state)
{
	const struct tcpstates_filter filter = { .conn = 1 };
	struct tcpstates_record record;
	struct bench bench;
	unsigned int calls;

	(void)state;
	set_up(&bench, 4096, 0);
	tcps_merge_set_filter(bench.merge, &filter);
	put_many(&bench, 0, 10, 3 * TCPS_MERGE_LOOKS);
	shim_signal_pending = true;
	for (calls = 0; calls < 3; calls++)
		assert_int_equal(tcps_merge_next(bench.merge, &record),
				 TCPS_FOUND_SIGNAL);
	/* A search goes on where it has ended, and a short one is finished. */
	assert_int_equal(tcps_merge_next(bench.merge, &record),
			 TCPS_FOUND_NOTHING);
	shim_signal_pending = false;
	assert_int_equal(tcps_merge_next(bench.merge, &record),
			 TCPS_FOUND_NOTHING);
	tear_down(&bench);
}

/* What need not be looked at is neither read nor lost, nor gone back to. */
static void test_pass(void **state)
{
	const u64 to[RINGS] = { 2 * SLOTS }, back[RINGS] = { SLOTS };
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	expect_end(&bench);
	put_many(&bench, 0, 10, 3 * SLOTS);
	tcps_merge_pass(bench.merge, to, 1, RINGS);
	assert_int_equal(bench.merge->cursors[0].next, 0);
	tcps_merge_pass(bench.merge, to, 0, 1);
	tcps_merge_pass(bench.merge, back, 0, RINGS);
	expect(&bench, 0, 10 + 2 * SLOTS);
	assert_int_equal(bench.merge->lost, 0);
	tear_down(&bench);
}

/* A read() may end when the last batch is read, and not before. */
static void test_drained(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put(&bench, 0, 100);
	put(&bench, 1, 101);
	tcps_merge_begin_read(bench.merge);
	assert_false(tcps_merge_is_drained(bench.merge));
	expect(&bench, 0, 100);
	assert_false(tcps_merge_is_drained(bench.merge));
	expect(&bench, 1, 101);
	assert_true(tcps_merge_is_drained(bench.merge));
	/* The next one has to look at the rings. */
	tcps_merge_begin_read(bench.merge);
	assert_false(tcps_merge_is_drained(bench.merge));
	expect_end(&bench);

	/* Nor is there an end at the horizon, if there are records after it. */
	put(&bench, 1, 121);
	enter_slowly(&bench, 1, 130);
	tcps_merge_begin_read(bench.merge);
	expect(&bench, 1, 121);
	assert_true(bench.merge->beyond);
	assert_false(tcps_merge_is_drained(bench.merge));
	expect(&bench, 0, 130);
	expect(&bench, 2, 131);
	assert_true(tcps_merge_is_drained(bench.merge));
	tear_down(&bench);
}

/* A batch is there to be peeked at if and only if there is a record. */
static void test_open(void **state)
{
	const struct tcpstates_record *slot;
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	assert_false(tcps_merge_open(bench.merge));
	assert_null(tcps_merge_peek(bench.merge));
	put(&bench, 1, 100);
	assert_true(tcps_merge_open(bench.merge));
	put(&bench, 0, 101);
	/* It stays open to its end. */
	assert_true(tcps_merge_open(bench.merge));
	slot = tcps_merge_peek(bench.merge);
	assert_int_equal(slot->boot_ns, 100);
	assert_true(tcps_merge_take(bench.merge));
	assert_null(tcps_merge_peek(bench.merge));
	assert_true(tcps_merge_open(bench.merge));
	expect(&bench, 0, 101);
	assert_false(tcps_merge_open(bench.merge));

	/* Records after the horizon of an empty batch need another one. */
	bench.merge->horizon_ns = 105;
	enter_slowly(&bench, 1, 110);
	bench.merge->beyond = true;
	assert_true(tcps_merge_open(bench.merge));
	slot = tcps_merge_peek(bench.merge);
	assert_int_equal(slot->boot_ns, 110);
	expect(&bench, 0, 110);
	expect(&bench, 2, 111);
	expect_end(&bench);
	tear_down(&bench);
}

static unsigned int interposed;

/* A row before each record of CPU 0. */
static bool interpose_once(struct tcps_merge *merge,
			   struct tcpstates_record *record)
{
	(void)merge;
	if (record->cpu || interposed++ % 2)
		return false;
	record->event = TCPSTATES_EVENT_EXISTING;
	record->netns = record->boot_ns == 100 ? NETNS : NETNS + 1;
	return true;
}

static void test_interpose(void **state)
{
	struct tcpstates_record record;
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	filter_netns(bench.merge, NETNS);
	tcps_merge_interpose(bench.merge, interpose_once);
	put(&bench, 0, 100);
	put(&bench, 1, 101);
	put(&bench, 0, 102);
	tcps_merge_begin_read(bench.merge);
	assert_true(tcps_merge_next(bench.merge, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_EXISTING);
	/* The rest has to go through it as well. */
	assert_null(tcps_merge_peek(bench.merge));
	expect(&bench, 0, 100);
	expect(&bench, 1, 101);
	/* A row that does not match is left out, its record is not. */
	expect(&bench, 0, 102);
	assert_false(tcps_merge_is_drained(bench.merge));
	tcps_merge_interpose(bench.merge, NULL);
	assert_true(tcps_merge_is_drained(bench.merge));
	expect_end(&bench);
	assert_int_equal(interposed, 4);
	tear_down(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_starts_now),
		cmocka_unit_test(test_merges_by_time),
		cmocka_unit_test(test_merges_whole_rings),
		cmocka_unit_test(test_equal_times),
		cmocka_unit_test(test_stops_at_the_horizon),
		cmocka_unit_test(test_many_rings),
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_writes_while_reading),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_cannot_widen_netns),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_drained),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_interpose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
