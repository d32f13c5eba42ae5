// SPDX-License-Identifier: GPL-2.0
/* Causes that entries are marked with before a transition. */
#include "life_fixture.h"

static u8 cause_after_mark(const void *marked, unsigned long marked_by,
			   unsigned long by)
{
	go(7, TCPSTATES_CLOSE, TCPSTATES_ESTABLISHED, 1000);
	tcps_life_mark_cause(7, marked, marked_by, TCPSTATES_CAUSE_ABORT);
	return cause_of(7, sk, by);
}

/* A mark holds for one structure and one path through the kernel. */
static void test_mark_holds_for_its_transition(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_ESTABLISHED,
					  TCPSTATES_CLOSE);

	(void)state;
	assert_int_equal(cause_after_mark(sk, US, US), TCPSTATES_CAUSE_ABORT);
	assert_int_equal(cause_after_mark(child, US, US),
			 TCPSTATES_CAUSE_UNREAD);
	assert_int_equal(cause_after_mark(sk, THEM, US),
			 TCPSTATES_CAUSE_UNREAD);
	/* These rules use no marks. */
	go(7, TCPSTATES_CLOSE, TCPSTATES_ESTABLISHED, 1000);
	tcps_life_mark_cause(7, sk, US, TCPSTATES_CAUSE_ABORT);
	step.cause = TCPSTATES_CAUSE_FIN;
	assert_int_equal(take_step(&step, 1000).cause, TCPSTATES_CAUSE_FIN);
	/* Without an entry there is nothing to mark, and none is made. */
	tcps_life_mark_cause(8, sk, US, TCPSTATES_CAUSE_ABORT);
	assert_int_equal(pool_in_use, 0);
}

static void test_mark_ends_with_a_transition(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_life_mark_cause(7, sk, US, TCPSTATES_CAUSE_SHUTDOWN);
	go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	assert_int_equal(cause_of(7, sk, US), TCPSTATES_CAUSE_UNREAD);
}

static void test_later_mark_counts(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_life_mark_cause(7, sk, US, TCPSTATES_CAUSE_KILLED);
	tcps_life_mark_cause(7, sk, US, TCPSTATES_CAUSE_DISCONNECT);
	assert_int_equal(cause_of(7, sk, US), TCPSTATES_CAUSE_DISCONNECT);
}

/* A mark holds for one of two entries with the same cookie. */
static void test_mark_of_one_of_two(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_TIME_WAIT, 1100);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_REPLACED);
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1200);
	tcps_life_mark_cause(7, tw, US, TCPSTATES_CAUSE_TW_REUSED);
	assert_int_equal(cause_of(7, sk, US), TCPSTATES_CAUSE_UNREAD);
}

/* The cause of a request's end, dropped in one context and freed in another. */
static u8 cause_after_final(const void *marked, unsigned long marked_by,
			    u8 mark, u8 settled)
{
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	if (marked)
		tcps_life_mark_cause(7, marked, marked_by, mark);
	assert_true(tcps_life_set_final_cause(7, req, US, settled));
	return end_of_request(7, req, THEM);
}

static void test_final_cause(void **state)
{
	const u8 rst = TCPSTATES_CAUSE_RST_RECEIVED;
	const u8 late = TCPSTATES_CAUSE_SYNACK_TIMEOUT;
	const u8 killed = TCPSTATES_CAUSE_KILLED;

	(void)state;
	assert_int_equal(cause_after_final(NULL, 0, 0, late), late);
	/* An earlier mark of the same context holds if the drop has no cause of its own. */
	assert_int_equal(cause_after_final(req, US, rst, 0), rst);
	assert_int_equal(cause_after_final(req, US, rst, late), late);
	assert_int_equal(cause_after_final(req, US, killed, late), killed);
	/* A mark of another context does not. */
	assert_int_equal(cause_after_final(req, THEM, rst, 0), 0);
	assert_int_equal(cause_after_final(req, THEM, killed, late), late);
	assert_int_equal(cause_after_final(copy, US, rst, 0), 0);
	/* Without any mark the cause is unknown. */
	assert_int_equal(cause_after_final(NULL, 0, 0, 0), 0);
	assert_false(tcps_life_set_final_cause(8, req, US, late));
	assert_int_equal(pool_in_use, 0);
	/* It was not dropped at all. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	assert_int_equal(end_of_request(7, req, THEM),
			 TCPSTATES_CAUSE_DUPLICATE);
}

/* A transition has used the mark. */
static void test_final_cause_after_a_transition(void **state)
{
	const u8 rst = TCPSTATES_CAUSE_RST_RECEIVED;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_life_mark_cause(7, sk, US, rst);
	go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	assert_true(tcps_life_set_final_cause(7, sk, US, 0));
	assert_int_equal(cause_of(7, sk, US), TCPSTATES_CAUSE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mark_holds_for_its_transition),
		TEST(test_mark_ends_with_a_transition),
		TEST(test_later_mark_counts),
		TEST(test_mark_of_one_of_two),
		TEST(test_final_cause),
		TEST(test_final_cause_after_a_transition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
