// SPDX-License-Identifier: GPL-2.0
/* A snapshot without memory, or without a share of it. */
#include "snapshot_fixture.h"

#include <errno.h>

/* A new connection in a chain. */
static u64 connect_in_chain(unsigned long chain)
{
	u64 place = 0;

	while (tcps_conn_chain(last_cookie + 1) != chain)
		last_cookie++;
	step(0, &place, 1);
	return place;
}

/* Reads to the end, and counts rows and losses. */
static void count_items(unsigned int *rows, unsigned int *lost)
{
	struct tcpstates_record record;

	*rows = 0;
	*lost = 0;
	while (tcps_reader_next(reader, &record)) {
		if (record.event == TCPSTATES_EVENT_LOST)
			*lost += record.count;
		else
			*rows += record.event == TCPSTATES_EVENT_EXISTING;
	}
}

static void test_no_memory(void **state)
{
	unsigned int rows, lost, i;
	struct tcpstates_record record;

	(void)state;
	shim_no_memory = true;
	assert_int_equal(tcps_reader_snapshot(reader, user), -ENOMEM);
	shim_no_memory = false;
	assert_null(reader->snapshot);
	assert_int_equal(user->bytes, 0);

	connect_in_chain(0);
	for (i = 0; i < 20; i++)
		connect_in_chain(1);

	/* No memory for the list of rows. */
	begin_snapshot();
	shim_no_memory = true;
	count_items(&rows, &lost);
	shim_no_memory = false;
	assert_int_equal(rows, 0);
	assert_int_equal(lost, 21);

	/* A chain with more connections than the room, which cannot grow. */
	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	shim_no_memory = true;
	count_items(&rows, &lost);
	shim_no_memory = false;
	assert_int_equal(rows, 16);
	assert_int_equal(lost, 4);

	begin_snapshot();
	count_items(&rows, &lost);
	assert_int_equal(rows, 21);
	assert_int_equal(lost, 0);
}

/* Beyond a user's share it is as without memory. */
static void test_no_share(void **state)
{
	void *blocks[64];
	unsigned int rows, lost, i;
	const u64 share = (1U << 20) / 4;

	(void)state;
	must(!tcps_charge_init(1, TCPS_CONN_MIB_MIN));
	for (i = 0; i < 1000; i++)
		step(0, &(u64){ 0 }, 1);
	for (i = 0; i < COUNT(blocks); i++) {
		blocks[i] = tcps_charge_alloc(user, share / COUNT(blocks));
		assert_non_null(blocks[i]);
	}
	assert_int_equal(tcps_reader_snapshot(reader, user), -ENOMEM);
	for (i = 0; i < 4; i++)
		tcps_charge_free(user, blocks[i], share / COUNT(blocks));
	begin_snapshot();
	count_items(&rows, &lost);
	assert_true(rows > 0);
	assert_true(lost > 0);
	assert_int_equal(rows + lost, 1000);
	assert_int_equal(user->bytes, share * (COUNT(blocks) - 4) / COUNT(blocks));
	for (i = 4; i < COUNT(blocks); i++)
		tcps_charge_free(user, blocks[i], share / COUNT(blocks));
}

/*
 * Memory depends neither on the width of the table nor on rows that are not
 * returned. During the walk each row takes memory; after it, all is freed, even if
 * no record follows.
 */
static void test_memory(void **state)
{
	const struct tcpstates_filter nothing = { .conn = 1ULL << 40 };
	struct tcpstates_record record;
	unsigned int i, rows, lost;
	u64 before;

	(void)state;
	for (i = 0; i < 3000; i++)
		step(0, &(u64){ 0 }, 1);
	begin_snapshot();
	before = user->bytes;
	assert_true(before <= 8192);
	for (i = 0; i < 3000; i++)
		assert_true(tcps_reader_next(reader, &record));
	assert_in_range(user->bytes - before, 3000 * 16, 3000 * 16 + 8192);
	assert_false(tcps_reader_next(reader, &record));
	assert_int_equal(user->bytes, 0);
	assert_null(reader->snapshot);

	/* A row that is filtered is not noted, and not returned later. */
	tcps_merge_set_filter(&reader->merge, &nothing);
	begin_snapshot();
	shim_no_memory = true;
	count_items(&rows, &lost);
	shim_no_memory = false;
	assert_int_equal(rows + lost, 0);
	assert_int_equal(user->bytes, 0);
}

/* After a record later than the end of the walk, the list is freed. */
static void test_memory_goes_with_a_record(void **state)
{
	u64 two[2] = { 0, 0 };
	struct tcpstates_record record;

	(void)state;
	step(0, &two[0], 1);
	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	assert_true(user->bytes > 0);
	reader->snapshot->chain = tcps_conn_chains();
	/* The walk ends before these records. */
	must(!tcps_snapshot_next(reader->snapshot, &record));
	step(1, &two[1], 1);
	step(1, &two[1], 1);
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_TRANSITION);
	assert_int_equal(user->bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_memory),
		TEST(test_no_share),
		TEST(test_memory),
		TEST(test_memory_goes_with_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
