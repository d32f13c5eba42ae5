// SPDX-License-Identifier: GPL-2.0
/* What transitions do to entries, and the records of them. */
#include "life_fixture.h"

#include "verify.h"

static void test_duration(void **state)
{
	struct tcpstates_record record;

	(void)state;
	record = go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	expect_no_duration(&record);
	expect_addresses(&record, &sample);
	record = go_request(8, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1500);
	expect_no_duration(&record);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1579);
	expect_duration(&record, 579);
	expect_addresses(&record, &sample);
	record = go_request(8, TCPSTATES_SYN_RECV, TCPSTATES_CLOSE, 1600);
	expect_duration(&record, 100);
	/* Zero is a known duration. */
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1579);
	expect_duration(&record, 0);
	record = go(7, TCPSTATES_FIN_WAIT1, TCPSTATES_CLOSE, 1ULL << 62);
	expect_duration(&record, (1ULL << 62) - 1579);
	expect_addresses(&record, &sample);
	assert_int_equal(record.flags, 0);
}

/* After a missed transition the duration is unknown. */
static void test_unknown_after_a_gap(void **state)
{
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1500);
	expect_no_duration(&record);
	record = go(7, TCPSTATES_FIN_WAIT1, TCPSTATES_FIN_WAIT2, 2100);
	expect_duration(&record, 600);
	record = go(7, TCPSTATES_LAST_ACK, TCPSTATES_CLOSE, 2200);
	expect_no_duration(&record);
}

static void test_close_removes(void **state)
{
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_LISTEN, 1000);
	assert_int_equal(pool_in_use, 1);
	assert_true(tcps_life_is_tracked(7));
	go(7, TCPSTATES_LISTEN, TCPSTATES_CLOSE, 1100);
	assert_int_equal(pool_in_use, 0);
	assert_false(tcps_life_is_tracked(7));
	/* A CLOSE without an entry makes none. */
	expect_end(7, TCPSTATES_LISTEN, TCPS_END_ALONE);
	assert_int_equal(pool_in_use, 0);
	/* The next connection of the same socket begins anew. */
	record = go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1300);
	expect_no_duration(&record);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 1400);
	expect_duration(&record, 100);
}

/* A connection begins whose entry is still there: its end was missed. */
static void test_begins_anew(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_LISTEN,
					  TCPSTATES_SYN_RECV);
	struct tcpstates_ident later = make_owner(5, "sshd");
	struct tcpstates_record record;

	(void)state;
	connect_at(7, 1000);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	expect_handshake(&record, 100);
	later.lport = 81;
	step.ident = &later;
	step.cause = TCPSTATES_CAUSE_ACK;
	assert_true(tcps_life_begin(&step));
	record = take(&step);
	expect_no_duration(&record);
	expect_no_handshake(&record);
	expect_addresses(&record, &later);
	assert_int_equal(record.pid, 5);
	assert_int_equal(pool_in_use, 1);
	record = go(7, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1200);
	expect_duration(&record, 100);
	expect_no_handshake(&record);
}

/* An entry is found by holder and cookie, not by the cookie alone. */
static void test_others_do_nothing(void **state)
{
	struct tcps_step step = sock_step(7, child, TCPSTATES_ESTABLISHED,
					  TCPSTATES_FIN_WAIT1);
	struct tcpstates_ident owner = { .known = OWNED, .pid = 5 };
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	expect_stepped(&step, TCPS_STEP_UNTRACKED);
	step.cookie = 8;
	step.holder = sk;
	expect_stepped(&step, TCPS_STEP_UNTRACKED);
	step = sock_step(7, child, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE);
	assert_int_equal(tcps_step_close(&step, &plain_rules), TCPS_END_UNTRACKED);
	assert_false(replaces(&step));
	assert_false(tcps_life_set_holder(7, child, tw));
	tcps_life_set_owner(7, child, &owner);
	assert_int_equal(stream_count(), 0);
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1300);
	expect_duration(&record, 200);
	assert_int_equal(record.pid, 0);
}

static void test_known_and_is(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	assert_true(tcps_life_is_tracked(7));
	assert_false(tcps_life_is_tracked(8));
	assert_true(tcps_life_is_in(7, sk, TCPSTATES_SYN_SENT));
	assert_false(tcps_life_is_in(7, sk, TCPSTATES_LISTEN));
	assert_false(tcps_life_is_in(7, child, TCPSTATES_SYN_SENT));
	assert_false(tcps_life_is_in(8, sk, TCPSTATES_SYN_SENT));
}

