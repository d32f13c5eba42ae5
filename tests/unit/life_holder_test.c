// SPDX-License-Identifier: GPL-2.0
/* Which structure of the kernel holds a connection. */
#include "life_fixture.h"

#include "verify.h"

/* The CLOSE of a socket that was replaced does not end the connection. */
static void test_replaced(void **state)
{
	struct tcps_step step;
	struct tcpstates_record record, row;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_TIME_WAIT, 1100);
	/* The CLOSE of another socket is not that of the replaced one. */
	step = sock_step(7, child, TCPSTATES_SYN_RECV, TCPSTATES_CLOSE);
	assert_int_equal(tcps_step_close(&step, &plain_rules), TCPS_END_UNTRACKED);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_REPLACED);
	assert_int_equal(pool_in_use, 1);
	/* Only once. */
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_UNTRACKED);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.new_state, TCPSTATES_TIME_WAIT);
	assert_int_equal(row.known & TCPSTATES_KNOW_RTT, 0);
	record = go_minisock(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 1500);
	expect_duration(&record, 400);
	assert_int_equal(pool_in_use, 0);
}

/* The minisock ends first: the entry stays until the CLOSE, but is not seen. */
static void test_replaced_outlives_its_connection(void **state)
{
	struct tcps_step step = minisock_step(7, TCPSTATES_TIME_WAIT,
					      TCPSTATES_CLOSE);
	struct tcpstates_record row;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_TIME_WAIT, 1100);
	go_minisock(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 1500);
	assert_int_equal(pool_in_use, 1);
	assert_int_equal(copy_row(7, &row), 0);
	expect_stepped(&step, TCPS_STEP_UNTRACKED);
	/* An entry in CLOSE cannot be claimed. */
	tcps_life_mark_cause(7, tw, US, TCPSTATES_CAUSE_TW_RESET);
	assert_false(tcps_life_set_final_cause(7, tw, US, 0));
	assert_false(tcps_life_set_holder(7, tw, sk));
	learn(7, sk, TCPSTATES_FIN_WAIT2, 1600);
	assert_int_equal(pool_in_use, 1);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_REPLACED);
	assert_int_equal(pool_in_use, 0);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_ALONE);
}

/* Learning ends in between: the replaced socket must still be known. */
static void test_replaced_is_not_forgotten(void **state)
{
	(void)state;
	tcps_verify_learn_begin();
	learn(7, sk, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_FIN_WAIT2, 1100);
	tcps_verify_learn_confirm();
	tcps_verify_learn_end();
	assert_int_equal(pool_in_use, 1);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_REPLACED);
	go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_CLOSE, 1200);
	assert_int_equal(pool_in_use, 0);
}

/* A socket without an entry is replaced: rows must not read it. */
static void test_untracked_is_replaced(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_FIN_WAIT2,
					  TCPSTATES_TIME_WAIT);
	struct tcpstates_record record, row;

	(void)state;
	tcps_verify_learn_begin();
	step.next = tw;
	tcps_life_step_untracked(&step);
	record = take(&step);
	assert_int_equal(record.rtt_us, (u32)(uintptr_t)sk);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RTT, 0);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_UNTRACKED);
	record = go_minisock(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 1100);
	expect_duration(&record, 100);
}

/* A child takes its request's place. Rows read it from its first step on. */
static void test_child_takes_over(void **state)
{
	struct tcps_step step = sock_step(7, child, TCPSTATES_SYN_RECV,
					  TCPSTATES_ESTABLISHED);
	struct tcps_step end = request_step(7, req, TCPSTATES_SYN_RECV,
					    TCPSTATES_CLOSE);
	struct tcpstates_record record, row;

	(void)state;
	record = go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	assert_int_equal(record.retrans, (u32)(uintptr_t)req);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.retrans, (u32)(uintptr_t)req);
	assert_true(tcps_life_set_holder(7, req, child));
	/* The request is gone, and the child may be freed unseen. */
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & (TCPSTATES_KNOW_RTT |
				      TCPSTATES_KNOW_RETRANS), 0);
	expect_stepped(&end, TCPS_STEP_UNTRACKED);
	record = take_step(&step, 1100);
	expect_duration(&record, 100);
	assert_int_equal(record.rtt_us, (u32)(uintptr_t)child);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.rtt_us, (u32)(uintptr_t)child);
	assert_false(tcps_life_set_holder(7, req, child));
	/* A full socket that is not the holder any more is not read. */
	assert_true(tcps_life_set_holder(7, child, sk));
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RTT, 0);
	/* A change of the holder is not a cause of its end. */
	assert_int_equal(cause_of(7, sk, US), TCPSTATES_CAUSE_UNREAD);
}

