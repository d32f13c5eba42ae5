// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <errno.h>

#include <linux/ktime.h>
#include <linux/mm.h>

#include "conn.h"
#include "pool_stub.h"
#include "uapi/tcpstates.h"

#define OWNED	(TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID)

static u64 now;

/* What a transition may come from: nothing that counts; a listener, 1. */
static const struct tcps_origin nothing = { };
static const struct tcps_origin child = { .listener = 1 };

u64 ktime_get_boottime_ns(void)
{
	return now;
}

u64 ktime_get_real_ns(void)
{
	return now + SHIM_REAL_OFFSET;
}

static int setup(void **state)
{
	(void)state;
	now = 1000;
	return tcps_conn_init(TCPS_CONN_MIB_MIN);
}

static int teardown(void **state)
{
	(void)state;
	tcps_conn_exit();
	assert_int_equal(pool_in_use, 0);
	return 0;
}

static struct tcpstates_record make(u64 cookie, u8 old, u8 new)
{
	return (struct tcpstates_record) {
		.conn = cookie,
		.old_state = old,
		.new_state = new,
		.known = TCPSTATES_KNOW_LPORT | TCPSTATES_KNOW_RPORT,
		.lport = 80,
		.rport = 1234,
		.raddr = { 10, 0, 0, 9 },
	};
}

static void own(struct tcpstates_record *record, u32 pid, const char *comm)
{
	record->known |= OWNED;
	record->pid = pid;
	record->uid = 1000 + pid;
	memset(record->comm, 0, sizeof(record->comm));
	memcpy(record->comm, comm, strlen(comm));
}

static struct tcpstates_record apply(u64 cookie, u8 old, u8 new, u64 time)
{
	struct tcpstates_record record = make(cookie, old, new);

	now = time;
	tcps_conn_apply(&record, &nothing);
	assert_int_equal(record.boot_ns, time);
	assert_int_equal(record.real_ns, time + SHIM_REAL_OFFSET);
	return record;
}

static void expect_duration(const struct tcpstates_record *record, u64 dur_ns)
{
	assert_true(record->known & TCPSTATES_KNOW_DURATION);
	assert_int_equal(record->dur_ns, dur_ns);
}

static void expect_no_duration(const struct tcpstates_record *record)
{
	assert_false(record->known & TCPSTATES_KNOW_DURATION);
	assert_int_equal(record->dur_ns, 0);
}

static void expect_owner(const struct tcpstates_record *record, u32 pid,
			 const char *comm)
{
	assert_int_equal(record->known & OWNED, OWNED);
	assert_int_equal(record->pid, pid);
	assert_int_equal(record->uid, 1000 + pid);
	assert_string_equal(record->comm, comm);
}

static void test_duration(void **state)
{
	struct tcpstates_record record;

	(void)state;
	record = apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	expect_no_duration(&record);
	record = apply(8, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1500);
	expect_no_duration(&record);
	record = apply(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1079);
	expect_duration(&record, 79);
	record = apply(8, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1600);
	expect_duration(&record, 100);
	/* Zero is a duration where it is known. */
	record = apply(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1079);
	expect_duration(&record, 0);
	record = apply(7, TCPSTATES_FIN_WAIT1, TCPSTATES_CLOSE, 1ULL << 62);
	expect_duration(&record, (1ULL << 62) - 1079);
	assert_false(record.flags & TCPSTATES_FLAG_ATLEAST);
}

/* A transition was missed: how long it was in its state, nobody knows. */
static void test_unknown_after_a_gap(void **state)
{
	struct tcpstates_record record;

	(void)state;
	record = apply(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1000);
	expect_no_duration(&record);
	record = apply(7, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 2000);
	expect_no_duration(&record);
	record = apply(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 2600);
	expect_duration(&record, 600);
}

static void test_close_removes(void **state)
{
	struct tcpstates_record record;

	(void)state;
	apply(7, TCPSTATES_CLOSE, TCPSTATES_LISTEN, 1000);
	assert_int_equal(pool_in_use, 1);
	apply(7, TCPSTATES_LISTEN, TCPSTATES_CLOSE, 1100);
	assert_int_equal(pool_in_use, 0);
	/* An end of nothing makes nothing. */
	record = apply(7, TCPSTATES_LISTEN, TCPSTATES_CLOSE, 1200);
	expect_no_duration(&record);
	assert_int_equal(pool_in_use, 0);
	/* The next life of the same socket is not that long. */
	record = apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1300);
	expect_no_duration(&record);
	record = apply(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 1400);
	expect_duration(&record, 100);
}