/* Two CPUs may report steps of one minisock in the wrong order. */
static void test_must_match_old(void **state)
{
	struct tcps_step rearm = minisock_step(7, TCPSTATES_FIN_WAIT2,
					       TCPSTATES_TIME_WAIT);
	struct tcps_step end = minisock_step(7, TCPSTATES_TIME_WAIT,
					     TCPSTATES_CLOSE);
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_FIN_WAIT2, 1100);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_REPLACED);
	expect_stepped(&end, TCPS_STEP_OTHER_STATE);
	record = take_step(&rearm, 1200);
	expect_duration(&record, 200);
	expect_stepped(&rearm, TCPS_STEP_OTHER_STATE);
	record = take_step(&end, 1300);
	expect_duration(&record, 100);
	expect_stepped(&rearm, TCPS_STEP_UNTRACKED);
	assert_int_equal(pool_in_use, 0);
}

/* From the SYN to ESTABLISHED, on either side, and in all later records. */
static void test_handshake(void **state)
{
	struct tcpstates_record record;

	(void)state;
	connect_at(7, 1000);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_SYN_RECV, 1030);
	expect_no_handshake(&record);
	record = go(7, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1100);
	expect_handshake(&record, 100);
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 5000);
	expect_handshake(&record, 100);
	assert_int_equal(copy_row(7, &record), 1);
	expect_handshake(&record, 100);
	record = go(7, TCPSTATES_FIN_WAIT1, TCPSTATES_CLOSE, 6000);
	expect_handshake(&record, 100);

	/* The same socket again, without success. */
	connect_at(7, 7000);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 8000);
	expect_no_handshake(&record);

	begin_of_cause(8, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV,
		       TCPSTATES_CAUSE_SYN, 1000);
	record = go(8, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1079);
	expect_handshake(&record, 79);
	/* Zero is known, too. */
	connect_at(9, 1000);
	record = go(9, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1000);
	expect_handshake(&record, 0);
}

/* Without a SYN that was seen, the handshake is unknown. */
static void test_no_handshake_without_a_syn(void **state)
{
	struct tcpstates_record record;

	(void)state;
	begin_of_cause(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV,
		       TCPSTATES_CAUSE_ACK, 1000);
	record = go(7, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1079);
	expect_no_handshake(&record);
	begin_of_cause(9, TCPSTATES_CLOSE, TCPSTATES_LISTEN,
		       TCPSTATES_CAUSE_LISTEN, 1000);
	record = go(9, TCPSTATES_LISTEN, TCPSTATES_CLOSE, 1100);
	expect_no_handshake(&record);
}

/* A socket connected again: two complete entries with one cookie. */
static void two_lives(const struct tcpstates_ident *later)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_CLOSE,
					  TCPSTATES_SYN_SENT);
	struct tcpstates_record record;

	connect_at(7, 1000);
	go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT2, 1200);
	replace(7, TCPSTATES_TIME_WAIT, 1300);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_REPLACED);
	step.ident = later;
	step.cause = TCPSTATES_CAUSE_CONNECT;
	record = take_step(&step, 2000);
	expect_no_duration(&record);
	expect_no_handshake(&record);
	expect_addresses(&record, later);
	assert_int_equal(pool_in_use, 2);
}

static void end_of_the_first(void)
{
	struct tcpstates_record record =
		go_minisock(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 3000);

	expect_duration(&record, 1700);
	expect_handshake(&record, 100);
	expect_addresses(&record, &sample);
	assert_int_equal(pool_in_use, 1);
}

static void end_of_the_second(const struct tcpstates_ident *later)
{
	struct tcpstates_record record;

	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 4000);
	expect_duration(&record, 2000);
	expect_handshake(&record, 2000);
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE, 4100);
	expect_duration(&record, 100);
	expect_addresses(&record, later);
}

static void test_two_lives_of_a_socket(void **state)
{
	struct tcpstates_ident later = sample;

	(void)state;
	later.rport = 4321;
	two_lives(&later);
	end_of_the_first();
	end_of_the_second(&later);
	assert_int_equal(pool_in_use, 0);
	two_lives(&later);
	end_of_the_second(&later);
	assert_int_equal(pool_in_use, 1);
	go_minisock(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 5000);
	assert_int_equal(pool_in_use, 0);
}

