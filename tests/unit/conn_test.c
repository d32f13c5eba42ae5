// SPDX-License-Identifier: GPL-2.0
/* The table of connections: its entries and chains. */
#include "unit.h"

#include <linux/irqflags.h>

#include "clock_stub.h"
#include "conn.h"
#include "pool_stub.h"
#include "uapi/tcpstates.h"

/* Structures of the kernel; only their addresses matter. */
static const char one, other;

static int setup(void **state)
{
	(void)state;
	now = 1000;
	return tcps_conn_init(TCPS_CONN_MIB_MIN);
}

/* Entries that a test leaves are freed here, whatever they hold. */
static int teardown(void **state)
{
	(void)state;
	tcps_conn_exit();
	assert_int_equal(pool_in_use, 0);
	return 0;
}

static const struct tcpstates_ident nothing;

static struct hlist_bl_head *lock(u64 cookie)
{
	local_irq_disable();
	return tcps_conn_lock(cookie);
}

static void unlock(struct hlist_bl_head *chain)
{
	tcps_conn_unlock(chain);
	local_irq_enable();
}

/* There is one thread: callers may use the entry without the lock. */
static struct tcps_conn *make(u64 cookie, const void *holder)
{
	struct hlist_bl_head *chain = lock(cookie);
	struct tcps_conn *conn = tcps_conn_make(chain, cookie);

	if (conn) {
		tcps_conn_begin(conn, &nothing, 0);
		conn->holder = holder;
		conn->state = TCPSTATES_ESTABLISHED;
	}
	unlock(chain);
	return conn;
}

static struct tcps_conn *find(u64 cookie, const void *holder)
{
	struct hlist_bl_head *chain = lock(cookie);
	struct tcps_conn *conn = tcps_conn_find(chain, cookie, holder);

	unlock(chain);
	return conn;
}

static struct tcps_conn *next(u64 cookie, const struct tcps_conn *conn)
{
	struct hlist_bl_head *chain = lock(cookie);

	conn = tcps_conn_next(chain, cookie, conn);
	unlock(chain);
	return (struct tcps_conn *)conn;
}

static void end(struct tcps_conn *conn)
{
	struct hlist_bl_head *chain = lock(conn->cookie);

	tcps_conn_free(conn);
	unlock(chain);
}

/* Another cookie in the chain of @cookie. */
static u64 neighbour(u64 cookie)
{
	unsigned long chain = tcps_conn_chain(cookie);

	while (tcps_conn_chain(++cookie) != chain)
		;
	return cookie;
}

/* The pool's memory is not cleared. */
static void test_begun_is_zero_but_the_key(void **state)
{
	struct tcps_conn zero = { }, copy;
	struct hlist_bl_head *chain;
	struct tcps_conn *conn;

	(void)state;
	chain = lock(7);
	conn = tcps_conn_make(chain, 7);
	assert_non_null(conn);
	tcps_conn_begin(conn, &nothing, 0);
	copy = *conn;
	unlock(chain);
	assert_int_equal(copy.cookie, 7);
	copy.cookie = 0;
	copy.node = zero.node;
	assert_memory_equal(&copy, &zero, sizeof(zero));
	assert_int_equal(pool_in_use, 1);
	assert_ptr_equal(find(7, NULL), conn);
}

static void test_find_by_cookie_and_holder(void **state)
{
	struct tcps_conn *first = make(7, &one);
	struct tcps_conn *second = make(7, &other);
	struct tcps_conn *third = make(neighbour(7), &one);

	(void)state;
	assert_ptr_equal(find(7, &one), first);
	assert_ptr_equal(find(7, &other), second);
	assert_ptr_equal(find(neighbour(7), &one), third);
	assert_null(find(7, NULL));
	assert_null(find(neighbour(7), &other));
	assert_null(find(8, &one));
}