/* The first step of a child is seen before it is known to have taken over. */
static void test_child_is_adopted(void **state)
{
	struct tcps_step step = sock_step(7, child, TCPSTATES_SYN_RECV,
					  TCPSTATES_ESTABLISHED);
	struct tcps_step late = request_step(7, req, TCPSTATES_SYN_RECV,
					     TCPSTATES_CLOSE);
	struct tcpstates_record record;

	(void)state;
	expect_stepped(&step, TCPS_STEP_UNTRACKED);
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	/* Not at a later step: the first was missed, or it is another connection. */
	step.old = TCPSTATES_ESTABLISHED;
	step.new = TCPSTATES_FIN_WAIT1;
	expect_stepped(&step, TCPS_STEP_UNTRACKED);
	step.old = TCPSTATES_SYN_RECV;
	/* Its CLOSE does not count: another child may be the holder. */
	step.new = TCPSTATES_CLOSE;
	assert_int_equal(tcps_step_close(&step, &plain_rules), TCPS_END_UNTRACKED);
	step.new = TCPSTATES_ESTABLISHED;
	record = take_step(&step, 1100);
	expect_duration(&record, 100);
	assert_true(tcps_life_is_in(7, child, TCPSTATES_ESTABLISHED));
	expect_stepped(&late, TCPS_STEP_UNTRACKED);
	/* Not twice, and not in another state. */
	step.holder = sk;
	step.kind = TCPS_KIND_SOCK;
	expect_stepped(&step, TCPS_STEP_UNTRACKED);
	step.old = TCPSTATES_ESTABLISHED;
	step.new = TCPSTATES_FIN_WAIT1;
	expect_stepped(&step, TCPS_STEP_UNTRACKED);
}

static bool request_replaced;

static bool is_replaced(const struct request_sock *request)
{
	must(request == req);
	return request_replaced;
}

/* Whether the CLOSE of a child ends the connection. */
static bool close_child(bool (*replaced)(const struct request_sock *request))
{
	struct tcps_step step = sock_step(7, child, TCPSTATES_SYN_RECV,
					  TCPSTATES_CLOSE);
	bool closed;

	now = 1500;
	closed = tcps_life_close_child(&step, &plain_rules, replaced);
	if (closed)
		assert_int_equal(stream_take().dur_ns, 500);
	assert_int_equal(stream_count(), 0);
	return closed;
}

