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
	expect_tuple(&record, &tuple);
	record = go_request(8, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1500);
	expect_no_duration(&record);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1579);
	expect_duration(&record, 579);
	expect_tuple(&record, &tuple);
	record = go_request(8, TCPSTATES_SYN_RECV, TCPSTATES_CLOSE, 1600);
	expect_duration(&record, 100);
	/* Zero is a duration where it is known. */
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1579);
	expect_duration(&record, 0);
	record = go(7, TCPSTATES_FIN_WAIT1, TCPSTATES_CLOSE, 1ULL << 62);
	expect_duration(&record, (1ULL << 62) - 1579);
	expect_tuple(&record, &tuple);
	assert_int_equal(record.flags, 0);
}

/* A transition was missed: how long it was in its state, nobody knows. */
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
	assert_true(tcps_life_known(7));
	go(7, TCPSTATES_LISTEN, TCPSTATES_CLOSE, 1100);
	assert_int_equal(pool_in_use, 0);
	assert_false(tcps_life_known(7));
	/* An end of nothing makes nothing. */
	expect_end(7, TCPSTATES_LISTEN, TCPS_END_ALONE);
	assert_int_equal(pool_in_use, 0);
	/* The next life of the same socket is not that long. */
	record = go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1300);
	expect_no_duration(&record);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 1400);
	expect_duration(&record, 100);
}

/* A beginning of what began already: its end was missed. */
static void test_begins_anew(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_LISTEN,
					  TCPSTATES_SYN_RECV);
	struct tcps_owner owner = { .known = OWNED, .pid = 5 };
	struct tcps_tuple later = tuple;
	struct tcpstates_record record;

	(void)state;
	connect_at(7, 1000);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	expect_handshake(&record, 100);
	later.lport = 81;
	step.tuple = &later;
	step.cause = TCPSTATES_CAUSE_ACK;
	assert_true(tcps_life_begin(&step, &owner));
	record = take(&step);
	expect_no_duration(&record);
	expect_no_handshake(&record);
	expect_tuple(&record, &later);
	assert_int_equal(record.pid, 5);
	assert_int_equal(pool_in_use, 1);
	record = go(7, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1200);
	expect_duration(&record, 100);
	expect_no_handshake(&record);
}

/* The structure counts, not the cookie alone. */
static void test_others_do_nothing(void **state)
{
	struct tcps_step step = sock_step(7, child, TCPSTATES_ESTABLISHED,
					  TCPSTATES_FIN_WAIT1);
	struct tcps_owner owner = { .known = OWNED, .pid = 5 };
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	expect_stepped(&step, TCPS_STEP_STRANGE);
	step.cookie = 8;
	step.holder = sk;
	expect_stepped(&step, TCPS_STEP_STRANGE);
	step = sock_step(7, child, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE);
	assert_int_equal(tcps_life_close(&step), TCPS_END_STRANGE);
	assert_false(replaces(&step));
	assert_false(tcps_life_pass(7, child, tw));
	tcps_life_accepted(7, child, &owner);
	assert_int_equal(stream_count(), 0);
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1300);
	expect_duration(&record, 200);
	assert_int_equal(record.pid, 0);
}

static void test_known_and_is(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	assert_true(tcps_life_known(7));
	assert_false(tcps_life_known(8));
	assert_true(tcps_life_is(7, sk, TCPSTATES_SYN_SENT));
	assert_false(tcps_life_is(7, sk, TCPSTATES_LISTEN));
	assert_false(tcps_life_is(7, child, TCPSTATES_SYN_SENT));
	assert_false(tcps_life_is(8, sk, TCPSTATES_SYN_SENT));
}

/* A minisock may be overtaken by another call about itself. */
static void test_strict(void **state)
{
	struct tcps_step rearm = minisock_step(7, TCPSTATES_FIN_WAIT2,
					       TCPSTATES_TIME_WAIT);
	struct tcps_step end = minisock_step(7, TCPSTATES_TIME_WAIT,
					     TCPSTATES_CLOSE);
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_FIN_WAIT2, 1100);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_GHOST);
	expect_stepped(&end, TCPS_STEP_ELSEWHERE);
	record = take_step(&rearm, 1200);
	expect_duration(&record, 200);
	expect_stepped(&rearm, TCPS_STEP_ELSEWHERE);
	record = take_step(&end, 1300);
	expect_duration(&record, 100);
	expect_stepped(&rearm, TCPS_STEP_STRANGE);
	assert_int_equal(pool_in_use, 0);
}

