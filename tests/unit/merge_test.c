// SPDX-License-Identifier: GPL-2.0
/* The order in which a merge returns records. */
#include "merge_fixture.h"

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

/* Only the time decides, not the order in which rings were written. */
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
	/* Each record once, and those of one CPU in the order of writing. */
	for (i = 0; i < 4 * RINGS; i++) {
		assert_true(tcps_merge_next(bench.merge, &record));
		assert_int_equal(record.boot_ns, 50);
		assert_int_equal(record.seq, seq[record.cpu]++);
	}
	expect_end(&bench);
	tear_down(&bench);
}

/*
 * A record that came after the first look at its ring may be later than records of
 * other rings that are not complete yet. It waits for the next batch, but the search
 * does not end before it has been returned.
 */
static void test_stops_at_the_horizon(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	/* Two rings whose heads had been read. */
	put(&bench, 1, 101);
	enter_slowly(&bench, 2, 110);
	expect(&bench, 1, 101);
	assert_int_equal(bench.merge->turn_count, 0);
	assert_false(bench.merge->beyond);
	expect(&bench, 1, 110);
	expect(&bench, 0, 111);
	expect_end(&bench);

	/* The second look sees one of two records: neither is in this batch. */
	put(&bench, 1, 121);
	enter_slowly(&bench, 1, 130);
	expect(&bench, 1, 121);
	assert_int_equal(bench.merge->turn_count, 0);
	assert_true(bench.merge->beyond);
	expect(&bench, 0, 130);
	expect(&bench, 2, 131);
	expect_end(&bench);

	/* A first look that finds nothing, and a second one that does. */
	enter_slowly(&bench, 0, 140);
	expect(&bench, 2, 140);
	expect(&bench, 1, 141);
	expect_end(&bench);
	tear_down(&bench);
}

/* Many rings, some of them busy: each record once, in order. */
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
	tcps_merge_init(merge, rings, MANY, 0, 0);
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

/* Records written during a batch follow after it; none is skipped. */
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
		cmocka_unit_test(test_writes_while_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