/* MPTCP: a join drops the request, and its child lives. */
static void test_join(void **state)
{
	(void)state;
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	assert_false(tcps_life_join(7, req));
	tcps_life_note_child(7);
	assert_false(tcps_life_join(7, copy));
	assert_true(tcps_life_join(7, req));
	assert_false(tcps_life_join(7, req));
	/* From now on the entry is the child's, at whatever address that is. */
	assert_true(close_child(NULL));
	assert_int_equal(pool_in_use, 0);

	/* The request was dropped before a child took its place. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	tcps_life_note_child(7);
	assert_true(tcps_life_set_final_cause(7, req, US, TCPSTATES_CAUSE_OVERFLOW));
	assert_false(tcps_life_join(7, req));
	request_replaced = true;
	assert_false(close_child(is_replaced));
	assert_int_equal(end_of_request(7, req, US), TCPSTATES_CAUSE_OVERFLOW);
}

/* A child is refused, before or after it has taken its request's place. */
static void test_refused_join(void **state)
{
	(void)state;
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	request_replaced = true;
	assert_false(close_child(is_replaced));
	tcps_life_note_child(7);
	assert_false(close_child(NULL));
	request_replaced = false;
	assert_false(close_child(is_replaced));
	assert_int_equal(pool_in_use, 1);
	request_replaced = true;
	assert_true(close_child(is_replaced));
	assert_int_equal(pool_in_use, 0);
	assert_false(close_child(is_replaced));
}

static void test_moved_request(void **state)
{
	struct tcps_step step = request_step(7, copy, TCPSTATES_SYN_RECV,
					     TCPSTATES_CLOSE);
	struct tcpstates_record record, row;

	(void)state;
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	/* Not while the first request is the holder. */
	expect_stepped(&step, TCPS_STEP_UNTRACKED);
	tcps_life_migrate(7, copy);
	tcps_life_migrate(7, req);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RETRANS, 0);
	/* The end of a copy that was never used does not count. */
	expect_stepped(&step, TCPS_STEP_UNTRACKED);
	assert_true(tcps_life_set_final_cause(7, copy, US,
					      TCPSTATES_CAUSE_SYNACK_TIMEOUT));
	record = take_step(&step, 1100);
	expect_duration(&record, 100);
	assert_int_equal(pool_in_use, 0);

	/* Seen before its end: the copy is the holder from then on. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	tcps_life_migrate(7, req);
	tcps_life_mark_cause(7, copy, US, TCPSTATES_CAUSE_RST_RECEIVED);
	assert_true(tcps_life_is_in(7, copy, TCPSTATES_SYN_RECV));
	assert_false(tcps_life_set_holder(7, req, child));
	assert_int_equal(end_of_request(7, copy, US),
			 TCPSTATES_CAUSE_RST_RECEIVED);

	/* It was dropped for an unknown reason. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	tcps_life_migrate(7, req);
	assert_true(tcps_life_set_final_cause(7, copy, THEM, TCPSTATES_CAUSE_UNKNOWN));
	assert_int_equal(end_of_request(7, copy, THEM),
			 TCPSTATES_CAUSE_UNKNOWN);

	/* A mark of the first request does not hold for the copy. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	tcps_life_mark_cause(7, req, US, TCPSTATES_CAUSE_RST_RECEIVED);
	tcps_life_migrate(7, req);
	assert_true(tcps_life_set_final_cause(7, copy, US, TCPSTATES_CAUSE_UNKNOWN));
	assert_int_equal(end_of_request(7, copy, US),
			 TCPSTATES_CAUSE_UNKNOWN);

	/* Its child takes over. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	tcps_life_migrate(7, req);
	assert_true(tcps_life_set_holder(7, copy, child));
	assert_true(tcps_life_is_in(7, child, TCPSTATES_SYN_RECV));
}

/* A row reads the counters of the holder, unless that may be gone. */
static void test_row_reads_the_holder(void **state)
{
	struct tcps_step step = request_step(8, req, TCPSTATES_LISTEN,
					     TCPSTATES_SYN_RECV);
	struct tcpstates_record row;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.rtt_us, (u32)(uintptr_t)sk);
	replace(7, TCPSTATES_FIN_WAIT2, 1100);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RTT, 0);
	go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 1200);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RTT, 0);
	/* A request whose end cannot be seen. */
	step.kind = TCPS_KIND_OTHER;
	take_step(&step, 1000);
	assert_int_equal(copy_row(8, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RETRANS, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_replaced),
		TEST(test_replaced_outlives_its_connection),
		TEST(test_replaced_is_not_forgotten),
		TEST(test_untracked_is_replaced),
		TEST(test_child_takes_over),
		TEST(test_child_is_adopted),
		TEST(test_join),
		TEST(test_refused_join),
		TEST(test_moved_request),
		TEST(test_row_reads_the_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
