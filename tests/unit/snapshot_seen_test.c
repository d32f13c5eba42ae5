// SPDX-License-Identifier: GPL-2.0
/* The list of rows that a snapshot has returned, sorted by chain. */
#include "unit.h"

#include <linux/mm.h>

#include "charge.h"
#include "conn.h"
#include "snapshot_seen.h"

#define ROWS_IN_PAGE	256U
#define MOST_ROWS	5000U

u64 ktime_get_boottime_ns(void)
{
	return 1;
}

static struct tcps_user *user;
static struct tcps_seen seen;

/* Sorted by chain, as in a walk; several in each chain. */
static u64 cookies[MOST_ROWS];

static int compare(const void *a, const void *b)
{
	unsigned long one = tcps_conn_chain(*(const u64 *)a);
	unsigned long other = tcps_conn_chain(*(const u64 *)b);

	return (one > other) - (one < other);
}

static int setup(void **state)
{
	unsigned int i;

	(void)state;
	shim_no_memory = false;
	must(!tcps_charge_init(1, 1));
	must(!tcps_conn_init(TCPS_CONN_MIB_MIN));
	user = tcps_charge_open(1, true);
	must(user);
	seen.user = user;
	for (i = 0; i < MOST_ROWS; i++)
		cookies[i] = i + 1;
	qsort(cookies, MOST_ROWS, sizeof(*cookies), compare);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tcps_seen_free(&seen);
	must(!user->bytes);
	tcps_charge_close(user);
	tcps_conn_exit();
	return 0;
}

static void add(unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		must(tcps_seen_add(&seen, cookies[i], cookies[i] * 10,
				   TCPSTATES_LISTEN));
}

/* Each row is found; one that differs in any member is not. */
static void test_found(void **state)
{
	unsigned int counts[] = { 0, 1, 2, ROWS_IN_PAGE - 1, ROWS_IN_PAGE,
				  ROWS_IN_PAGE + 1, 3000, MOST_ROWS };
	unsigned int i, k;

	(void)state;
	for (k = 0; k < COUNT(counts); k++) {
		add(counts[k]);
		for (i = 0; i < MOST_ROWS; i++) {
			u64 conn = cookies[i], since_ns = conn * 10;

			must(tcps_seen_has(&seen, conn, since_ns,
					   TCPSTATES_LISTEN) ==
			     (i < counts[k]));
			must(!tcps_seen_has(&seen, conn, since_ns + 1,
					    TCPSTATES_LISTEN));
			must(!tcps_seen_has(&seen, conn, since_ns - 1,
					    TCPSTATES_LISTEN));
			must(!tcps_seen_has(&seen, conn, since_ns,
					    TCPSTATES_ESTABLISHED));
			must(!tcps_seen_has(&seen, conn + MOST_ROWS,
					    since_ns, TCPSTATES_LISTEN));
		}
		tcps_seen_free(&seen);
		assert_int_equal(user->bytes, 0);
	}
}

/* Two lives with one cookie that began at the same reading of the clock. */
static void test_same_cookie(void **state)
{
	(void)state;
	must(tcps_seen_add(&seen, 5, 100, TCPSTATES_TIME_WAIT));
	assert_true(tcps_seen_has(&seen, 5, 100, TCPSTATES_TIME_WAIT));
	assert_false(tcps_seen_has(&seen, 5, 100, TCPSTATES_SYN_SENT));
	must(tcps_seen_add(&seen, 5, 100, TCPSTATES_SYN_SENT));
	assert_true(tcps_seen_has(&seen, 5, 100, TCPSTATES_SYN_SENT));
}

/* 16 bytes for each row and a page or two, whatever the width of the table. */
static void test_memory(void **state)
{
	(void)state;
	assert_int_equal(user->bytes, 0);
	add(MOST_ROWS);
	assert_in_range(user->bytes, MOST_ROWS * 16, MOST_ROWS * 16 + 8192);
}

/* Rows that could not be added are not found, all others are. */
static void test_no_memory(void **state)
{
	unsigned int i;

	(void)state;
	shim_no_memory = true;
	assert_false(tcps_seen_add(&seen, cookies[0], 1, TCPSTATES_LISTEN));
	shim_no_memory = false;
	assert_int_equal(user->bytes, 0);
	for (i = 0; i < MOST_ROWS; i++) {
		shim_no_memory = true;
		if (i % ROWS_IN_PAGE == 0)
			assert_false(tcps_seen_add(&seen, cookies[i], 1,
						   TCPSTATES_LISTEN));
		shim_no_memory = false;
		assert_false(tcps_seen_has(&seen, cookies[i], 1,
					   TCPSTATES_LISTEN));
		assert_true(tcps_seen_add(&seen, cookies[i], 1,
					  TCPSTATES_LISTEN));
	}
	for (i = 0; i < MOST_ROWS; i++)
		assert_true(tcps_seen_has(&seen, cookies[i], 1,
					  TCPSTATES_LISTEN));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_found),
		TEST(test_same_cookie),
		TEST(test_memory),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