static void test_next_gives_each_once(void **state)
{
	struct tcps_conn *first, *second, *conn = NULL;
	u64 beside = neighbour(7);

	(void)state;
	assert_null(next(7, NULL));
	make(beside, &one);
	first = make(7, &one);
	make(beside, &other);
	second = make(7, &other);
	make(beside, NULL);

	conn = next(7, NULL);
	assert_true(conn == first || conn == second);
	conn = next(7, conn);
	assert_ptr_equal(conn, next(7, NULL) == first ? second : first);
	assert_null(next(7, conn));
	end(first);
	assert_ptr_equal(next(7, NULL), second);
	assert_null(next(7, second));
	assert_null(next(neighbour(beside), NULL));
}

static void test_removed(void **state)
{
	struct tcps_conn *first = make(7, &one);
	struct tcps_conn *second = make(7, &other);

	(void)state;
	end(first);
	assert_int_equal(pool_in_use, 1);
	assert_null(find(7, &one));
	assert_ptr_equal(find(7, &other), second);
	end(second);
	assert_int_equal(pool_in_use, 0);
	assert_null(next(7, NULL));
}

/* Connections without memory are counted, and the table is short until complete. */
static void test_no_memory(void **state)
{
	struct tcpstates_stats before = { }, after = { };
	struct tcps_conn *first;

	(void)state;
	assert_false(tcps_conn_short());
	tcps_conn_stats(&before);
	assert_int_equal(before.conns_missed, 0);
	first = make(7, &one);
	assert_false(tcps_conn_short());
	pool_most = 1;
	assert_null(make(8, &one));
	assert_false(tcps_conn_short());
	tcps_conn_missed(1);
	assert_true(tcps_conn_short());
	assert_null(make(7, &other));
	tcps_conn_missed(1);
	assert_null(next(8, NULL));
	tcps_conn_stats(&after);
	assert_int_equal(after.conns_missed, 2);
	assert_int_equal(after.conn_bytes - before.conn_bytes,
			 sizeof(struct tcps_conn));
	assert_ptr_equal(find(7, &one), first);
	end(first);
	assert_non_null(make(8, &one));
	assert_true(tcps_conn_short());
}

static void test_complete_again(void **state)
{
	struct tcpstates_account account = { };
	u64 misses;

	(void)state;
	tcps_conn_account(&account);
	assert_int_equal(account.incomplete_boot_ns, 0);
	assert_int_equal(account.complete_boot_ns, 0);
	now = 500;
	tcps_conn_missed(3);
	now = 600;
	tcps_conn_missed(1);
	tcps_conn_account(&account);
	assert_int_equal(account.incomplete_boot_ns, 500);
	/* Another one is missed during the walk. */
	misses = tcps_conn_misses();
	tcps_conn_missed(1);
	tcps_conn_complete(misses);
	assert_true(tcps_conn_short());
	tcps_conn_account(&account);
	assert_int_equal(account.incomplete_boot_ns, 500);
	now = 700;
	tcps_conn_complete(tcps_conn_misses());
	assert_false(tcps_conn_short());
	tcps_conn_account(&account);
	assert_int_equal(account.incomplete_boot_ns, 0);
	assert_int_equal(account.complete_boot_ns, 700);
	now = 800;
	tcps_conn_missed(1);
	tcps_conn_account(&account);
	assert_int_equal(account.incomplete_boot_ns, 800);
	assert_int_equal(account.complete_boot_ns, 0);
}

/* An eighth must be free. */
static void test_room(void **state)
{
	static struct tcps_conn *conns[8192];
	unsigned int i = 0;

	(void)state;
	while (tcps_conn_has_room()) {
		must(i < COUNT(conns));
		conns[i] = make(i + 1, &one);
		i++;
	}
	assert_in_range(i, pool_most - pool_most / 8, pool_most);
	end(conns[--i]);
	assert_true(tcps_conn_has_room());
	while (i)
		end(conns[--i]);
}