/*
 * A socket that was connected again while its earlier connection is in
 * TIME_WAIT: that one's end is not the new one's.
 */
static void test_end_of_the_earlier_life(void **state)
{
	struct tcpstates_record record;

	(void)state;
	apply(7, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 1000);
	record = make(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	record.lport = 81;
	now = 2000;
	tcps_conn_apply(&record, &nothing);
	expect_no_duration(&record);

	record = apply(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 3000);
	expect_no_duration(&record);
	assert_int_equal(pool_in_use, 1);

	record = make(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED);
	record.lport = 81;
	now = 3500;
	tcps_conn_apply(&record, &nothing);
	expect_duration(&record, 1500);
}

static void test_any_difference_is_another_tuple(void **state)
{
	struct tcpstates_record record;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
		record = make(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE);
		record.lport += i == 0;
		record.rport += i == 1;
		record.raddr[15] += i == 2;
		tcps_conn_apply(&record, &nothing);
		assert_int_equal(pool_in_use, i < 3);
	}
}

static void test_owner_is_carried_along(void **state)
{
	struct tcpstates_record record =
		make(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);

	(void)state;
	own(&record, 812, "curl");
	tcps_conn_apply(&record, &nothing);
	expect_owner(&record, 812, "curl");
	record = apply(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	expect_owner(&record, 812, "curl");
	assert_int_equal(record.flags, 0);
	record = make(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1);
	record.flags = TCPSTATES_FLAG_ORPHAN;
	tcps_conn_apply(&record, &nothing);
	expect_owner(&record, 812, "curl");
	/* A minisock does not know that it is an orphan. */
	record = apply(7, TCPSTATES_FIN_WAIT1, TCPSTATES_TIME_WAIT, 1200);
	expect_owner(&record, 812, "curl");
	assert_int_equal(record.flags, TCPSTATES_FLAG_ORPHAN);

	record = apply(8, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1300);
	assert_int_equal(record.known & OWNED, 0);
}

static void test_inherits_and_is_accepted(void **state)
{
	struct tcpstates_record owner = { }, record =
		make(1, TCPSTATES_CLOSE, TCPSTATES_LISTEN);

	(void)state;
	own(&record, 500, "nginx");
	tcps_conn_apply(&record, &nothing);

	record = make(2, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV);
	tcps_conn_apply(&record, &child);
	expect_owner(&record, 500, "nginx");
	assert_int_equal(record.flags, TCPSTATES_FLAG_UNACCEPTED);
	expect_no_duration(&record);
	record = apply(2, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1100);
	expect_owner(&record, 500, "nginx");
	assert_int_equal(record.flags, TCPSTATES_FLAG_UNACCEPTED);

	own(&owner, 501, "worker");
	tcps_conn_accepted(2, &owner);
	record = apply(2, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE_WAIT, 1200);
	expect_owner(&record, 501, "worker");
	assert_int_equal(record.flags, 0);
	expect_duration(&record, 100);

	/* The listener's owner is as before; nobody has accepted nothing. */
	tcps_conn_accepted(99, &owner);
	assert_int_equal(pool_in_use, 2);
	record = apply(1, TCPSTATES_LISTEN, TCPSTATES_CLOSE, 1300);
	expect_owner(&record, 500, "nginx");
}

/* Of a listener that nobody knows: not accepted, and no more. */
static void test_unknown_listener(void **state)
{
	struct tcpstates_record record =
		make(2, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV);

	(void)state;
	tcps_conn_apply(&record, &child);
	assert_int_equal(record.known & OWNED, 0);
	assert_int_equal(record.flags, TCPSTATES_FLAG_UNACCEPTED);
	assert_int_equal(pool_in_use, 1);
}

static bool learn(u64 cookie, u8 new, u64 time)
{
	struct tcpstates_record record = make(cookie, TCPSTATES_UNKNOWN, new);

	now = time;
	record.known |= TCPSTATES_KNOW_UID;
	record.uid = 33;
	return tcps_conn_learn(&record, NULL);
}

static void test_learned_is_a_lower_bound(void **state)
{
	struct tcpstates_record record;

	(void)state;
	assert_true(learn(7, TCPSTATES_ESTABLISHED, 1000));
	record = apply(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1500);
	expect_duration(&record, 500);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ATLEAST);
	assert_int_equal(record.known & OWNED, TCPSTATES_KNOW_UID);
	assert_int_equal(record.uid, 33);
	/* From here on it is seen. */
	record = apply(7, TCPSTATES_FIN_WAIT1, TCPSTATES_FIN_WAIT2, 1600);
	expect_duration(&record, 100);
	assert_int_equal(record.flags, 0);
}