/* Without memory for an entry, a connection is recorded without its owner. */
static void test_no_memory(void **state)
{
	struct tcps_step step = sock_step(8, sk, TCPSTATES_CLOSE,
					  TCPSTATES_SYN_SENT);
	struct tcpstates_ident owned = make_owner(5, "curl");
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	pool_most = 1;
	step.ident = &owned;
	step.cause = TCPSTATES_CAUSE_CONNECT;
	assert_false(tcps_life_begin(&step));
	record = take(&step);
	expect_addresses(&record, &sample);
	expect_no_duration(&record);
	assert_int_equal(record.known & OWNED, 0);
	assert_int_equal(record.cause, TCPSTATES_CAUSE_CONNECT);
	tcps_verify_learn_begin();
	learn(9, sk, TCPSTATES_ESTABLISHED, 1000);
	go_untracked(9, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1000);
	assert_false(tcps_life_is_tracked(8));
	assert_false(tcps_life_is_tracked(9));
	step = sock_step(8, sk, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED);
	expect_stepped(&step, TCPS_STEP_UNTRACKED);
	step.next = tw;
	assert_false(replaces(&step));
	expect_end(8, TCPSTATES_ESTABLISHED, TCPS_END_ALONE);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 1100);
	expect_duration(&record, 100);
	assert_int_equal(pool_in_use, 0);
}

/* All kinds of records, each written over bytes of @old. */
static unsigned int record_life(struct tcpstates_record *records, u8 old)
{
	struct tcps_step step = sock_step(8, sk, TCPSTATES_LAST_ACK,
					  TCPSTATES_CLOSE);
	unsigned int count = 0;

	stream_old_byte = old;
	records[count++] = begin_owned(7, TCPSTATES_SYN_SENT, 5, "curl");
	records[count++] = go(7, TCPSTATES_SYN_SENT, TCPSTATES_FIN_WAIT2, 1100);
	replace(7, TCPSTATES_FIN_WAIT2, 1200);
	records[count++] = go_minisock(7, TCPSTATES_FIN_WAIT2,
				       TCPSTATES_TIME_WAIT, 1300);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_REPLACED);
	records[count++] = go_minisock(7, TCPSTATES_TIME_WAIT,
				       TCPSTATES_CLOSE, 1400);
	records[count++] = go_request(9, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV,
				      1500);
	records[count++] = go_request(9, TCPSTATES_SYN_RECV, TCPSTATES_CLOSE,
				      1600);
	tcps_life_step_untracked(&step);
	records[count++] = take(&step);
	now = 1000;
	return count;
}

/* No byte of the record that was overwritten remains. */
static void test_records_are_written_whole(void **state)
{
	struct tcpstates_record ones[8], zeros[8];
	unsigned int count, i;

	(void)state;
	count = record_life(ones, 0xff);
	assert_int_equal(record_life(zeros, 0), count);
	for (i = 0; i < count; i++) {
		ones[i].seq = 0;
		zeros[i].seq = 0;
		assert_memory_equal(&ones[i], &zeros[i], sizeof(ones[i]));
	}
}

/* So many that chains have several entries. */
static void test_many(void **state)
{
	struct tcpstates_record record;
	u64 i;

	(void)state;
	for (i = 1; i <= 5000; i++)
		go(i, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000 + i);
	assert_int_equal(pool_in_use, 5000);
	for (i = 5000; i; i -= 2) {
		record = go(i, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 9000);
		expect_duration(&record, 8000 - i);
	}
	for (i = 1; i <= 5000; i += 2) {
		record = go(i, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 9000);
		expect_duration(&record, 8000 - i);
	}
	assert_int_equal(pool_in_use, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_duration),
		TEST(test_unknown_after_a_gap),
		TEST(test_close_removes),
		TEST(test_begins_anew),
		TEST(test_others_do_nothing),
		TEST(test_known_and_is),
		TEST(test_must_match_old),
		TEST(test_handshake),
		TEST(test_no_handshake_without_a_syn),
		TEST(test_two_lives_of_a_socket),
		TEST(test_no_memory),
		TEST(test_records_are_written_whole),
		TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
