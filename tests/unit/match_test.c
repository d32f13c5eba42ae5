// SPDX-License-Identifier: GPL-2.0
/* The time of the latest record that matches, and losses. */
#include "unit.h"

#include <linux/limits.h>

#include "match.h"

#define SLOTS	8

static struct tcps_ring *ring;
static u64 to;
static unsigned int looks;

static const struct tcps_criteria everything;

static const struct tcps_criteria port_1 = {
	.filtered = true,
	.filter = { .lport_min = 1, .lport_max = 1 },
};

static const struct tcps_criteria netns_7 = {
	.netns = 7,
	.filtered = true,
};

static int set_up(void **state)
{
	(void)state;
	ring = make_ring(SLOTS, 0);
	to = 0;
	looks = 100;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free_ring(ring);
	return 0;
}

/* A record at @boot_ns. */
static void write_record(u64 boot_ns, u16 lport, u32 netns)
{
	struct tcpstates_record record = {
		.size = sizeof(record),
		.event = TCPSTATES_EVENT_TRANSITION,
		.boot_ns = boot_ns,
		.known = TCPSTATES_KNOW_LPORT,
		.lport = lport,
		.netns = netns,
	};
	u64 number = begin_record(ring);

	write_slot(ring, number, &record);
	end_record(ring, number);
	to = number + 1;
}

static u64 latest(u64 from, u64 since_ns, const struct tcps_criteria *wanted)
{
	return tcps_match_latest(ring, from, &to, since_ns, wanted, &looks);
}

/* A number of a namespace that is gone is given to a new one. */
static void test_earlier_namespace(void **state)
{
	const struct tcps_criteria since_20 = {
		.netns = 7,
		.filtered = true,
		.born_ns = 20,
	};
	struct tcpstates_record record = { .netns = 7, .boot_ns = 19 };

	(void)state;
	assert_false(tcps_match_record(&since_20, &record));
	record.boot_ns = 20;
	assert_true(tcps_match_record(&since_20, &record));
	/* A state that began in the earlier one. */
	record.dur_ns = 1;
	assert_false(tcps_match_record(&since_20, &record));
	record.boot_ns = 21;
	assert_true(tcps_match_record(&since_20, &record));
	record.cause = TCPSTATES_CAUSE_UNSEEN;
	assert_false(tcps_match_record(&since_20, &record));
	record.cause = TCPSTATES_CAUSE_FIN;
	assert_true(tcps_match_record(&since_20, &record));
	record.netns = 8;
	assert_false(tcps_match_record(&since_20, &record));
}

static void test_nothing_new(void **state)
{
	(void)state;
	assert_int_equal(latest(0, 0, &everything), 0);
	write_record(10, 1, 7);
	assert_int_equal(latest(1, 0, &everything), 0);
	assert_int_equal(looks, 100);
}

static void test_everything_costs_one_look(void **state)
{
	u64 i;

	(void)state;
	for (i = 1; i <= 5; i++)
		write_record(10 * i, 1, 7);
	assert_int_equal(latest(0, 0, &everything), 50);
	assert_int_equal(looks, 99);
}

static void test_latest_that_passes(void **state)
{
	(void)state;
	write_record(10, 1, 7);
	write_record(20, 1, 8);
	write_record(30, 2, 8);
	assert_int_equal(latest(0, 0, &port_1), 20);
	to = 3;
	assert_int_equal(latest(0, 0, &netns_7), 10);
	to = 3;
	assert_int_equal(latest(2, 0, &port_1), 0);
	assert_int_equal(to, 2);
}

/* Records from before the file was armed, by their time. */
static void test_since(void **state)
{
	(void)state;
	write_record(10, 1, 7);
	write_record(20, 2, 7);
	write_record(30, 2, 7);
	assert_int_equal(latest(0, 15, &port_1), 0);
	assert_int_equal(to, 0);
	assert_int_equal(looks, 97);
	to = 3;
	assert_int_equal(latest(0, 10, &port_1), 10);
	to = 3;
	assert_int_equal(latest(0, 31, &everything), 0);
	assert_int_equal(to, 0);
}

static void test_goes_on(void **state)
{
	u64 i;

	(void)state;
	write_record(1, 1, 7);
	for (i = 2; i <= 7; i++)
		write_record(i, 2, 7);
	looks = 4;
	assert_int_equal(latest(0, 0, &port_1), 0);
	assert_int_equal(looks, 0);
	assert_int_equal(to, 3);
	looks = 4;
	assert_int_equal(latest(0, 0, &port_1), 1);
	assert_int_equal(looks, 1);
}

static void test_overwritten(void **state)
{
	u64 i;

	(void)state;
	for (i = 1; i <= SLOTS + 1; i++)
		write_record(10 * i, 2, 7);
	assert_true(latest(0, 0, &port_1) == TCPS_MATCH_LOST);
	to = SLOTS + 1;
	assert_true(latest(0, 0, &everything) == TCPS_MATCH_LOST);
	/* But not for a file that was armed since. */
	to = SLOTS + 1;
	assert_int_equal(latest(0, 25, &port_1), 0);
	to = SLOTS + 1;
	assert_int_equal(latest(1, 0, &port_1), 0);
}

static void test_no_slots(void **state)
{
	(void)state;
	write_record(10, 2, 7);
	take_slots(ring);
	assert_true(latest(0, 0, &port_1) == TCPS_MATCH_LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_earlier_namespace),
		cmocka_unit_test_setup_teardown(test_nothing_new, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_everything_costs_one_look,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_latest_that_passes,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_since, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_goes_on, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_overwritten, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_no_slots, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
