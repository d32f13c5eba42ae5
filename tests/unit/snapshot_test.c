// SPDX-License-Identifier: GPL-2.0
/* The rows of a snapshot, and the live records that follow. */
#include "snapshot_fixture.h"

static void play(unsigned int live)
{
	struct tcpstates_record record;
	u64 moment;

	begin_snapshot();
	moment = reader->snapshot->moment_ns;
	shim_resched = take_steps;
	while (live) {
		take_steps();
		if (tcps_reader_next(reader, &record)) {
			check_quiet_row(&record, moment);
			see(&record, moment);
			live -= record.event == TCPSTATES_EVENT_TRANSITION;
		}
	}
	shim_resched = NULL;
	while (tcps_reader_next(reader, &record))
		see(&record, moment);
	compare(moment);
	must(!user->bytes);
}

/*
 * Few or many transitions happen between two steps of the walk. Some connections
 * existed before the module was loaded.
 */
static void play_back(void)
{
	unsigned int round, i;

	srand(1);
	memset(places, 0, sizeof(places));
	for (i = 0; i < PLACES / 2; i++)
		learn(&places[i], i % 2 ? TCPSTATES_ESTABLISHED :
					  TCPSTATES_TIME_WAIT);
	for (round = 0; round < 60; round++) {
		steps_in_1024 = 1U << round % 10;
		play(100);
	}
	/* Otherwise the test has not covered its case. */
	assert_true(late_rows > 100);
}

static void test_play_back(void **state)
{
	(void)state;
	play_back();
}

/* The moment, transitions and the walk get the same readings of the clock. */
static void test_equal_readings(void **state)
{
	(void)state;
	grain = 2;
	play_back();
	late_rows = 0;
	grain = 50;
	play_back();
	late_rows = 0;
	grain = 3000;
	play_back();
}

static void test_nothing_there(void **state)
{
	struct tcpstates_record record;

	(void)state;
	begin_snapshot();
	assert_false(tcps_reader_next(reader, &record));
	assert_false(tcps_reader_next(reader, &record));
}

/* Unread records and losses are older than the snapshot: they are skipped. */
static void test_passes_over_the_past(void **state)
{
	u64 place = 0, moment;
	struct tcpstates_record record;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3 * SLOTS; i++)
		step(0, &place, 1);
	begin_snapshot();
	moment = reader->snapshot->moment_ns;
	while (tcps_reader_next(reader, &record))
		see(&record, moment);
	compare(moment);
	step(1, &place, 1);
	assert_true(tcps_reader_next(reader, &record));
	see(&record, moment);
	compare(moment);
}

/* Its minisock has ended, and its socket has not come to CLOSE yet. */
static void test_no_row_of_what_is_over(void **state)
{
	struct tcpstates_record row;
	u64 place = 0;

	(void)state;
	while (!place || !is_replaced_slow(place)) {
		place = 0;
		step(0, &place, 1);
	}
	sock_acts(place, TCPSTATES_SYN_SENT, TCPSTATES_FIN_WAIT2);
	sock_is_replaced(place, TCPSTATES_FIN_WAIT2);
	minisock_ends(place, false);
	lives[place].state = TCPSTATES_CLOSE;
	begin_snapshot();
	while (tcps_reader_next(reader, &row))
		must(row.conn != place);
	end_replaced(place);
}

static bool is_alive(u32 netns)
{
	must(netns == ident.netns);
	return true;
}

static void audit_chain(unsigned long chain)
{
	unsigned int i;

	for (i = 0; i < TCPS_NOT_FOUND_MOST; i++)
		tcps_verify_audit(chain, is_alive);
}

/*
 * Audits drop an entry that no socket belongs to, before the walk gets there and
 * after it: the first was no connection at the moment of the snapshot any more, the
 * row of the second has been given.
 */
