// SPDX-License-Identifier: GPL-2.0
/* Audits and learning: the table compared with the sockets of the kernel. */
#include "life_fixture.h"

#include "verify.h"

static bool netns_alive;

static bool is_alive(u32 netns)
{
	must(netns == sample.netns);
	return netns_alive;
}

static int setup(void **state)
{
	netns_alive = true;
	return life_setup(state);
}

static void begin(u64 cookie, const void *holder, u8 kind, u8 old, u8 new)
{
	const struct tcps_step step = {
		.cookie = cookie,
		.holder = holder,
		.next = holder,
		.kind = kind,
		.ident = &sample,
		.old = old,
		.new = new,
	};

	tcps_life_begin(&step);
	stream_take();
}

/* A walk finds a socket in ESTABLISHED; false if there is no memory for it. */
static bool learn_socket(u64 cookie, const struct sock *sock)
{
	const struct tcps_step step = {
		.cookie = cookie,
		.holder = sock,
		.kind = TCPS_KIND_SOCK,
		.ident = &sample,
		.new = TCPSTATES_ESTABLISHED,
	};

	return tcps_verify_learn(&step);
}

static void audit(void)
{
	unsigned long chain;

	for (chain = 0; chain < tcps_conn_chains(); chain++)
		tcps_verify_audit(chain, is_alive);
}

static struct tcpstates_account account(void)
{
	struct tcpstates_account result = { };

	tcps_conn_account(&result);
	return result;
}

