// SPDX-License-Identifier: GPL-2.0
/* Passes over stuck connections: in parts, and how often. */
#include "stuck_fixture.h"

#include <linux/minmax.h>

/* A full chain: each is recorded once. */
static void test_one_chain(void **state)
{
	static u64 cookies[TCPS_CONN_CHAIN_MOST];
	unsigned int i, due = 0;

	(void)state;
	cookies[0] = 7;
	for (i = 0; i < COUNT(cookies); i++) {
		if (i)
			cookies[i] = neighbour(cookies[i - 1]);
		be_in(cookies[i], i % 4 == 2 ? TCPSTATES_ESTABLISHED :
				  TCPSTATES_CLOSE_WAIT);
		due += i % 4 != 2;
	}
	now += 60 * SECOND;
	assert_int_equal(pass(60 * SECOND), due);
	for (i = 0; i < COUNT(cookies); i++)
		assert_int_equal(times_told(due, cookies[i]), i % 4 != 2);
	now += 59 * SECOND;
	assert_int_equal(pass(1 * SECOND), 0);
}

/* Run a part; @all records of the pass were written before. Returns their sum. */
static unsigned int part(unsigned int most, bool over, unsigned int all)
{
	unsigned int i, count;
	u64 due_ns = 1;

	assert_int_equal(tcps_stuck_pass(most, &due_ns), over);
	assert_int_equal(due_ns == 1, !over);
	count = stream_take_all(&told[all], TCPSTATES_EVENT_STUCK);
	assert_true(over ? count <= most : count == most);
	for (i = all; i < all + count; i++)
		assert_int_equal(told[i].boot_ns, now);
	return all + count;
}

/* Each is recorded once, whatever the size of the parts. */
static void test_in_parts(void **state)
{
	static const unsigned int sizes[] = { 1, 7, 8, 9, 64, 200 };
	unsigned int i, size, all;
	u64 cookie;

	(void)state;
	/* Some of them in one chain. */
	for (i = 0, cookie = 100; i < 200; i++) {
		be_in(cookie, TCPSTATES_CLOSE_WAIT);
		cookie = i < 30 ? neighbour(cookie) : cookie + 1;
	}
	for (size = 0; size < COUNT(sizes); size++) {
		now += 3600 * SECOND << size;
		all = 0;
		for (i = 0; i < 200 / sizes[size]; i++) {
			all = part(sizes[size], false, all);
			now += SECOND;
		}
		all = part(sizes[size], true, all);
		assert_int_equal(all, 200);
		for (i = 0, cookie = 100; i < 200; i++) {
			assert_int_equal(times_told(200, cookie), 1);
			cookie = i < 30 ? neighbour(cookie) : cookie + 1;
		}
	}
}

/* A late record has the age of its time; the next is due at a doubling. */
static void test_ages_of_parts(void **state)
{
	unsigned int i, all = 0;
	u64 begun = now;

	(void)state;
	/* Each in a chain of its own. */
	for (i = 0; i < 60; i++)
		be_in(128 + i, TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND;
	for (i = 0; i < 10; i++) {
		all = part(6, false, all);
		assert_int_equal(told[all - 1].dur_ns, now - begun);
		now += 5 * SECOND;
	}
	/* The first were recorded at 60 s, the last at 105 s. */
	assert_int_equal(part(1000, true, all), 60);
	now = begun + 119 * SECOND;
	assert_int_equal(part(1000, true, 0), 0);
	now = begun + 120 * SECOND;
	assert_int_equal(part(1000, true, 0), 60);
	now = begun + 160 * SECOND;
	assert_int_equal(part(1000, true, 0), 0);
}

/* A connection that enters a chain behind the current part: in the next pass. */
static void test_behind_the_part(void **state)
{
	u64 first = 7, second = 8, due_ns;

	(void)state;
	if (tcps_conn_chain(first) > tcps_conn_chain(second))
		swap(first, second);
	be_in(second, TCPSTATES_CLOSE_WAIT);
	be_in(neighbour(second), TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND;
	assert_int_equal(part(1, false, 0), 1);
	be_in(first, TCPSTATES_CLOSE_WAIT);
	assert_true(tcps_stuck_pass(1000, &due_ns));
	assert_int_equal(stream_take_all(told, TCPSTATES_EVENT_STUCK), 1);
	assert_int_equal(due_ns, now + 60 * SECOND);
	now += 60 * SECOND;
	assert_int_equal(pass(60 * SECOND), 3);
}

/* A limit changes between parts: it holds for all, and no record is repeated. */
static void test_limit_changes_between_parts(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 20; i++)
		be_in(100 + i, TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND;
	assert_int_equal(part(15, false, 0), 15);
	be_in(1, TCPSTATES_SYN_SENT);
	now += SECOND;
	change_limit(TCPSTATES_SYN_SENT, 1);
	assert_int_equal(part(1000, true, 15), 21);
	for (i = 0; i < 20; i++)
		assert_int_equal(times_told(21, 100 + i), 1);
}

/*
 * Readers can read eight parts late. Passes take a small share of a CPU, and run ten
 * times in a second at most.
 */
static void test_pace(void **state)
{
	unsigned int records;

	(void)state;
	for (records = 64; records <= 4194304; records *= 2)
		assert_int_equal(8 * tcps_stuck_part(records), records);
	assert_int_equal(tcps_stuck_pause_ns(false, 0, 0), 50000000);
	assert_int_equal(tcps_stuck_pause_ns(false, 0, 1000), 52000000);
	assert_int_equal(tcps_stuck_pause_ns(false, 0, 1000000), 2050000000);
	assert_int_equal(tcps_stuck_pause_ns(true, 0, 1000), 100000000);
	assert_int_equal(tcps_stuck_pause_ns(true, 0, 1000000), 2050000000);
	assert_int_equal(tcps_stuck_pause_ns(false, SECOND, 1000), 32 * SECOND);
	assert_int_equal(tcps_stuck_pause_ns(true, SECOND, 1000), 32 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STUCK_TEST(test_one_chain),
		STUCK_TEST(test_in_parts),
		STUCK_TEST(test_ages_of_parts),
		STUCK_TEST(test_behind_the_part),
		STUCK_TEST(test_limit_changes_between_parts),
		STUCK_TEST(test_pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