static void test_unseen_end(void **state)
{
	u64 before = 0, after = 0, earlier, later;
	struct tcpstates_record item;

	(void)state;
	step(0, &before, 1);
	do {
		after = 0;
		step(0, &after, 1);
	} while (tcps_conn_chain(after) == tcps_conn_chain(before));
	earlier = tcps_conn_chain(before) < tcps_conn_chain(after) ? before : after;
	later = earlier == before ? after : before;
	begin_snapshot();
	do
		assert_true(tcps_reader_next(reader, &item));
	while (item.conn != earlier);
	assert_int_equal(item.event, TCPSTATES_EVENT_EXISTING);
	audit_chain(tcps_conn_chain(earlier));
	audit_chain(tcps_conn_chain(later));
	do {
		assert_true(tcps_reader_next(reader, &item));
		if (item.conn == earlier || item.conn == later)
			assert_int_equal(item.event, TCPSTATES_EVENT_TRANSITION);
	} while (item.conn != later);
	assert_int_equal(item.cause, TCPSTATES_CAUSE_UNSEEN);
}

/* A snapshot in the middle of another, and a rewind in the middle. */
static void test_again_in_the_middle(void **state)
{
	u64 two[2] = { 0, 0 };
	struct tcpstates_record record;

	(void)state;
	step(0, &two[0], 1);
	step(1, &two[1], 1);
	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	begin_snapshot();
	see_row((assert_true(tcps_reader_next(reader, &record)), &record));
	see_row((assert_true(tcps_reader_next(reader, &record)), &record));
	assert_false(tcps_reader_next(reader, &record));

	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_EXISTING);
	tcps_reader_rewind(reader);
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_TRANSITION);
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_TRANSITION);
	assert_false(tcps_reader_next(reader, &record));
}

static void test_filter_holds_for_rows(void **state)
{
	struct tcpstates_filter filter = { };
	u64 two[2] = { 0, 0 };
	struct tcpstates_record record;

	(void)state;
	step(0, &two[0], 1);
	step(0, &two[1], 8);
	filter.new_states = 1U << TCPSTATES_LISTEN;
	tcps_merge_set_filter(&reader->merge, &filter);
	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.conn, two[1]);
	assert_false(tcps_reader_next(reader, &record));

	/* Rows of another namespace are not returned. */
	filter.new_states = 0;
	reader->merge.criteria.netns = 2;
	tcps_merge_set_filter(&reader->merge, &filter);
	begin_snapshot();
	assert_false(tcps_reader_next(reader, &record));
}

static u64 first, second;	/* connections of test_loss_after_a_row() */
static unsigned int reached;

static void change_both(void)
{
	if (reached++)
		return;
	record(0, first, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED);
	record(1, second, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED);
}

/* A connection that is not in the chain that is copied first. */
static u64 connection_for_later(void)
{
	u64 place;

	do {
		place = 0;
		step(2, &place, 1);
	} while (!tcps_conn_chain(place));
	return place;
}

/* A row has been returned, and then the record after it is overwritten. */
static void test_loss_after_a_row(void **state)
{
	struct tcpstates_record item;
	u64 other = 0;
	unsigned int i;

	(void)state;
	first = connection_for_later();
	second = connection_for_later();
	reached = 0;
	begin_snapshot();
	shim_resched = change_both;
	assert_true(tcps_reader_next(reader, &item));
	shim_resched = NULL;
	assert_int_equal(item.event, TCPSTATES_EVENT_EXISTING);
	assert_int_equal(item.conn, first);
	for (i = 0; i < SLOTS + 1; i++)
		step(0, &other, 1);
	assert_true(tcps_reader_next(reader, &item));
	assert_int_equal(item.event, TCPSTATES_EVENT_LOST);
	assert_true(tcps_reader_next(reader, &item));
	assert_int_equal(item.event, TCPSTATES_EVENT_EXISTING);
	assert_int_equal(item.conn, second);
	assert_int_equal(item.new_state, TCPSTATES_SYN_SENT);
	assert_true(tcps_reader_next(reader, &item));
	assert_int_equal(item.event, TCPSTATES_EVENT_TRANSITION);
	assert_int_equal(item.conn, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_play_back),
		TEST(test_equal_readings),
		TEST(test_nothing_there),
		TEST(test_passes_over_the_past),
		TEST(test_no_row_of_what_is_over),
		TEST(test_unseen_end),
		TEST(test_again_in_the_middle),
		TEST(test_filter_holds_for_rows),
		TEST(test_loss_after_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
