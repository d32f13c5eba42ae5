// SPDX-License-Identifier: GPL-2.0
/* Connections that are learned, and those without an entry. */
#include "life_fixture.h"

#include "verify.h"

static void test_learned_is_a_lower_bound(void **state)
{
	struct tcpstates_record record;

	(void)state;
	learn(7, sk, TCPSTATES_SYN_SENT, 1000);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1500);
	expect_duration(&record, 500);
	expect_no_handshake(&record);
	expect_addresses(&record, &sample);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ATLEAST);
	assert_int_equal(record.known & OWNED, TCPSTATES_KNOW_UID);
	assert_int_equal(record.uid, 33);
	/* From here on its transitions are seen. */
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT2, 1600);
	expect_duration(&record, 100);
	assert_int_equal(record.flags, 0);
}

/* The replacement of a socket is no transition: the bound on its age stays. */
static void test_lower_bound_stays_without_a_transition(void **state)
{
	struct tcpstates_record record;

	(void)state;
	learn(7, sk, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_FIN_WAIT2, 1100);
	record = go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 1500);
	expect_duration(&record, 500);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ATLEAST);
}

static void test_learned_has_flags(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_UNKNOWN,
					  TCPSTATES_ESTABLISHED);
	struct tcpstates_ident mapped = sample;
	struct tcpstates_record row;

	(void)state;
	mapped.flags = TCPSTATES_FLAG_V4MAPPED;
	step.ident = &mapped;
	step.flags = TCPSTATES_FLAG_UNACCEPTED;
	learn_step(&step, 1000);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.new_state, TCPSTATES_ESTABLISHED);
	assert_int_equal(row.boot_ns, 1000);
	assert_int_equal(row.flags, TCPSTATES_FLAG_V4MAPPED |
				    TCPSTATES_FLAG_UNACCEPTED |
				    TCPSTATES_FLAG_ATLEAST);
	assert_int_equal(row.rtt_us, (u32)(uintptr_t)sk);
	step = request_step(7, req, TCPSTATES_UNKNOWN, TCPSTATES_SYN_RECV);
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE, 1100);
	learn_step(&step, 1200);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.retrans, (u32)(uintptr_t)req);
}

static void test_what_is_known_is_not_learned(void **state)
{
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	learn(7, sk, TCPSTATES_ESTABLISHED, 1100);
	assert_int_equal(pool_in_use, 1);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1200);
	expect_duration(&record, 200);
	assert_int_equal(record.flags, 0);
}

/* A full socket that was replaced, or has not taken its request's place yet. */
static void test_what_is_told_is_not_learned(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_FIN_WAIT2, 1100);
	learn(7, sk, TCPSTATES_FIN_WAIT2, 1200);
	assert_int_equal(pool_in_use, 1);
	learn_minisock(7, TCPSTATES_FIN_WAIT2, 1200);
	assert_int_equal(pool_in_use, 1);
	go_request(8, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	learn(8, child, TCPSTATES_SYN_RECV, 1200);
	assert_int_equal(pool_in_use, 2);
	/* The socket is connected again, beside its earlier minisock. */
	learn(7, child, TCPSTATES_ESTABLISHED, 1300);
	assert_int_equal(pool_in_use, 3);
	go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_CLOSE, 1400);
	assert_true(tcps_life_is_in(7, child, TCPSTATES_ESTABLISHED));
	assert_int_equal(pool_in_use, 3);
	/* Another minisock is learned in any case. */
	learn_minisock(7, TCPSTATES_TIME_WAIT, 1500);
	assert_int_equal(pool_in_use, 4);
}

