// SPDX-License-Identifier: GPL-2.0
/* The position of a merge, its filter, and the end of a search. */
#include "merge_fixture.h"

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

	/* A loss also counts records that the filter would have hidden. */
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
	/* A search continues where it ended; a short one is not interrupted. */
	assert_int_equal(tcps_merge_next(bench.merge, &record),
			 TCPS_FOUND_NOTHING);
	shim_signal_pending = false;
	assert_int_equal(tcps_merge_next(bench.merge, &record),
			 TCPS_FOUND_NOTHING);
	tear_down(&bench);
}

/* Records that are passed count neither as read nor as lost. */
static void test_skip_to(void **state)
{
	const u64 to[RINGS] = { 2 * SLOTS }, back[RINGS] = { SLOTS };
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	expect_end(&bench);
	put_many(&bench, 0, 10, 3 * SLOTS);
	tcps_merge_skip_to(bench.merge, to, 1, RINGS);
	assert_int_equal(bench.merge->cursors[0].next, 0);
	tcps_merge_skip_to(bench.merge, to, 0, 1);
	tcps_merge_skip_to(bench.merge, back, 0, RINGS);
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
	/* All other records have to go through it as well. */
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
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_cannot_widen_netns),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_skip_to),
		cmocka_unit_test(test_drained),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_interpose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
