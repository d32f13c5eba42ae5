// SPDX-License-Identifier: GPL-2.0
/* The table of connections; what happens to them is life_test.c's business. */
#include "unit.h"

#include <linux/irqflags.h>

#include "clock_stub.h"
#include "conn.h"
#include "pool_stub.h"
#include "uapi/tcpstates.h"

/* Structures of the kernel; only where they are matters. */
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

static const struct tcps_tuple nothing;
static const struct tcps_owner nobody;

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

/* The caller has the only thread, and may look without the lock. */
static struct tcps_conn *make(u64 cookie, const void *holder)
{
	struct hlist_bl_head *chain = lock(cookie);
	struct tcps_conn *conn = tcps_conn_make(chain, cookie);

	if (conn) {
		tcps_conn_begin(conn, &nothing, &nobody);
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

/* Copies the chain of @cookie into one row, over whatever it holds. */
static unsigned int copy_row(u64 cookie, struct tcpstates_record *row)
{
	memset(row, 0xa5, sizeof(*row));
	return tcps_conn_copy(tcps_conn_chain(cookie), row, 1);
}

static void fill_in(struct tcps_conn *conn)
{
	const struct tcps_tuple tuple = {
		.known = TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT |
			 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT,
		.flags = TCPSTATES_FLAG_V4MAPPED,
		.netns = 4026531840U,
		.lport = 80,
		.rport = 1234,
		.laddr = { 10, 0, 0, 5 },
		.raddr = { [0] = 10, [15] = 9 },
		.family = TCPSTATES_FAMILY_INET,
	};
	const struct tcps_owner owner = {
		.known = TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID |
			 TCPSTATES_KNOW_INODE | TCPSTATES_KNOW_CGROUP,
		.pid = 812,
		.uid = 33,
		.inode = 4242,
		.cgroup = 77,
		.comm = "sixteen bytes ab",
	};

	tcps_conn_begin(conn, &tuple, &owner);
	conn->since_ns = 900;
	conn->state = TCPSTATES_ESTABLISHED;
	conn->told.flags |= TCPSTATES_FLAG_MPTCP;
}

/* The pool's memory holds anything. */
static void test_begun_is_zero_but_the_key(void **state)
{
	struct tcps_conn zero = { }, copy;
	struct hlist_bl_head *chain;
	struct tcps_conn *conn;

	(void)state;
	chain = lock(7);
	conn = tcps_conn_make(chain, 7);
	assert_non_null(conn);
	tcps_conn_begin(conn, &nothing, &nobody);
	copy = *conn;
	unlock(chain);
	assert_int_equal(copy.cookie, 7);
	copy.cookie = 0;
	copy.node = zero.node;
	assert_memory_equal(&copy, &zero, sizeof(zero));
	assert_int_equal(pool_in_use, 1);
	assert_ptr_equal(find(7, NULL), conn);
}

/* It changes hands: its flags and what else is known stay. */
static void test_owner(void **state)
{
	struct tcps_conn *conn = make(7, &one);
	struct tcps_owner other_owner = {
		.known = TCPSTATES_KNOW_UID, .uid = 5, .comm = "sshd",
	}, got;
	struct tcpstates_record row;

	(void)state;
	fill_in(conn);
	tcps_conn_get_owner(conn, &got);
	assert_int_equal(got.known, TCPS_KNOW_OF_OWNER);
	assert_int_equal(got.pid, 812);
	assert_int_equal(got.uid, 33);
	assert_int_equal(got.inode, 4242);
	assert_int_equal(got.cgroup, 77);
	assert_memory_equal(got.comm, "sixteen bytes ab", sizeof(got.comm));

	tcps_conn_set_owner(conn, &other_owner);
	copy_row(7, &row);
	assert_int_equal(row.known & TCPS_KNOW_OF_OWNER, TCPSTATES_KNOW_UID);
	assert_true(row.known & TCPSTATES_KNOW_RPORT);
	assert_int_equal(row.uid, 5);
	assert_int_equal(row.pid, 0);
	assert_int_equal(row.inode, 0);
	assert_string_equal(row.comm, "sshd");
	assert_int_equal(row.flags, TCPSTATES_FLAG_V4MAPPED |
			 TCPSTATES_FLAG_MPTCP);
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

/* What finds no memory is counted, and said until the table is complete again. */
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
	/* One more is missed while the walk makes sure of the others. */
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

/* A full table is not filled in vain. */
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

/* All that the entry knows, and nothing else: the rest is zero. */
static void test_row(void **state)
{
	struct tcps_conn *conn = make(7, &one);
	struct tcpstates_record row, expected = {
		.size = sizeof(expected),
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_EXISTING,
		.new_state = TCPSTATES_ESTABLISHED,
		.family = TCPSTATES_FAMILY_INET,
		.boot_ns = 900,
		.conn = 7,
		.netns = 4026531840U,
		.laddr = { 10, 0, 0, 5 },
		.raddr = { [0] = 10, [15] = 9 },
		.lport = 80,
		.rport = 1234,
		.known = TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT |
			 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT |
			 TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID |
			 TCPSTATES_KNOW_INODE | TCPSTATES_KNOW_CGROUP,
		.pid = 812,
		.uid = 33,
		.comm = "sixteen bytes ab",
		.flags = TCPSTATES_FLAG_V4MAPPED | TCPSTATES_FLAG_MPTCP,
		.inode = 4242,
		.cgroup = 77,
	};

	(void)state;
	fill_in(conn);
	assert_int_equal(copy_row(7, &row), 1);
	assert_memory_equal(&row, &expected, sizeof(row));

	conn->told.known |= TCPSTATES_KNOW_HANDSHAKE;
	conn->atleast = true;
	expected.known |= TCPSTATES_KNOW_HANDSHAKE;
	expected.flags |= TCPSTATES_FLAG_ATLEAST;
	assert_int_equal(copy_row(7, &row), 1);
	assert_memory_equal(&row, &expected, sizeof(row));
	/* A lower bound is said of this moment, not of the connection. */
	assert_int_equal(conn->told.flags, TCPSTATES_FLAG_V4MAPPED |
			 TCPSTATES_FLAG_MPTCP);
	conn->handshake_ns = 79;
	expected.handshake_ns = 79;
	assert_int_equal(copy_row(7, &row), 1);
	assert_memory_equal(&row, &expected, sizeof(row));
}

/* Who is there is asked how it is doing, by what it is. */
static void test_row_asks_who_is_there(void **state)
{
	struct tcps_conn *conn = make(7, (void *)0x1000);
	struct tcpstates_record row;

	(void)state;
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known, 0);
	conn->kind = TCPS_KIND_SOCK;
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known, TCPSTATES_KNOW_RTT);
	assert_int_equal(row.rtt_us, 0x1000);
	conn->holder = (void *)0x2000;
	conn->kind = TCPS_KIND_REQUEST;
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known, TCPSTATES_KNOW_RETRANS);
	assert_int_equal(row.retrans, 0x2000);
}

