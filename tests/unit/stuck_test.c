// SPDX-License-Identifier: GPL-2.0
/* What is recorded of connections that stay in a state for too long, and when. */
#include "stuck_fixture.h"

#include <linux/ktime.h>

static void test_told_at_each_doubling(void **state)
{
	u64 begun = now;
	unsigned int age;

	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	for (age = 1; age <= 4000; age++) {
		now = begun + age * SECOND - 1;
		assert_true(pass_now() > now);
		assert_int_equal(stream_count(), 0);
		now++;
		pass_now();
		if (age != 60 && age != 120 && age != 240 && age != 480 &&
		    age != 960 && age != 1920 && age != 3840) {
			assert_int_equal(stream_count(), 0);
			continue;
		}
		assert_int_equal(stream_take_all(told, TCPSTATES_EVENT_STUCK),
				 1);
		assert_int_equal(told[0].dur_ns, age * SECOND);
	}
}

static void test_what_a_line_tells(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND + 5;
	assert_int_equal(pass(60 * SECOND - 5), 1);
	assert_int_equal(told[0].conn, 7);
	assert_int_equal(told[0].old_state, TCPSTATES_CLOSE_WAIT);
	assert_int_equal(told[0].new_state, TCPSTATES_CLOSE_WAIT);
	assert_int_equal(told[0].cause, TCPSTATES_CAUSE_UNKNOWN);
	assert_int_equal(told[0].boot_ns, now);
	assert_int_equal(told[0].real_ns, now + SHIM_REAL_OFFSET);
	assert_int_equal(told[0].dur_ns, 60 * SECOND + 5);
	assert_int_equal(told[0].pid, 812);
	assert_string_equal(told[0].comm, "java");
	assert_int_equal(told[0].netns, 4026531840U);
	assert_int_equal(told[0].lport, 80);
	assert_int_equal(told[0].flags, 0);
	assert_int_equal(told[0].known, sample.known | OWNED |
			 TCPSTATES_KNOW_INODE | TCPSTATES_KNOW_CGROUP |
			 TCPSTATES_KNOW_DURATION | TCPSTATES_KNOW_RTT);
	assert_int_equal(told[0].rtt_us, (uintptr_t)sk);
}

static void test_learned_is_at_least(void **state)
{
	(void)state;
	learn(7, sk, TCPSTATES_CLOSE_WAIT, now);
	now += 60 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].flags, TCPSTATES_FLAG_ATLEAST);
	assert_int_equal(told[0].dur_ns, 60 * SECOND);
}

static void test_nothing_after_it_has_left(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	be_in(8, TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND;
	assert_int_equal(pass(60 * SECOND), 2);
	go(7, TCPSTATES_CLOSE_WAIT, TCPSTATES_LAST_ACK, now);
	go(8, TCPSTATES_CLOSE_WAIT, TCPSTATES_CLOSE, now);
	now += 1000 * SECOND;
	assert_int_equal(pass(60 * SECOND), 0);
	assert_false(is_marked(7));
	assert_false(is_marked(8));
}

/* It enters the state again: its age begins anew. */
static void test_comes_back(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 130 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	go(7, TCPSTATES_CLOSE_WAIT, TCPSTATES_ESTABLISHED, now);
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE_WAIT, now);
	now += 60 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 60 * SECOND);
}

/* One record for all doublings since the last pass. */
static void test_late(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 1000 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 1000 * SECOND);
	now += 919 * SECOND;
	assert_int_equal(pass(1 * SECOND), 0);
	now += 1 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 1920 * SECOND);
}

/* Chains that were marked when the limit was set; a pass unmarks them. */
static void forget_marks(void)
{
	assert_int_equal(pass(60 * SECOND), 0);
}

static void test_no_limit_no_mark(void **state)
{
	(void)state;
	forget_marks();
	be_in(7, TCPSTATES_ESTABLISHED);
	be_in(8, TCPSTATES_SYN_SENT);
	learn(9, sk, TCPSTATES_FIN_WAIT2, now);
	assert_false(is_marked(7) || is_marked(8) || is_marked(9));
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE_WAIT, now);
	learn(10, sk, TCPSTATES_CLOSE_WAIT, now);
	assert_true(is_marked(7) && is_marked(10));
	/* A pass unmarks the chain of a connection that has left its state. */
	go(7, TCPSTATES_CLOSE_WAIT, TCPSTATES_LAST_ACK, now);
	assert_int_equal(pass(60 * SECOND), 0);
	assert_false(is_marked(7));
	assert_true(is_marked(10));
}