/* From the SYN to ESTABLISHED, on either side, and told ever after. */
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

	/* The same socket once more; it did not get that far. */
	connect_at(7, 7000);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 8000);
	expect_no_handshake(&record);

	begin_of_cause(8, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV,
		       TCPSTATES_CAUSE_SYN, 1000);
	record = go(8, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1079);
	expect_handshake(&record, 79);
	/* Within the same nanosecond is known too. */
	connect_at(9, 1000);
	record = go(9, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1000);
	expect_handshake(&record, 0);
}

/* Whose SYN nobody saw: nobody knows. */
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

/* A socket connected again: two entries with one cookie, both with all. */
static void two_lives(const struct tcps_tuple *later)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_CLOSE,
					  TCPSTATES_SYN_SENT);
	struct tcpstates_record record;

	connect_at(7, 1000);
	go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT2, 1200);
	replace(7, TCPSTATES_TIME_WAIT, 1300);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_GHOST);
	step.tuple = later;
	step.cause = TCPSTATES_CAUSE_CONNECT;
	record = take_step(&step, 2000);
	expect_no_duration(&record);
	expect_no_handshake(&record);
	expect_tuple(&record, later);
	assert_int_equal(pool_in_use, 2);
}

static void end_of_the_first(void)
{
	struct tcpstates_record record =
		go_minisock(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 3000);

	expect_duration(&record, 1700);
	expect_handshake(&record, 100);
	expect_tuple(&record, &tuple);
	assert_int_equal(pool_in_use, 1);
}

static void end_of_the_second(const struct tcps_tuple *later)
{
	struct tcpstates_record record;

	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 4000);
	expect_duration(&record, 2000);
	expect_handshake(&record, 2000);
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE, 4100);
	expect_duration(&record, 100);
	expect_tuple(&record, later);
}

static void test_two_lives_of_a_socket(void **state)
{
	struct tcps_tuple later = tuple;

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

/* What finds no memory is recorded all the same, and the rest as ever. */
static void test_no_memory(void **state)
{
	struct tcps_step step = sock_step(8, sk, TCPSTATES_CLOSE,
					  TCPSTATES_SYN_SENT);
	struct tcps_owner owner = make_owner(5, "curl");
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	pool_most = 1;
	step.cause = TCPSTATES_CAUSE_CONNECT;
	assert_false(tcps_life_begin(&step, &owner));
	record = take(&step);
	expect_tuple(&record, &tuple);
	expect_no_duration(&record);
	assert_int_equal(record.known & OWNED, 0);
	assert_int_equal(record.cause, TCPSTATES_CAUSE_CONNECT);
	tcps_verify_learn_begin();
	learn(9, sk, TCPSTATES_ESTABLISHED, 1000);
	go_untracked(9, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1000);
	assert_false(tcps_life_known(8));
	assert_false(tcps_life_known(9));
	step = sock_step(8, sk, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED);
	expect_stepped(&step, TCPS_STEP_STRANGE);
	step.next = tw;
	assert_false(replaces(&step));
	expect_end(8, TCPSTATES_ESTABLISHED, TCPS_END_ALONE);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 1100);
	expect_duration(&record, 100);
	assert_int_equal(pool_in_use, 0);
}

/* The record of a life's every turn, over @old in each byte before. */
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
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_GHOST);
	records[count++] = go_minisock(7, TCPSTATES_TIME_WAIT,
				       TCPSTATES_CLOSE, 1400);
	records[count++] = go_request(9, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV,
				      1500);
	records[count++] = go_request(9, TCPSTATES_SYN_RECV, TCPSTATES_CLOSE,
				      1600);
	tcps_life_strange(&step);
	records[count++] = take(&step);
	now = 1000;
	return count;
}

/* Nothing shows through of the record that was in the place before. */
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

/* Many at once, so that chains have several: each is its own. */
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
		TEST(test_strict),
		TEST(test_handshake),
		TEST(test_no_handshake_without_a_syn),
		TEST(test_two_lives_of_a_socket),
		TEST(test_no_memory),
		TEST(test_records_are_written_whole),
		TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