/* What only waits for its ghost is no connection any more. */
static void test_no_row_of_what_is_over(void **state)
{
	struct tcps_conn *conn = make(7, NULL);
	struct tcpstates_record row;

	(void)state;
	conn->ghost = &one;
	assert_int_equal(copy_row(7, &row), 1);
	conn->state = TCPSTATES_CLOSE;
	assert_int_equal(copy_row(7, &row), 0);
	make(neighbour(7), &one);
	make(7, &one);
	conn = make(neighbour(7), &other);
	conn->state = TCPSTATES_CLOSE;
	assert_int_equal(copy_row(7, &row), 2);
}

static void test_more_rows_than_room(void **state)
{
	struct tcpstates_record rows[3];
	unsigned int i;

	(void)state;
	for (i = 0; i < 5; i++)
		make(7, (const char *)&one + i);
	memset(rows, 0xa5, sizeof(rows));
	assert_int_equal(tcps_conn_copy(tcps_conn_chain(7), rows, 2), 5);
	assert_int_equal(rows[0].conn, 7);
	assert_int_equal(rows[1].conn, 7);
	assert_int_equal(rows[2].size, 0xa5a5);
	assert_int_equal(tcps_conn_copy(tcps_conn_chain(7), rows, 0), 5);
	assert_int_equal(tcps_conn_copy(!tcps_conn_chain(7), rows, 2), 0);
}

/* Freed is what was learned, and not confirmed. */
static void test_unconfirmed_is_freed(void **state)
{
	struct tcps_conn *learned = make(7, &one);
	struct tcps_conn *met = make(8, &one);
	struct tcps_conn *seen = make(9, &one);
	struct tcps_conn *haunted = make(7, &other);

	(void)state;
	haunted->ghost = &one;
	tcps_conn_forget();
	assert_int_equal(pool_in_use, 4);
	learned->unmet = TCPS_UNCONFIRMED;
	haunted->unmet = TCPS_UNCONFIRMED;
	met->unmet = 1;
	tcps_conn_forget();
	assert_int_equal(pool_in_use, 3);
	assert_int_equal(haunted->unmet, 0);
	assert_int_equal(met->unmet, 1);
	assert_null(find(7, &one));
	assert_ptr_equal(find(7, &other), haunted);
	assert_ptr_equal(find(8, &one), met);
	assert_ptr_equal(find(9, &one), seen);
}

/* Many at once, so that chains have several: each is its own. */
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

/* No more than that in a chain, whoever they are; then there is room again. */
static void test_chain_has_a_bound(void **state)
{
	static struct tcps_conn *conns[TCPS_CONN_CHAIN_MOST];
	static char places[COUNT(conns) + 1];
	struct tcpstates_stats stats = { };
	unsigned int i;
	u64 beside = 7;

	(void)state;
	/* Half of them with one cookie. */
	for (i = 0; i < COUNT(conns); i++) {
		if (i >= COUNT(conns) / 2)
			beside = neighbour(beside);
		conns[i] = make(beside, &places[i]);
		assert_non_null(conns[i]);
	}
	assert_null(make(7, &other));
	assert_null(make(neighbour(beside), &other));
	assert_int_equal(pool_in_use, COUNT(conns));
	tcps_conn_stats(&stats);
	assert_true(stats.conns_missed >= 2);
	assert_non_null(make(8, &one));
	for (i = 0; i < COUNT(conns) / 2; i++)
		assert_ptr_equal(find(7, &places[i]), conns[i]);
	end(conns[5]);
	assert_non_null(make(7, &other));
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
		TEST(test_owner),
		TEST(test_row),
		TEST(test_row_asks_who_is_there),
		TEST(test_no_row_of_what_is_over),
		TEST(test_more_rows_than_room),
		TEST(test_complete_again),
		TEST(test_room),
		TEST(test_unconfirmed_is_freed),
		TEST(test_many),
		TEST(test_chain_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