/* Entries that were learned and not confirmed are freed. */
static void test_unconfirmed_is_freed(void **state)
{
	struct tcps_conn *learned = make(7, &one);
	struct tcps_conn *met = make(8, &one);
	struct tcps_conn *seen = make(9, &one);
	struct tcps_conn *replaced = make(7, &other);

	(void)state;
	replaced->replaced_sk = &one;
	tcps_conn_forget();
	assert_int_equal(pool_in_use, 4);
	learned->not_found = TCPS_UNCONFIRMED;
	replaced->not_found = TCPS_UNCONFIRMED;
	met->not_found = 1;
	tcps_conn_forget();
	assert_int_equal(pool_in_use, 3);
	assert_int_equal(replaced->not_found, 0);
	assert_int_equal(met->not_found, 1);
	assert_null(find(7, &one));
	assert_ptr_equal(find(7, &other), replaced);
	assert_ptr_equal(find(8, &one), met);
	assert_ptr_equal(find(9, &one), seen);
}

/* So many that chains have several entries. */
static void test_many(void **state)
{
	static struct tcps_conn *conns[5001];
	u64 i;

	(void)state;
	for (i = 1; i < COUNT(conns); i++)
		conns[i] = make(i, &one);
	assert_int_equal(pool_in_use, 5000);
	for (i = 2; i < COUNT(conns); i += 2)
		end(conns[i]);
	for (i = 1; i < COUNT(conns); i++) {
		assert_ptr_equal(find(i, &one), i % 2 ? conns[i] : NULL);
		assert_ptr_equal(next(i, NULL), i % 2 ? conns[i] : NULL);
	}
	assert_int_equal(pool_in_use, 2500);
}

/* Fill a chain: as many entries as possible of each of its cookies from @cookie on. */
static u64 fill(u64 cookie, struct tcps_conn *conns[TCPS_CONN_CHAIN_MOST])
{
	static char places[TCPS_CONN_CHAIN_MOST];
	unsigned int i;

	for (i = 0; i < TCPS_CONN_CHAIN_MOST; i++) {
		if (i && i % TCPS_CONN_COOKIE_MOST == 0)
			cookie = neighbour(cookie);
		conns[i] = make(cookie, &places[i]);
		assert_non_null(conns[i]);
		assert_ptr_equal(find(cookie, &places[i]), conns[i]);
	}
	return cookie;
}

/* One cookie gets its share of a chain only; after an end it has room again. */
static void test_cookie_has_a_bound(void **state)
{
	static struct tcps_conn *conns[TCPS_CONN_COOKIE_MOST];
	static char places[COUNT(conns)];
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(conns); i++) {
		conns[i] = make(7, &places[i]);
		assert_non_null(conns[i]);
	}
	assert_null(make(7, &one));
	assert_non_null(make(8, &one));
	assert_non_null(make(neighbour(7), &one));
	assert_null(make(7, &one));
	end(conns[3]);
	assert_non_null(make(7, &one));
	assert_null(make(7, &other));
}

/* A chain is full, whatever the cookies; after an end it has room again. */
static void test_chain_has_a_bound(void **state)
{
	static struct tcps_conn *conns[TCPS_CONN_CHAIN_MOST];
	u64 last, beyond;

	(void)state;
	last = fill(7, conns);
	beyond = neighbour(last);
	assert_null(make(7, &other));
	assert_null(make(last, &other));
	assert_null(make(beyond, &other));
	assert_int_equal(pool_in_use, COUNT(conns));
	assert_non_null(make(8, &one));
	end(conns[5]);
	assert_non_null(make(beyond, &other));
	assert_null(make(beyond, &one));
	assert_null(make(7, &one));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_begun_is_zero_but_the_key),
		TEST(test_find_by_cookie_and_holder),
		TEST(test_next_gives_each_once),
		TEST(test_removed),
		TEST(test_no_memory),
		TEST(test_complete_again),
		TEST(test_room),
		TEST(test_unconfirmed_is_freed),
		TEST(test_many),
		TEST(test_cookie_has_a_bound),
		TEST(test_chain_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