static void test_each_state_has_its_own_limit(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 1; i < TCPSTATES_STATE_COUNT; i++)
		limits[i] = i == TCPSTATES_CLOSE ? 0 : 10 * i;
	tcps_stuck_watch(limits);
	for (i = 1; i < TCPSTATES_STATE_COUNT; i++)
		if (limits[i])
			be_in(i, i);
	for (i = 1; i < TCPSTATES_STATE_COUNT; i++) {
		now += 10 * SECOND;
		pass_now();
		/* ESTABLISHED has the shortest limit: again at 20, 40, 80 s. */
		while (stream_count()) {
			unsigned int count, j, own = 0;

			count = stream_take_all(told, TCPSTATES_EVENT_STUCK);
			for (j = 0; j < count; j++)
				own += told[j].new_state == i;
			assert_int_equal(own, limits[i] != 0);
		}
	}
}

static void test_limit_comes_later(void **state)
{
	(void)state;
	forget_marks();
	be_in(7, TCPSTATES_SYN_SENT);
	now += 50 * SECOND;
	change_limit(TCPSTATES_SYN_SENT, 30);
	assert_int_equal(pass(10 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 50 * SECOND);
	now += 10 * SECOND;
	assert_int_equal(pass(30 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 60 * SECOND);
}

static void test_limit_grows(void **state)
{
	(void)state;
	change_limit(TCPSTATES_CLOSE_WAIT, 1);
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 20 * SECOND;
	assert_int_equal(pass(1 * SECOND), 1);
	change_limit(TCPSTATES_CLOSE_WAIT, 60);
	assert_int_equal(pass(40 * SECOND), 0);
	now += 40 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 60 * SECOND);
}

static void test_limit_shrinks(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	be_in(8, TCPSTATES_CLOSE_WAIT);
	now += 65 * SECOND;
	assert_int_equal(pass(55 * SECOND), 2);
	be_in(9, TCPSTATES_CLOSE_WAIT);
	change_limit(TCPSTATES_CLOSE_WAIT, 20);
	/* 80 s is the next doubling after 65 s. */
	assert_int_equal(pass(15 * SECOND), 0);
	now += 15 * SECOND;
	assert_int_equal(pass(5 * SECOND), 2);
	now += 5 * SECOND;
	assert_int_equal(pass(20 * SECOND), 1);
	assert_int_equal(told[0].conn, 9);
}

static void test_limit_goes(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 600 * SECOND;
	change_limit(TCPSTATES_CLOSE_WAIT, 0);
	assert_int_equal(pass(NEVER), 0);
	assert_false(is_marked(7));
	be_in(8, TCPSTATES_CLOSE_WAIT);
	assert_false(is_marked(8));
	/* It is set again. */
	change_limit(TCPSTATES_CLOSE_WAIT, 60);
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].conn, 7);
}

/* A minisock replaces the socket in the same state: the age stays. */
static void test_minisock_takes_over(void **state)
{
	(void)state;
	change_limit(TCPSTATES_FIN_WAIT2, 30);
	be_in(7, TCPSTATES_FIN_WAIT2);
	now += 20 * SECOND;
	assert_true(tcps_life_replace(7, sk, tw, TCPSTATES_FLAG_ORPHAN));
	now += 10 * SECOND;
	assert_int_equal(pass(30 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 30 * SECOND);
	assert_int_equal(told[0].flags, TCPSTATES_FLAG_ORPHAN);
	assert_int_equal(told[0].known & TCPSTATES_KNOW_RTT, 0);
}

/* A century; the next record is due after 128 years. */
static void test_long_age(void **state)
{
	(void)state;
	change_limit(TCPSTATES_CLOSE_WAIT, 31536000);
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 100ULL * 31536000 * SECOND;
	assert_int_equal(pass(31536000 * SECOND), 1);
	assert_int_equal(pass(31536000 * SECOND), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STUCK_TEST(test_told_at_each_doubling),
		STUCK_TEST(test_what_a_line_tells),
		STUCK_TEST(test_learned_is_at_least),
		STUCK_TEST(test_nothing_after_it_has_left),
		STUCK_TEST(test_comes_back),
		STUCK_TEST(test_late),
		STUCK_TEST(test_no_limit_no_mark),
		STUCK_TEST(test_each_state_has_its_own_limit),
		STUCK_TEST(test_limit_comes_later),
		STUCK_TEST(test_limit_grows),
		STUCK_TEST(test_limit_shrinks),
		STUCK_TEST(test_limit_goes),
		STUCK_TEST(test_minisock_takes_over),
		STUCK_TEST(test_long_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