static void test_what_is_known_is_not_learned(void **state)
{
	struct tcpstates_record record;

	(void)state;
	apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	assert_false(learn(7, TCPSTATES_ESTABLISHED, 1100));
	assert_int_equal(pool_in_use, 1);
	record = apply(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1200);
	expect_duration(&record, 200);
	assert_int_equal(record.flags, 0);
}

static void test_doubted_is_forgotten(void **state)
{
	(void)state;
	assert_true(learn(7, TCPSTATES_TIME_WAIT, 1000));
	assert_true(learn(8, TCPSTATES_TIME_WAIT, 1000));
	assert_true(learn(9, TCPSTATES_ESTABLISHED, 1000));
	apply(10, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_conn_doubt();
	assert_int_equal(pool_in_use, 4);
	/* Met again; changed meanwhile; seen from its beginning. */
	assert_false(learn(8, TCPSTATES_TIME_WAIT, 1100));
	apply(9, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1100);
	tcps_conn_forget();
	assert_int_equal(pool_in_use, 3);
	/* What was not met by then has ended, though it is hashed still. */
	assert_false(learn(7, TCPSTATES_TIME_WAIT, 1200));
	assert_int_equal(pool_in_use, 3);
}

/* Once loading is over, only a birth makes an entry. */
static void test_births_only(void **state)
{
	(void)state;
	apply(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1000);
	assert_int_equal(pool_in_use, 1);
	tcps_conn_forget();
	apply(8, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 1000);
	assert_int_equal(pool_in_use, 1);
	apply(9, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	apply(10, TCPSTATES_CLOSE, TCPSTATES_LISTEN, 1000);
	assert_int_equal(pool_in_use, 3);
}

/* What finds no memory is unknown and counted, and all the rest as ever. */
static void test_no_memory(void **state)
{
	struct tcpstates_stats before = { }, after = { };
	struct tcpstates_record record;

	(void)state;
	tcps_conn_stats(&before);
	apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	pool_most = 1;
	apply(8, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	assert_true(learn(9, TCPSTATES_ESTABLISHED, 1000));
	tcps_conn_stats(&after);
	assert_int_equal(after.conns_missed - before.conns_missed, 2);
	assert_true(after.conn_bytes > before.conn_bytes);
	record = apply(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 1100);
	expect_duration(&record, 100);
	record = apply(8, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	expect_no_duration(&record);
	record = apply(8, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE, 1200);
	expect_duration(&record, 100);
}

static void test_bounds_of_memory(void **state)
{
	struct tcpstates_stats stats = { };
	static const unsigned int bad[] = {
		0, TCPS_CONN_MIB_MAX + 1, ~0U,
	};
	unsigned int i, mib;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(tcps_conn_init(bad[i]), -EINVAL);
	shim_no_memory = true;
	assert_int_equal(tcps_conn_init(1), -ENOMEM);
	shim_no_memory = false;
	for (mib = 1; mib <= 64; mib *= 2) {
		assert_int_equal(tcps_conn_init(mib), 0);
		/* Nothing but the heads is there before the connections. */
		tcps_conn_stats(&stats);
		assert_true(stats.conn_bytes <= ((u64)mib << 20) / 32);
		/* The 168 bytes that the ABI text says, and the heads. */
		assert_in_range(pool_most, ((u64)mib << 20) / 173,
				((u64)mib << 20) / 172);
		for (i = 1; i < 100000; i++)
			assert_true(tcps_conn_chain(i) < tcps_conn_chains());
		tcps_conn_exit();
	}
}

/* Who is at work in the tests of causes. */
#define US	1UL
#define THEM	2UL

/* Structures of the kernel; only where they are matters. */
static const char object, other;

/* A transition that @object makes, of the cause unread unless one is noted. */
static u8 cause_of(u64 cookie, const void *object, unsigned long by)
{
	struct tcps_origin origin = { .object = object, .by = by };
	struct tcpstates_record record =
		make(cookie, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE);

	record.cause = TCPSTATES_CAUSE_UNREAD;
	tcps_conn_apply(&record, &origin);
	return record.cause;
}

static u8 cause_after_mark(const void *marked, unsigned long marked_by,
			   const void *object, unsigned long by)
{
	apply(7, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1000);
	tcps_conn_mark(7, marked, marked_by, TCPSTATES_CAUSE_ABORT);
	return cause_of(7, object, by);
}

/* A mark is for one structure and one path through the kernel. */
static void test_mark_holds_for_its_transition(void **state)
{
	(void)state;
	assert_int_equal(cause_after_mark(&object, US, &object, US),
			 TCPSTATES_CAUSE_ABORT);
	assert_int_equal(cause_after_mark(&other, US, &object, US),
			 TCPSTATES_CAUSE_UNREAD);
	assert_int_equal(cause_after_mark(&object, THEM, &object, US),
			 TCPSTATES_CAUSE_UNREAD);
	/* Without an object the cause is certain. */
	assert_int_equal(cause_after_mark(NULL, US, NULL, US),
			 TCPSTATES_CAUSE_UNREAD);
	/* Nobody is there to be marked; and a mark makes nobody. */
	tcps_conn_mark(8, &object, US, TCPSTATES_CAUSE_ABORT);
	assert_int_equal(pool_in_use, 0);
}

static void test_mark_ends_with_a_transition(void **state)
{
	(void)state;
	apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_conn_mark(7, &object, US, TCPSTATES_CAUSE_SHUTDOWN);
	apply(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	assert_int_equal(cause_of(7, &object, US), TCPSTATES_CAUSE_UNREAD);
}

static void test_later_mark_counts(void **state)
{
	(void)state;
	apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_conn_mark(7, &object, US, TCPSTATES_CAUSE_KILLED);
	tcps_conn_mark(7, &object, US, TCPSTATES_CAUSE_DISCONNECT);
	assert_int_equal(cause_of(7, &object, US),
			 TCPSTATES_CAUSE_DISCONNECT);
}

/* That none was noted says nothing of what has no entry. */
static void test_cause_without_an_entry(void **state)
{
	struct tcpstates_record record =
		make(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE);

	(void)state;
	assert_int_equal(cause_of(7, &object, US), TCPSTATES_CAUSE_UNKNOWN);
	record.cause = TCPSTATES_CAUSE_FIN;
	tcps_conn_apply(&record, &nothing);
	assert_int_equal(record.cause, TCPSTATES_CAUSE_FIN);
}

/* The cause of a request's end, dropped by us and freed by them. */
static u8 cause_after_settling(const void *marked, unsigned long marked_by,
			       u8 mark, u8 settled)
{
	apply(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	if (marked)
		tcps_conn_mark(7, marked, marked_by, mark);
	tcps_conn_settle(7, &object, US, settled);
	return cause_of(7, &object, THEM);
}

static void test_settled_for_anybody(void **state)
{
	const u8 rst = TCPSTATES_CAUSE_RST_RECEIVED;
	const u8 late = TCPSTATES_CAUSE_SYNACK_TIMEOUT;
	const u8 killed = TCPSTATES_CAUSE_KILLED;

	(void)state;
	assert_int_equal(cause_after_settling(NULL, 0, 0, late), late);
	/* Ours from before holds where the end itself says nothing. */
	assert_int_equal(cause_after_settling(&object, US, rst, 0), rst);
	assert_int_equal(cause_after_settling(&object, US, rst, late), late);
	assert_int_equal(cause_after_settling(&object, US, killed, late), killed);
	/* Others' never does. */
	assert_int_equal(cause_after_settling(&object, THEM, rst, 0), 0);
	assert_int_equal(cause_after_settling(&object, THEM, killed, late), late);
	assert_int_equal(cause_after_settling(&other, US, rst, 0), 0);
	tcps_conn_settle(8, &object, US, late);
	assert_int_equal(pool_in_use, 0);
}

static void expect_handshake(const struct tcpstates_record *record, u64 ns)
{
	assert_true(record->known & TCPSTATES_KNOW_HANDSHAKE);
	assert_int_equal(record->handshake_ns, ns);
}

static void expect_no_handshake(const struct tcpstates_record *record)
{
	assert_false(record->known & TCPSTATES_KNOW_HANDSHAKE);
	assert_int_equal(record->handshake_ns, 0);
}

/* From the SYN to ESTABLISHED, on either side, and told ever after. */
static void test_handshake(void **state)
{
	struct tcpstates_record record;

	(void)state;
	apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	record = apply(7, TCPSTATES_SYN_SENT, TCPSTATES_SYN_RECV, 1030);
	expect_no_handshake(&record);
	record = apply(7, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1100);
	expect_handshake(&record, 100);
	record = apply(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 5000);
	expect_handshake(&record, 100);
	record = apply(7, TCPSTATES_FIN_WAIT1, TCPSTATES_CLOSE, 6000);
	expect_handshake(&record, 100);

	/* The same socket once more; it did not get that far. */
	apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 7000);
	record = apply(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 8000);
	expect_no_handshake(&record);

	apply(8, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	record = apply(8, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1079);
	expect_handshake(&record, 79);
}

/* A socket connected again while its earlier connection is in TIME_WAIT. */
static void test_handshake_is_not_the_earlier_one(void **state)
{
	struct tcpstates_record record;

	(void)state;
	apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	apply(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	apply(7, TCPSTATES_ESTABLISHED, TCPSTATES_TIME_WAIT, 1200);
	record = apply(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1300);
	expect_no_handshake(&record);
	record = apply(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 1400);
	expect_no_handshake(&record);
}

/* Whose SYN nobody saw: nobody knows. */
static void test_no_handshake_without_a_syn(void **state)
{
	struct tcpstates_record record;

	(void)state;
	assert_true(learn(7, TCPSTATES_SYN_SENT, 1000));
	record = apply(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	expect_no_handshake(&record);
	record = apply(8, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1000);
	expect_no_handshake(&record);
	apply(9, TCPSTATES_CLOSE, TCPSTATES_LISTEN, 1000);
	record = apply(9, TCPSTATES_LISTEN, TCPSTATES_CLOSE, 1100);
	expect_no_handshake(&record);
}

static void place(struct tcpstates_record *record, u64 inode, u64 cgroup)
{
	record->known |= TCPSTATES_KNOW_INODE | TCPSTATES_KNOW_CGROUP;
	record->inode = inode;
	record->cgroup = cgroup;
}

static void expect_place(const struct tcpstates_record *record, u64 inode,
			 u64 cgroup)
{
	assert_int_equal(!(record->known & TCPSTATES_KNOW_INODE), !inode);
	assert_int_equal(!(record->known & TCPSTATES_KNOW_CGROUP), !cgroup);
	assert_int_equal(record->inode, inode);
	assert_int_equal(record->cgroup, cgroup);
}

/* A child is in its listener's cgroup, and has no file before accept(). */
static void test_file_and_cgroup(void **state)
{
	struct tcpstates_record owner = { }, record =
		make(1, TCPSTATES_CLOSE, TCPSTATES_LISTEN);

	(void)state;
	own(&record, 500, "nginx");
	place(&record, 4242, 77);
	tcps_conn_apply(&record, &nothing);
	record = make(2, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV);
	tcps_conn_apply(&record, &child);
	expect_place(&record, 0, 77);
	record = apply(2, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1100);
	expect_place(&record, 0, 77);

	own(&owner, 501, "worker");
	place(&owner, 4243, 77);
	tcps_conn_accepted(2, &owner);
	record = apply(2, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1200);
	expect_place(&record, 4243, 77);
	record = apply(2, TCPSTATES_FIN_WAIT1, TCPSTATES_CLOSE, 1300);
	expect_place(&record, 4243, 77);
	record = apply(1, TCPSTATES_LISTEN, TCPSTATES_CLOSE, 1400);
	expect_place(&record, 4242, 77);
}

/* How it began is said of it to the end, and of no other. */
static void test_flags_last(void **state)
{
	const u32 flags = TCPSTATES_FLAG_SYNCOOKIE | TCPSTATES_FLAG_TFO |
			  TCPSTATES_FLAG_MPTCP;
	struct tcpstates_record record =
		make(2, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV);

	(void)state;
	record.flags = flags;
	tcps_conn_apply(&record, &nothing);
	record = apply(2, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED, 1100);
	assert_int_equal(record.flags, flags);
	record = apply(2, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE, 1200);
	assert_int_equal(record.flags, flags);
	record = apply(3, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1300);
	assert_int_equal(record.flags, 0);
}

/* The only connection there is, as a row. */
static struct tcpstates_record copy_row(u64 cookie)
{
	struct tcpstates_record row = { };
	u64 copied_ns;

	assert_int_equal(tcps_conn_copy(tcps_conn_chain(cookie), &row, 1,
					&copied_ns), 1);
	assert_int_equal(row.conn, cookie);
	return row;
}

static void expect_health_of(const struct sock *sk)
{
	struct tcpstates_record row = copy_row(7);

	assert_int_equal(!(row.known & TCPSTATES_KNOW_RTT), !sk);
	assert_int_equal(row.rtt_us, (u32)(uintptr_t)sk);
}

static void step_of(const struct sock *sk, u8 old, u8 new)
{
	struct tcps_origin origin = { .sk = sk };
	struct tcpstates_record record = make(7, old, new);

	tcps_conn_apply(&record, &origin);
}

/* A row asks the full socket, and never one that may be gone. */
static void test_row_asks_who_is_there(void **state)
{
	const struct sock *sk = (const struct sock *)0x1000;
	const struct sock *other = (const struct sock *)0x2000;
	struct tcpstates_record record =
		make(7, TCPSTATES_UNKNOWN, TCPSTATES_ESTABLISHED);

	(void)state;
	assert_true(tcps_conn_learn(&record, sk));
	expect_health_of(sk);
	step_of(other, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1);
	expect_health_of(other);
	tcps_conn_left(7, sk);
	tcps_conn_left(8, other);
	expect_health_of(other);
	tcps_conn_left(7, other);
	expect_health_of(NULL);
	step_of(sk, TCPSTATES_FIN_WAIT1, TCPSTATES_FIN_WAIT2);
	expect_health_of(sk);
	step_of(NULL, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT);
	expect_health_of(NULL);
}

/*
 * A socket connected again ends while its entry is that of its other life: it
 * is freed after that, so the entry must let go of it.
 */
static void test_end_lets_go_of_the_socket(void **state)
{
	const struct sock *sk = (const struct sock *)0x1000;
	struct tcps_origin origin = { .object = sk };
	struct tcpstates_record record =
		make(7, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE);

	(void)state;
	step_of(sk, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	record.lport = 81;
	tcps_conn_apply(&record, &origin);
	assert_int_equal(pool_in_use, 1);
	expect_health_of(NULL);
}

/* Many at once, so that chains have several: each is its own. */
static void test_many(void **state)
{
	struct tcpstates_record record;
	u64 i;

	(void)state;
	for (i = 1; i <= 6000; i++)
		apply(i, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000 + i);
	assert_int_equal(pool_in_use, 6000);
	for (i = 6000; i; i -= 2) {
		record = apply(i, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 9000);
		expect_duration(&record, 8000 - i);
	}
	for (i = 1; i <= 6000; i += 2) {
		record = apply(i, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE, 9000);
		expect_duration(&record, 8000 - i);
	}
	assert_int_equal(pool_in_use, 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_duration),
		TEST(test_unknown_after_a_gap),
		TEST(test_close_removes),
		TEST(test_end_of_the_earlier_life),
		TEST(test_any_difference_is_another_tuple),
		TEST(test_owner_is_carried_along),
		TEST(test_inherits_and_is_accepted),
		TEST(test_unknown_listener),
		TEST(test_learned_is_a_lower_bound),
		TEST(test_what_is_known_is_not_learned),
		TEST(test_doubted_is_forgotten),
		TEST(test_births_only),
		TEST(test_no_memory),
		cmocka_unit_test(test_bounds_of_memory),
		TEST(test_mark_holds_for_its_transition),
		TEST(test_mark_ends_with_a_transition),
		TEST(test_later_mark_counts),
		TEST(test_cause_without_an_entry),
		TEST(test_settled_for_anybody),
		TEST(test_handshake),
		TEST(test_handshake_is_not_the_earlier_one),
		TEST(test_no_handshake_without_a_syn),
		TEST(test_file_and_cgroup),
		TEST(test_flags_last),
		TEST(test_row_asks_who_is_there),
		TEST(test_end_lets_go_of_the_socket),
		TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
