// SPDX-License-Identifier: GPL-2.0
/* Records of what an entry holds. */
#include "unit.h"

#include "conn.h"
#include "record.h"
#include "uapi/tcpstates.h"

static void fill_in(struct tcps_conn *conn)
{
	const struct tcpstates_ident ident = {
		.known = TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT |
			 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT |
			 TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID |
			 TCPSTATES_KNOW_INODE | TCPSTATES_KNOW_CGROUP,
		.flags = TCPSTATES_FLAG_V4MAPPED,
		.netns = 4026531840U,
		.lport = 80,
		.rport = 1234,
		.laddr = { 10, 0, 0, 5 },
		.raddr = { [0] = 10, [15] = 9 },
		.pid = 812,
		.uid = 33,
		.inode = 4242,
		.cgroup = 77,
		.comm = "sixteen bytes ab",
	};

	conn->cookie = 7;
	tcps_conn_begin(conn, &ident, TCPSTATES_FAMILY_INET);
	conn->since_ns = 900;
	conn->state = TCPSTATES_ESTABLISHED;
	conn->ident.flags |= TCPSTATES_FLAG_MPTCP;
}

/* The record overwrites other bytes. */
static struct tcpstates_record describe(const struct tcps_conn *conn)
{
	struct tcpstates_record row;

	memset(&row, 0xa5, sizeof(row));
	tcps_record_existing(&row, conn);
	return row;
}

/* Another owner: flags and all else stay. */
static void test_owner(void **state)
{
	struct tcps_conn conn;
	struct tcpstates_ident other = {
		.known = TCPSTATES_KNOW_UID | TCPSTATES_KNOW_LPORT,
		.uid = 5,
		.comm = "sshd",
	}, got = { .known = TCPSTATES_KNOW_LADDR, .lport = 22 };
	struct tcpstates_record row;

	(void)state;
	fill_in(&conn);
	tcps_conn_copy_owner(&got, &conn.ident);
	assert_int_equal(got.known, TCPS_KNOW_OF_OWNER | TCPSTATES_KNOW_LADDR);
	assert_int_equal(got.lport, 22);
	assert_int_equal(got.flags, 0);
	assert_int_equal(got.pid, 812);
	assert_int_equal(got.uid, 33);
	assert_int_equal(got.inode, 4242);
	assert_int_equal(got.cgroup, 77);
	assert_memory_equal(got.comm, "sixteen bytes ab", sizeof(got.comm));

	tcps_conn_copy_owner(&conn.ident, &other);
	row = describe(&conn);
	assert_int_equal(row.known & TCPS_KNOW_OF_OWNER, TCPSTATES_KNOW_UID);
	assert_true(row.known & TCPSTATES_KNOW_RPORT);
	assert_int_equal(row.uid, 5);
	assert_int_equal(row.pid, 0);
	assert_int_equal(row.inode, 0);
	assert_string_equal(row.comm, "sshd");
	assert_int_equal(row.flags, TCPSTATES_FLAG_V4MAPPED |
			 TCPSTATES_FLAG_MPTCP);
}

/* All members of the entry; the rest is zero. */
static void test_row(void **state)
{
	struct tcps_conn conn;
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
	fill_in(&conn);
	row = describe(&conn);
	assert_memory_equal(&row, &expected, sizeof(row));

	conn.ident.known |= TCPSTATES_KNOW_HANDSHAKE;
	conn.atleast = true;
	expected.known |= TCPSTATES_KNOW_HANDSHAKE;
	expected.flags |= TCPSTATES_FLAG_ATLEAST;
	row = describe(&conn);
	assert_memory_equal(&row, &expected, sizeof(row));
	/* The flag atleast is in the record only. */
	assert_int_equal(conn.ident.flags, TCPSTATES_FLAG_V4MAPPED |
			 TCPSTATES_FLAG_MPTCP);
	conn.handshake_ns = 79;
	expected.handshake_ns = 79;
	row = describe(&conn);
	assert_memory_equal(&row, &expected, sizeof(row));
}

/* The counters are read from the holder, by its kind. */
static void test_row_reads_the_holder(void **state)
{
	struct tcps_conn conn = { .holder = (void *)0x1000 };
	struct tcpstates_record row;

	(void)state;
	row = describe(&conn);
	assert_int_equal(row.known, 0);
	conn.kind = TCPS_KIND_SOCK;
	row = describe(&conn);
	assert_int_equal(row.known, TCPSTATES_KNOW_RTT);
	assert_int_equal(row.rtt_us, 0x1000);
	conn.holder = (void *)0x2000;
	conn.kind = TCPS_KIND_REQUEST;
	row = describe(&conn);
	assert_int_equal(row.known, TCPSTATES_KNOW_RETRANS);
	assert_int_equal(row.retrans, 0x2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_row_reads_the_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