static void test_unconfirmed_is_forgotten(void **state)
{
	(void)state;
	tcps_verify_learn_begin();
	assert_true(tcps_conn_learning());
	learn_minisock(7, TCPSTATES_TIME_WAIT, 1000);
	learn_minisock(8, TCPSTATES_TIME_WAIT, 1000);
	learn(9, sk, TCPSTATES_ESTABLISHED, 1000);
	go(10, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_verify_learn_confirm();
	assert_int_equal(pool_in_use, 4);
	/* Found again; changed meanwhile; seen from its beginning. */
	learn_minisock(8, TCPSTATES_TIME_WAIT, 1100);
	go(9, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1100);
	/* Only confirmed, and not learned. */
	learn(11, sk, TCPSTATES_ESTABLISHED, 1100);
	assert_int_equal(pool_in_use, 4);
	assert_true(tcps_conn_learning());
	tcps_verify_learn_end();
	assert_false(tcps_conn_learning());
	assert_int_equal(pool_in_use, 3);
	assert_false(tcps_life_is_tracked(7));
	/* What was not found again has ended, though it is still hashed. */
	learn_minisock(7, TCPSTATES_TIME_WAIT, 1200);
	assert_int_equal(pool_in_use, 3);
	/* Confirming leaves the time since which it is known. */
	assert_int_equal(go_minisock(8, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE,
				     1500).dur_ns, 500);
}

/* A connection that is first seen in a later state gets an entry while learning. */
static void test_untracked_are_learned(void **state)
{
	struct tcps_step step = sock_step(12, sk, TCPSTATES_ESTABLISHED,
					  TCPSTATES_FIN_WAIT1);
	struct tcpstates_record record;

	(void)state;
	tcps_verify_learn_begin();
	record = go_untracked(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1000);
	expect_no_duration(&record);
	expect_addresses(&record, &sample);
	assert_int_equal(record.flags, 0);
	assert_int_equal(pool_in_use, 1);
	record = go(7, TCPSTATES_FIN_WAIT1, TCPSTATES_FIN_WAIT2, 1600);
	expect_duration(&record, 600);
	expect_addresses(&record, &sample);
	/* Without an entry there is nothing to mark. */
	step.cause = TCPSTATES_CAUSE_FIN;
	tcps_life_mark_cause(12, sk, US, TCPSTATES_CAUSE_SHUTDOWN);
	tcps_life_step_untracked(&step);
	assert_int_equal(take(&step).cause, TCPSTATES_CAUSE_FIN);
	assert_int_equal(pool_in_use, 2);
	/* A CLOSE makes no entry. */
	go_untracked(8, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE, 1700);
	assert_int_equal(pool_in_use, 2);
	tcps_verify_learn_end();
	go_untracked(9, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1000);
	assert_int_equal(pool_in_use, 2);
	go(10, TCPSTATES_CLOSE, TCPSTATES_LISTEN, 1000);
	assert_int_equal(pool_in_use, 3);
}

/* Without an entry: addresses and flags, but nothing that is kept in an entry. */
static void test_untracked(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_SYN_SENT,
					  TCPSTATES_ESTABLISHED);
	struct tcpstates_ident mapped = sample;
	struct tcpstates_record record;

	(void)state;
	mapped.flags = TCPSTATES_FLAG_V4MAPPED;
	step.ident = &mapped;
	step.flags = TCPSTATES_FLAG_ORPHAN;
	step.cause = TCPSTATES_CAUSE_SYNACK;
	tcps_life_step_untracked(&step);
	record = take(&step);
	expect_no_duration(&record);
	expect_no_handshake(&record);
	expect_addresses(&record, &sample);
	assert_int_equal(record.known & OWNED, 0);
	assert_int_equal(record.flags,
			 TCPSTATES_FLAG_V4MAPPED | TCPSTATES_FLAG_ORPHAN);
	assert_int_equal(record.rtt_us, (u32)(uintptr_t)sk);
	assert_int_equal(record.cause, TCPSTATES_CAUSE_SYNACK);
	assert_int_equal(pool_in_use, 0);
}

/* The socket is connected again and again; the minisocks of its past have its cookie. */
static void leave_minisock(u64 cookie, const void *minisock)
{
	struct tcps_step step = minisock_step(cookie, TCPSTATES_UNKNOWN,
					      TCPSTATES_TIME_WAIT);

	step.holder = minisock;
	learn_step(&step, 1000);
}

/*
 * A connection without room is missed: while it may live, nothing may be concluded
 * from an entry that is absent. When there is room, the next walk learns it.
 */
static void test_without_room(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_CLOSE,
					  TCPSTATES_SYN_SENT);
	struct tcpstates_stats stats = { };
	static char minisocks[TCPS_CONN_COOKIE_MOST];
	struct tcps_step end = minisock_step(7, TCPSTATES_TIME_WAIT,
					     TCPSTATES_CLOSE);
	unsigned int i;

	(void)state;
	tcps_verify_learn_begin();
	for (i = 0; i < COUNT(minisocks); i++)
		leave_minisock(7, &minisocks[i]);
	tcps_verify_learn_confirm();
	for (i = 0; i < COUNT(minisocks); i++)
		leave_minisock(7, &minisocks[i]);
	tcps_verify_learn_end();
	assert_int_equal(pool_in_use, COUNT(minisocks));
	assert_false(tcps_conn_short());
	assert_false(tcps_life_begin(&step));
	take(&step);
	assert_true(tcps_conn_short());
	tcps_conn_stats(&stats);
	assert_int_equal(stats.conns_missed, 1);
	/* Its neighbours have room. */
	go(neighbour(7), TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	assert_int_equal(pool_in_use, COUNT(minisocks) + 1);
	/* A walk tells that it has made no entry for it. */
	step = sock_step(7, sk, TCPSTATES_UNKNOWN, TCPSTATES_ESTABLISHED);
	tcps_verify_learn_begin();
	assert_false(tcps_verify_learn(&step));
	tcps_verify_learn_end();
	end.holder = &minisocks[2];
	take_step(&end, 1100);
	tcps_verify_learn_begin();
	assert_true(tcps_verify_learn(&step));
	tcps_verify_learn_confirm();
	assert_true(tcps_verify_learn(&step));
	tcps_verify_learn_end();
	assert_true(tcps_life_is_in(7, sk, TCPSTATES_ESTABLISHED));
	assert_true(tcps_conn_short());
	tcps_conn_complete(tcps_conn_misses());
	assert_false(tcps_conn_short());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_learned_is_a_lower_bound),
		TEST(test_lower_bound_stays_without_a_transition),
		TEST(test_learned_has_flags),
		TEST(test_what_is_known_is_not_learned),
		TEST(test_what_is_told_is_not_learned),
		TEST(test_unconfirmed_is_forgotten),
		TEST(test_untracked_are_learned),
		TEST(test_untracked),
		TEST(test_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
