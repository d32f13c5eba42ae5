// SPDX-License-Identifier: GPL-2.0
/* What a merge reports of records that were overwritten. */
#include "merge_fixture.h"

static void test_full_ring_loses_nothing(void **state)
{
	struct bench bench;
	u64 lost = 0;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 1, 100, SLOTS);
	assert_int_equal(drain(&bench, &lost), SLOTS);
	assert_int_equal(lost, 0);
	tear_down(&bench);
}

static void test_overrun_is_counted(void **state)
{
	struct tcpstates_record record;
	unsigned int written;
	struct bench bench;

	(void)state;
	for (written = SLOTS + 1; written < 5 * SLOTS; written++) {
		u64 lost = 0, received, loss_ns;

		set_up(&bench, SLOTS, 0);
		put_many(&bench, 1, 100, written);
		/* One loss, before all records, with the time of the first. */
		assert_true(tcps_merge_next(bench.merge, &record));
		assert_int_equal(record.event, TCPSTATES_EVENT_LOST);
		lost = record.count;
		loss_ns = record.boot_ns;
		assert_true(lost >= written - SLOTS);
		assert_int_equal(loss_ns, 100 + lost);
		expect(&bench, 1, loss_ns);
		received = 1 + drain(&bench, &lost);
		assert_int_equal(lost, loss_ns - 100);
		assert_int_equal(received + lost, written);
		assert_true(received >= SLOTS / 2);
		assert_int_equal(bench.merge->lost, lost);
		tear_down(&bench);
	}
}

static void test_overruns_of_rings_are_summed(void **state)
{
	struct tcpstates_record record;
	struct bench bench;
	u64 lost, again = 0;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 3 * SLOTS);
	put_many(&bench, 1, 200, 2 * SLOTS + 5);
	put(&bench, 2, 50);
	assert_true(tcps_merge_next(bench.merge, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_LOST);
	lost = record.count;
	assert_int_equal(record.boot_ns, 50);
	expect(&bench, 2, 50);
	assert_int_equal(drain(&bench, &again) + lost, 5 * SLOTS + 5);
	assert_int_equal(again, 0);
	assert_int_equal(bench.merge->lost, lost);
	tear_down(&bench);
}

/* An overrun in the middle of a batch is reported once, in its place. */
static void test_overrun_in_the_middle(void **state)
{
	struct tcpstates_record record;
	struct bench bench;
	u64 lost, again = 0, received;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 10);
	put(&bench, 1, 103);
	expect(&bench, 0, 100);
	expect(&bench, 0, 101);
	/* 2 are read, 8 are not; then all slots are overwritten, and one more. */
	put_many(&bench, 0, 200, SLOTS + 1);
	assert_true(tcps_merge_next(bench.merge, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_LOST);
	assert_int_equal(record.boot_ns, 103);
	lost = record.count;
	assert_true(lost >= 9);
	received = 2 + drain(&bench, &again);
	assert_int_equal(again, 0);
	assert_int_equal(received + lost, 10 + 1 + SLOTS + 1);
	tear_down(&bench);
}

/* Two separate losses are reported separately, with exact counts. */
static void test_two_overruns(void **state)
{
	struct bench bench;
	u64 lost = 0, first_lost;
	u64 received;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 2 * SLOTS);
	received = drain(&bench, &lost);
	first_lost = lost;
	assert_int_equal(received + lost, 2 * SLOTS);
	put_many(&bench, 0, 300, 2 * SLOTS);
	received += drain(&bench, &lost);
	assert_int_equal(received + lost, 4 * SLOTS);
	assert_true(lost > first_lost);
	assert_int_equal(bench.merge->lost, lost);
	tear_down(&bench);
}