/* An entry is dropped if two audits in a row have not found its socket. */
static void test_vanished(void **state)
{
	u64 vanished = account().vanished;
	struct tcpstates_record record;

	(void)state;
	begin(7, sk, TCPS_KIND_SOCK, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	begin(8, child, TCPS_KIND_SOCK, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	audit();
	tcps_verify_found(8, child);
	audit();
	tcps_verify_found(8, child);
	assert_int_equal(pool_in_use, 2);
	assert_int_equal(stream_count(), 0);
	now = 5000;
	audit();
	record = stream_take();
	assert_int_equal(record.conn, 7);
	assert_int_equal(record.old_state, TCPSTATES_SYN_SENT);
	assert_int_equal(record.new_state, TCPSTATES_CLOSE);
	assert_int_equal(record.cause, TCPSTATES_CAUSE_UNSEEN);
	assert_int_equal(record.boot_ns, 5000);
	/* The time of its end is unknown, and its socket must not be read. */
	assert_int_equal(record.dur_ns, 0);
	assert_int_equal(record.known & (TCPSTATES_KNOW_DURATION |
					 TCPSTATES_KNOW_RTT), 0);
	assert_int_equal(pool_in_use, 1);
	assert_int_equal(account().vanished, vanished + 1);
}

/* A transition, or another holder, resets the count of audits. */
static void test_change_is_as_good_as_a_meeting(void **state)
{
	const struct tcps_step step = {
		.cookie = 7,
		.holder = sk,
		.next = sk,
		.kind = TCPS_KIND_SOCK,
		.old = TCPSTATES_SYN_SENT,
		.new = TCPSTATES_ESTABLISHED,
	};

	(void)state;
	begin(7, sk, TCPS_KIND_SOCK, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	audit();
	audit();
	assert_int_equal(tcps_life_step(&step, &plain_rules), TCPS_STEP_DONE);
	stream_take();
	audit();
	audit();
	assert_true(tcps_life_replace(7, sk, tw, 0));
	audit();
	audit();
	assert_int_equal(stream_count(), 0);
	assert_int_equal(pool_in_use, 1);
	audit();
	stream_take();
	assert_int_equal(pool_in_use, 0);
}

/* Sockets of a namespace that is being removed are not found, though they live. */
static void test_namespace_that_goes(void **state)
{
	unsigned int i;

	(void)state;
	begin(7, sk, TCPS_KIND_SOCK, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	netns_alive = false;
	for (i = 1; i < TCPS_NOT_FOUND_MOST_GONE; i++)
		audit();
	assert_int_equal(stream_count(), 0);
	audit();
	assert_int_equal(stream_take().cause, TCPSTATES_CAUSE_UNSEEN);
	assert_int_equal(pool_in_use, 0);
}

/* The copy of a request and a child that joins are found by their cookie alone. */
static void test_unknown_holder_is_met(void **state)
{
	unsigned int i;

	(void)state;
	begin(7, req, TCPS_KIND_REQUEST, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV);
	tcps_life_migrate(7, req);
	for (i = 0; i < 9; i++) {
		audit();
		tcps_verify_found(7, child);
	}
	assert_int_equal(pool_in_use, 1);
	/* That does not make it the holder. */
	assert_false(tcps_life_is_in(7, child, TCPSTATES_SYN_RECV));
	audit();
	audit();
	audit();
	assert_int_equal(stream_take().cause, TCPSTATES_CAUSE_UNSEEN);
	assert_int_equal(pool_in_use, 0);
}

/* An entry that waits for the CLOSE of a replaced socket is dropped silently. */
static void test_pending_close(void **state)
{
	const struct tcps_step end = {
		.cookie = 7,
		.holder = tw,
		.kind = TCPS_KIND_TIMEWAIT,
		.ident = &sample,
		.old = TCPSTATES_SYN_SENT,
		.new = TCPSTATES_CLOSE,
	};
	unsigned int i;

	(void)state;
	begin(7, sk, TCPS_KIND_SOCK, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	assert_true(tcps_life_replace(7, sk, tw, 0));
	assert_int_equal(tcps_life_step(&end, &plain_rules), TCPS_STEP_DONE);
	stream_take();
	assert_int_equal(pool_in_use, 1);
	for (i = 0; i < TCPS_NOT_FOUND_MOST; i++)
		audit();
	assert_int_equal(stream_count(), 0);
	assert_int_equal(pool_in_use, 0);
}

/* Started equals done, ended and alive, in all ways that they can end. */
static void test_books_balance(void **state)
{
	struct tcpstates_account before = account(), after;
	unsigned int i;

	(void)state;
	/* Becomes a child; is dropped; is moved and dropped; vanishes. */
	for (i = 1; i <= 4; i++)
		begin(i, req, TCPS_KIND_REQUEST, TCPSTATES_LISTEN,
		      TCPSTATES_SYN_RECV);
	after = account();
	assert_int_equal(after.requests_started - before.requests_started, 4);
	assert_int_equal(after.entries - before.entries, 4);
	assert_true(tcps_life_set_holder(1, req, child));
	tcps_life_migrate(3, req);
	for (i = 2; i <= 3; i++) {
		const struct tcps_step end = {
			.cookie = i,
			.holder = req,
			.kind = TCPS_KIND_REQUEST,
			.old = TCPSTATES_SYN_RECV,
			.new = TCPSTATES_CLOSE,
		};

		assert_true(tcps_life_set_final_cause(i, req, 1, 0));
		assert_int_equal(tcps_life_step(&end, &plain_rules), TCPS_STEP_DONE);
		stream_take();
	}
	for (i = 0; i < TCPS_NOT_FOUND_MOST; i++) {
		audit();
		tcps_verify_found(1, child);
	}
	stream_take();
	after = account();
	assert_int_equal(after.requests_done - before.requests_done, 1);
	assert_int_equal(after.requests_ended - before.requests_ended, 3);
	/* A minisock that ends, and one that vanishes. */
	assert_true(tcps_life_replace(1, child, tw, 0));
	after = account();
	assert_int_equal(after.minisocks_started - before.minisocks_started, 1);
	for (i = 0; i < TCPS_NOT_FOUND_MOST; i++)
		audit();
	stream_take();
	after = account();
	assert_int_equal(after.minisocks_ended - before.minisocks_ended, 1);
	assert_int_equal(after.entries, before.entries);
	assert_int_equal(after.entries_started - before.entries_started, 4);
}

/* Connections without an entry are not counted. */
static void test_untracked_are_not_counted(void **state)
{
	struct tcpstates_account before = account(), after;
	struct tcps_step step = {
		.cookie = 7,
		.holder = sk,
		.next = tw,
		.kind = TCPS_KIND_SOCK,
		.ident = &sample,
		.old = TCPSTATES_FIN_WAIT1,
		.new = TCPSTATES_FIN_WAIT2,
	};

	(void)state;
	tcps_life_step_untracked(&step);
	stream_take();
	step.holder = tw;
	step.next = NULL;
	step.kind = TCPS_KIND_TIMEWAIT;
	step.new = TCPSTATES_CLOSE;
	tcps_life_step_untracked(&step);
	stream_take();
	after = account();
	assert_memory_equal(&before, &after, sizeof(before));
}

/* Learning adds missing entries, and reports a lack of memory. */
static void test_learning_again(void **state)
{
	(void)state;
	tcps_verify_learn_begin();
	assert_true(tcps_conn_learning());
	assert_true(learn_socket(7, sk));
	pool_most = pool_in_use;
	assert_false(learn_socket(8, child));
	/* What has an entry needs no memory. */
	assert_true(learn_socket(7, sk));
	tcps_verify_learn_confirm();
	assert_true(learn_socket(7, sk));
	assert_true(learn_socket(8, child));
	tcps_verify_learn_end();
	assert_false(tcps_conn_learning());
	assert_int_equal(pool_in_use, 1);
	assert_true(tcps_life_is_in(7, sk, TCPSTATES_ESTABLISHED));
}

#define VERIFY_TEST(name) \
	cmocka_unit_test_setup_teardown(name, setup, life_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		VERIFY_TEST(test_vanished),
		VERIFY_TEST(test_change_is_as_good_as_a_meeting),
		VERIFY_TEST(test_namespace_that_goes),
		VERIFY_TEST(test_unknown_holder_is_met),
		VERIFY_TEST(test_pending_close),
		VERIFY_TEST(test_books_balance),
		VERIFY_TEST(test_untracked_are_not_counted),
		VERIFY_TEST(test_learning_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
