// SPDX-License-Identifier: GPL-2.0
/* Owners and flags of connections. */
#include "life_fixture.h"

static void test_owner_is_carried_along(void **state)
{
	struct tcps_step step;
	struct tcpstates_record record;

	(void)state;
	record = begin_owned(7, TCPSTATES_SYN_SENT, 812, "curl");
	expect_owner(&record, 812, "curl");
	expect_inode(&record, 2812);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	expect_owner(&record, 812, "curl");
	expect_inode(&record, 2812);
	assert_int_equal(record.flags, 0);
	step = sock_step(7, sk, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT2);
	step.flags = TCPSTATES_FLAG_ORPHAN;
	record = take_step(&step, 1200);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ORPHAN);
	/* The flag orphan is kept: a minisock does not have it. */
	replace(7, TCPSTATES_FIN_WAIT2, 1300);
	record = go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 1400);
	expect_owner(&record, 812, "curl");
	expect_inode(&record, 2812);
	expect_addresses(&record, &sample);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ORPHAN);
	record = go(8, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1500);
	assert_int_equal(record.known & OWNED, 0);
	assert_int_equal(record.flags, 0);
}

/* A child is in its listener's cgroup, and has no file before accept(). */
static void test_inherits_and_is_accepted(void **state)
{
	struct tcps_step step = request_step(2, req, TCPSTATES_LISTEN,
					     TCPSTATES_SYN_RECV);
	struct tcpstates_ident inherited = sample;
	struct tcpstates_ident worker = make_owner(501, "worker");
	struct tcpstates_record record;

	(void)state;
	begin_owned(1, TCPSTATES_LISTEN, 500, "nginx");
	tcps_life_inherit_owner(1, sk, &inherited);
	step.ident = &inherited;
	step.flags = TCPSTATES_FLAG_UNACCEPTED;
	assert_true(tcps_life_begin(&step));
	record = take(&step);
	expect_owner(&record, 500, "nginx");
	expect_inode(&record, 0);
	assert_int_equal(record.flags, TCPSTATES_FLAG_UNACCEPTED);

	assert_true(tcps_life_set_holder(2, req, child));
	step = sock_step(2, child, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED);
	record = take_step(&step, 1100);
	expect_owner(&record, 500, "nginx");
	expect_inode(&record, 0);
	assert_int_equal(record.flags, TCPSTATES_FLAG_UNACCEPTED);

	tcps_life_set_owner(2, child, &worker);
	step = sock_step(2, child, TCPSTATES_ESTABLISHED,
			 TCPSTATES_CLOSE_WAIT);
	record = take_step(&step, 1200);
	expect_owner(&record, 501, "worker");
	expect_inode(&record, 2501);
	assert_int_equal(record.flags, 0);
	expect_duration(&record, 100);

	/* The listener's owner is as before; a connection without an entry gets none. */
	tcps_life_set_owner(99, sk, &worker);
	assert_int_equal(pool_in_use, 2);
	record = go(1, TCPSTATES_LISTEN, TCPSTATES_CLOSE, 1300);
	expect_owner(&record, 500, "nginx");
	expect_inode(&record, 2500);
}

/* A listener without an entry has no owner to inherit. */
static void test_unknown_listener(void **state)
{
	struct tcpstates_ident inherited = sample;

	(void)state;
	begin_owned(1, TCPSTATES_LISTEN, 500, "nginx");
	tcps_life_inherit_owner(1, child, &inherited);
	tcps_life_inherit_owner(2, sk, &inherited);
	assert_memory_equal(&inherited, &sample, sizeof(sample));
}

/* Flags of the beginning stay until the end, and do not pass to the next entry. */
static void test_flags_last(void **state)
{
	const u32 flags = TCPSTATES_FLAG_SYNCOOKIE | TCPSTATES_FLAG_TFO;
	struct tcps_step step = sock_step(7, sk, TCPSTATES_LISTEN,
					  TCPSTATES_SYN_RECV);
	struct tcpstates_ident mapped = sample;
	struct tcpstates_record record, row;

	(void)state;
	mapped.flags = TCPSTATES_FLAG_V4MAPPED;
	step.ident = &mapped;
	step.flags = flags;
	record = take_step(&step, 1000);
	assert_int_equal(record.flags, flags | mapped.flags);
	step = sock_step(7, sk, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED);
	step.flags = TCPSTATES_FLAG_MPTCP;
	record = take_step(&step, 1100);
	assert_int_equal(record.flags,
			 flags | mapped.flags | TCPSTATES_FLAG_MPTCP);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.flags, record.flags);
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE, 1200);
	assert_int_equal(record.flags,
			 flags | mapped.flags | TCPSTATES_FLAG_MPTCP);
	record = go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1300);
	assert_int_equal(record.flags, 0);
}

/* Flags that the socket has when a minisock replaces it are kept. */
static void test_flags_of_the_replaced(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_FIN_WAIT2,
					  TCPSTATES_FIN_WAIT2);
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	step.next = tw;
	step.flags = TCPSTATES_FLAG_ORPHAN;
	assert_true(replaces(&step));
	record = go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 1100);
	expect_duration(&record, 100);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ORPHAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_owner_is_carried_along),
		TEST(test_inherits_and_is_accepted),
		TEST(test_unknown_listener),
		TEST(test_flags_last),
		TEST(test_flags_of_the_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