static void test_ring_without_memory(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	take_slots(bench.rings[1]);
	put_many(&bench, 1, 100, 5);
	now = 200;
	assert_int_equal(expect_lost(&bench, 5), 200);
	expect_end(&bench);

	put_many(&bench, 1, 210, 2);
	put(&bench, 0, 220);
	assert_int_equal(expect_lost(&bench, 2), 220);
	expect(&bench, 0, 220);
	expect_end(&bench);
	assert_int_equal(bench.merge->lost, 7);
	tcps_merge_rewind(bench.merge);
	expect(&bench, 0, 220);
	expect_end(&bench);
	tear_down(&bench);
}

static void test_rewind_forgets_untold_losses(void **state)
{
	struct tcpstates_record record;
	struct bench bench;
	u64 lost = 0;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put(&bench, 1, 90);
	put_many(&bench, 0, 100, SLOTS);
	expect(&bench, 1, 90);
	put_many(&bench, 0, 200, SLOTS);
	/* The loss has been counted, but not returned yet. */
	assert_true(tcps_merge_next(bench.merge, &record));
	tcps_merge_rewind(bench.merge);
	assert_int_equal(drain(&bench, &lost), SLOTS + 1);
	assert_int_equal(lost, 0);
	tear_down(&bench);
}

static void test_large_numbers(void **state)
{
	u64 first = (1ULL << 63) - SLOTS - 2, lost = 0, received, next;
	struct bench bench;
	unsigned int i;

	(void)state;
	set_up(&bench, SLOTS, first);
	for (i = 0; i < 4 * SLOTS; i++) {
		put(&bench, i % RINGS, (1ULL << 63) - 8 + i);
		expect(&bench, i % RINGS, (1ULL << 63) - 8 + i);
	}
	expect_end(&bench);
	put_many(&bench, 1, 1ULL << 63 | 1000, 3 * SLOTS);
	received = drain(&bench, &lost);
	assert_int_equal(received + lost, 3 * SLOTS);

	/* A reader that has slept for very long. */
	next = bench.rings[0]->shared->head;
	bench.rings[0]->shared->reserved += 1ULL << 62;
	bench.rings[0]->shared->head = bench.rings[0]->shared->reserved;
	put_many(&bench, 0, now + 1, SLOTS);
	lost = 0;
	received = drain(&bench, &lost);
	assert_int_equal(received + lost, bench.rings[0]->shared->head - next);
	assert_true(lost >= 1ULL << 62);
	tear_down(&bench);
}

/* A record that is overwritten between the look and the pass. */
static void test_spoiled_where_it_stands(void **state)
{
	const struct tcpstates_record *slot;
	struct bench bench;
	u64 lost = 0, received;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 4);
	put(&bench, 1, 102);
	assert_null(tcps_merge_peek(bench.merge));
	expect(&bench, 0, 100);
	slot = tcps_merge_peek(bench.merge);
	assert_int_equal(slot->boot_ns, 101);
	assert_ptr_equal(tcps_merge_peek(bench.merge), slot);
	assert_true(tcps_merge_take(bench.merge));
	slot = tcps_merge_peek(bench.merge);
	assert_int_equal(slot->boot_ns, 102);
	assert_int_equal(slot->cpu, 0);
	put_many(&bench, 0, 200, SLOTS);
	assert_false(tcps_merge_take(bench.merge));
	assert_null(tcps_merge_peek(bench.merge));
	lost = bench.merge->lost;
	assert_int_equal(lost, 2 + SLOTS / 8);
	assert_int_equal(expect_lost(&bench, lost), 102);
	expect(&bench, 1, 102);
	received = 3 + drain(&bench, &lost);
	assert_int_equal(received + lost, 5 + SLOTS);
	assert_int_equal(bench.merge->lost, lost);
	tear_down(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_ring_loses_nothing),
		cmocka_unit_test(test_overrun_is_counted),
		cmocka_unit_test(test_overruns_of_rings_are_summed),
		cmocka_unit_test(test_overrun_in_the_middle),
		cmocka_unit_test(test_two_overruns),
		cmocka_unit_test(test_ring_without_memory),
		cmocka_unit_test(test_rewind_forgets_untold_losses),
		cmocka_unit_test(test_large_numbers),
		cmocka_unit_test(test_spoiled_where_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
