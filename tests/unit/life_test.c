// SPDX-License-Identifier: GPL-2.0
/* What happens to connections: their entries, and the records of it. */
#include "unit.h"

#include <linux/ktime.h>

#include "conn.h"
#include "life.h"
#include "pool_stub.h"
#include "stream_stub.h"
#include "uapi/tcpstates.h"
#include "verify.h"

#define OWNED	(TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID)

/* Who is at work. */
#define US	1UL
#define THEM	2UL

/* Structures of the kernel: addresses that nothing is at. */
static const struct sock *const sk = (const struct sock *)0x1000;
static const struct sock *const child = (const struct sock *)0x2000;
static const struct request_sock *const req =
	(const struct request_sock *)0x3000;
static const struct request_sock *const copy =
	(const struct request_sock *)0x4000;
static const void *const tw = (const void *)0x5000;

static const struct tcps_tuple tuple = {
	.known = TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT |
		 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT,
	.netns = 4026531840U,
	.lport = 80,
	.rport = 1234,
	.laddr = { 10, 0, 0, 5 },
	.raddr = { 10, 0, 0, 9 },
	.family = TCPSTATES_FAMILY_INET,
};

static const struct tcps_owner nobody;

static u64 now;

u64 ktime_get_boottime_ns(void)
{
	return now;
}

u64 ktime_get_real_ns(void)
{
	return now + SHIM_REAL_OFFSET;
}

/* Nothing is learned but where a test says so. */
static int setup(void **state)
{
	int ret;

	(void)state;
	now = 1000;
	stream_old_byte = 0xa5;
	ret = tcps_conn_init(TCPS_CONN_MIB_MIN);
	tcps_verify_learn_begin();
	tcps_verify_learn_end();
	return ret;
}

static int teardown(void **state)
{
	(void)state;
	tcps_conn_exit();
	assert_int_equal(pool_in_use, 0);
	assert_int_equal(stream_count(), 0);
	return 0;
}

static struct tcps_step sock_step(u64 cookie, const struct sock *sock, u8 old,
				  u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = sock,
		.next = new == TCPSTATES_CLOSE ? NULL : sock,
		.kind = TCPS_KIND_SOCK,
		.tuple = &tuple,
		.old = old,
		.new = new,
	};
}

static struct tcps_step request_step(u64 cookie,
				     const struct request_sock *request,
				     u8 old, u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = request,
		.next = new == TCPSTATES_CLOSE ? NULL : request,
		.kind = TCPS_KIND_REQUEST,
		.tuple = &tuple,
		.old = old,
		.new = new,
	};
}

/* A minisock's, which is always strict. */
static struct tcps_step minisock_step(u64 cookie, u8 old, u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = tw,
		.next = new == TCPSTATES_CLOSE ? NULL : tw,
		.kind = TCPS_KIND_TIMEWAIT,
		.tuple = &tuple,
		.strict = true,
		.old = old,
		.new = new,
	};
}

/* What has been recorded of @step, with what every record has. */
static struct tcpstates_record take(const struct tcps_step *step)
{
	struct tcpstates_record record = stream_take();

	assert_int_equal(record.conn, step->cookie);
	assert_int_equal(record.old_state, step->old);
	assert_int_equal(record.new_state, step->new);
	assert_int_equal(record.boot_ns, now);
	assert_int_equal(record.real_ns, now + SHIM_REAL_OFFSET);
	return record;
}

/* @step must become what its states say, of a connection that is known. */
static struct tcpstates_record take_step(const struct tcps_step *step,
					 u64 time)
{
	now = time;
	if (step->old == TCPSTATES_CLOSE || step->old == TCPSTATES_UNKNOWN ||
	    (step->old == TCPSTATES_LISTEN && step->new == TCPSTATES_SYN_RECV))
		assert_true(tcps_life_begin(step, &nobody));
	else if (step->new == TCPSTATES_CLOSE &&
		 step->kind == TCPS_KIND_SOCK)
		assert_int_equal(tcps_life_close(step), TCPS_END_RECORDED);
	else
		assert_int_equal(tcps_life_step(step), TCPS_STEP_DONE);
	return take(step);
}

static struct tcpstates_record go(u64 cookie, u8 old, u8 new, u64 time)
{
	struct tcps_step step = sock_step(cookie, sk, old, new);

	return take_step(&step, time);
}

static struct tcpstates_record go_request(u64 cookie, u8 old, u8 new, u64 time)
{
	struct tcps_step step = request_step(cookie, req, old, new);

	return take_step(&step, time);
}

static struct tcpstates_record go_minisock(u64 cookie, u8 old, u8 new,
					   u64 time)
{
	struct tcps_step step = minisock_step(cookie, old, new);

	return take_step(&step, time);
}

/* A minisock takes the place of the socket; false if that has no entry. */
static bool replaces(const struct tcps_step *step)
{
	if (step->old == step->new)
		return tcps_life_stay(step->cookie, step->holder, step->next,
				      step->flags);
	return tcps_life_step(step) == TCPS_STEP_DONE;
}

/* A minisock in the place of the socket, which was in FIN_WAIT2. */
static void replace(u64 cookie, u8 new, u64 time)
{
	struct tcps_step step = sock_step(cookie, sk, TCPSTATES_FIN_WAIT2, new);

	now = time;
	step.next = tw;
	assert_true(replaces(&step));
	if (new == step.old)
		assert_int_equal(stream_count(), 0);
	else
		take(&step);
}

/* The CLOSE of the socket; nothing may be recorded. */
static void expect_end(u64 cookie, u8 old, enum tcps_end end)
{
	struct tcps_step step = sock_step(cookie, sk, old, TCPSTATES_CLOSE);

	assert_int_equal(tcps_life_close(&step), end);
	assert_int_equal(stream_count(), 0);
}

static void expect_stepped(const struct tcps_step *step,
			   enum tcps_stepped stepped)
{
	assert_int_equal(tcps_life_step(step), stepped);
	assert_int_equal(stream_count(), 0);
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

static void expect_tuple(const struct tcpstates_record *record,
			 const struct tcps_tuple *expected)
{
	assert_int_equal(record->known & expected->known, expected->known);
	assert_int_equal(record->family, expected->family);
	assert_int_equal(record->netns, expected->netns);
	assert_int_equal(record->lport, expected->lport);
	assert_int_equal(record->rport, expected->rport);
	assert_memory_equal(record->laddr, expected->laddr, 16);
	assert_memory_equal(record->raddr, expected->raddr, 16);
}

/* The rows of the chain of @cookie, and the first of them. */
static unsigned int copy_row(u64 cookie, struct tcpstates_record *row)
{
	return tcps_conn_copy(tcps_conn_chain(cookie), row, 1);
}

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

static struct tcps_owner make_owner(u32 pid, const char *comm)
{
	struct tcps_owner owner = {
		.known = OWNED | TCPSTATES_KNOW_INODE | TCPSTATES_KNOW_CGROUP,
		.pid = pid,
		.uid = 1000 + pid,
		.inode = 2000 + pid,
		.cgroup = 77,
	};

	memcpy(owner.comm, comm, strlen(comm));
	return owner;
}

static void expect_owner(const struct tcpstates_record *record, u32 pid,
			 const char *comm)
{
	assert_int_equal(record->known & OWNED, OWNED);
	assert_int_equal(record->pid, pid);
	assert_int_equal(record->uid, 1000 + pid);
	assert_string_equal(record->comm, comm);
	assert_true(record->known & TCPSTATES_KNOW_CGROUP);
	assert_int_equal(record->cgroup, 77);
}

static void expect_inode(const struct tcpstates_record *record, u64 inode)
{
	assert_int_equal(!(record->known & TCPSTATES_KNOW_INODE), !inode);
	assert_int_equal(record->inode, inode);
}

static struct tcpstates_record begin_owned(u64 cookie, u8 new, u32 pid,
					   const char *comm)
{
	struct tcps_step step = sock_step(cookie, sk, TCPSTATES_CLOSE, new);
	struct tcps_owner owner = make_owner(pid, comm);

	assert_true(tcps_life_begin(&step, &owner));
	return take(&step);
}

static void test_owner_is_carried_along(void **state)
{
	struct tcps_step step;
	struct tcpstates_record record;

	(void)state;
	record = begin_owned(7, TCPSTATES_SYN_SENT, 812, "curl");
	expect_owner(&record, 812, "curl");
	expect_inode(&record, 2812);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	expect_owner(&record, 812, "curl");
	expect_inode(&record, 2812);
	assert_int_equal(record.flags, 0);
	step = sock_step(7, sk, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT2);
	step.flags = TCPSTATES_FLAG_ORPHAN;
	record = take_step(&step, 1200);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ORPHAN);
	/* A minisock does not know that it is an orphan. */
	replace(7, TCPSTATES_FIN_WAIT2, 1300);
	record = go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 1400);
	expect_owner(&record, 812, "curl");
	expect_inode(&record, 2812);
	expect_tuple(&record, &tuple);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ORPHAN);
	record = go(8, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1500);
	assert_int_equal(record.known & OWNED, 0);
	assert_int_equal(record.flags, 0);
}

/* A child is in its listener's cgroup, and has no file before accept(). */
static void test_inherits_and_is_accepted(void **state)
{
	struct tcps_step step = request_step(2, req, TCPSTATES_LISTEN,
					     TCPSTATES_SYN_RECV);
	struct tcps_owner owner = { }, worker = make_owner(501, "worker");
	struct tcpstates_record record;

	(void)state;
	begin_owned(1, TCPSTATES_LISTEN, 500, "nginx");
	tcps_life_inherit(1, sk, &owner);
	step.flags = TCPSTATES_FLAG_UNACCEPTED;
	assert_true(tcps_life_begin(&step, &owner));
	record = take(&step);
	expect_owner(&record, 500, "nginx");
	expect_inode(&record, 0);
	assert_int_equal(record.flags, TCPSTATES_FLAG_UNACCEPTED);

	assert_true(tcps_life_pass(2, req, child));
	step = sock_step(2, child, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED);
	record = take_step(&step, 1100);
	expect_owner(&record, 500, "nginx");
	expect_inode(&record, 0);
	assert_int_equal(record.flags, TCPSTATES_FLAG_UNACCEPTED);

	tcps_life_accepted(2, child, &worker);
	step = sock_step(2, child, TCPSTATES_ESTABLISHED,
			 TCPSTATES_CLOSE_WAIT);
	record = take_step(&step, 1200);
	expect_owner(&record, 501, "worker");
	expect_inode(&record, 2501);
	assert_int_equal(record.flags, 0);
	expect_duration(&record, 100);

	/* The listener's owner is as before; nobody has accepted nothing. */
	tcps_life_accepted(99, sk, &worker);
	assert_int_equal(pool_in_use, 2);
	record = go(1, TCPSTATES_LISTEN, TCPSTATES_CLOSE, 1300);
	expect_owner(&record, 500, "nginx");
	expect_inode(&record, 2500);
}

/* Of a listener that nobody knows nothing is inherited. */
static void test_unknown_listener(void **state)
{
	struct tcps_owner owner = { };

	(void)state;
	begin_owned(1, TCPSTATES_LISTEN, 500, "nginx");
	tcps_life_inherit(1, child, &owner);
	tcps_life_inherit(2, sk, &owner);
	assert_memory_equal(&owner, &nobody, sizeof(owner));
}

/* How it began is said of it to the end, and of no other. */
static void test_flags_last(void **state)
{
	const u32 flags = TCPSTATES_FLAG_SYNCOOKIE | TCPSTATES_FLAG_TFO;
	struct tcps_step step = sock_step(7, sk, TCPSTATES_LISTEN,
					  TCPSTATES_SYN_RECV);
	struct tcps_tuple mapped = tuple;
	struct tcpstates_record record, row;

	(void)state;
	mapped.flags = TCPSTATES_FLAG_V4MAPPED;
	step.tuple = &mapped;
	step.flags = flags;
	record = take_step(&step, 1000);
	assert_int_equal(record.flags, flags | mapped.flags);
	step = sock_step(7, sk, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED);
	step.flags = TCPSTATES_FLAG_MPTCP;
	record = take_step(&step, 1100);
	assert_int_equal(record.flags,
			 flags | mapped.flags | TCPSTATES_FLAG_MPTCP);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.flags, record.flags);
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE, 1200);
	assert_int_equal(record.flags,
			 flags | mapped.flags | TCPSTATES_FLAG_MPTCP);
	record = go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1300);
	assert_int_equal(record.flags, 0);
}

/* A minisock that takes over says what its socket is at that moment. */
static void test_flags_of_the_replaced(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_FIN_WAIT2,
					  TCPSTATES_FIN_WAIT2);
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	step.next = tw;
	step.flags = TCPSTATES_FLAG_ORPHAN;
	assert_true(replaces(&step));
	record = go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 1100);
	expect_duration(&record, 100);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ORPHAN);
}

/* A transition by @by, of the cause unread unless one is noted. */
static u8 cause_of(u64 cookie, const struct sock *sock, unsigned long by)
{
	struct tcps_step step = sock_step(cookie, sock, TCPSTATES_ESTABLISHED,
					  TCPSTATES_CLOSE);

	step.cause = TCPSTATES_CAUSE_UNREAD;
	step.unless_marked = true;
	step.by = by;
	return take_step(&step, 1000).cause;
}

static u8 cause_after_mark(const void *marked, unsigned long marked_by,
			   unsigned long by)
{
	go(7, TCPSTATES_CLOSE, TCPSTATES_ESTABLISHED, 1000);
	tcps_life_mark(7, marked, marked_by, TCPSTATES_CAUSE_ABORT);
	return cause_of(7, sk, by);
}

/* A mark is for one structure and one path through the kernel. */
static void test_mark_holds_for_its_transition(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_ESTABLISHED,
					  TCPSTATES_CLOSE);

	(void)state;
	assert_int_equal(cause_after_mark(sk, US, US), TCPSTATES_CAUSE_ABORT);
	assert_int_equal(cause_after_mark(child, US, US),
			 TCPSTATES_CAUSE_UNREAD);
	assert_int_equal(cause_after_mark(sk, THEM, US),
			 TCPSTATES_CAUSE_UNREAD);
	/* Where the cause is certain, no mark counts. */
	go(7, TCPSTATES_CLOSE, TCPSTATES_ESTABLISHED, 1000);
	tcps_life_mark(7, sk, US, TCPSTATES_CAUSE_ABORT);
	step.cause = TCPSTATES_CAUSE_FIN;
	step.by = US;
	assert_int_equal(take_step(&step, 1000).cause, TCPSTATES_CAUSE_FIN);
	/* Nobody is there to be marked; and a mark makes nobody. */
	tcps_life_mark(8, sk, US, TCPSTATES_CAUSE_ABORT);
	assert_int_equal(pool_in_use, 0);
}

static void test_mark_ends_with_a_transition(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_life_mark(7, sk, US, TCPSTATES_CAUSE_SHUTDOWN);
	go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	assert_int_equal(cause_of(7, sk, US), TCPSTATES_CAUSE_UNREAD);
}

static void test_later_mark_counts(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_life_mark(7, sk, US, TCPSTATES_CAUSE_KILLED);
	tcps_life_mark(7, sk, US, TCPSTATES_CAUSE_DISCONNECT);
	assert_int_equal(cause_of(7, sk, US), TCPSTATES_CAUSE_DISCONNECT);
}

/* A mark is for one of two with the same cookie. */
static void test_mark_of_one_of_two(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_TIME_WAIT, 1100);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_GHOST);
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1200);
	tcps_life_mark(7, tw, US, TCPSTATES_CAUSE_TW_REUSED);
	assert_int_equal(cause_of(7, sk, US), TCPSTATES_CAUSE_UNREAD);
}

/* A request's end by them, of the cause duplicate unless one is noted. */
static u8 end_of_request(u64 cookie, const struct request_sock *request,
			 unsigned long by)
{
	struct tcps_step step = request_step(cookie, request,
					     TCPSTATES_SYN_RECV,
					     TCPSTATES_CLOSE);

	step.cause = TCPSTATES_CAUSE_DUPLICATE;
	step.unless_marked = true;
	step.by = by;
	return take_step(&step, 1000).cause;
}

/* The cause of a request's end, dropped by us and freed by them. */
static u8 cause_after_settling(const void *marked, unsigned long marked_by,
			       u8 mark, u8 settled)
{
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	if (marked)
		tcps_life_mark(7, marked, marked_by, mark);
	assert_true(tcps_life_settle(7, req, US, settled));
	return end_of_request(7, req, THEM);
}

static void test_settled_for_anybody(void **state)
{
	const u8 rst = TCPSTATES_CAUSE_RST_RECEIVED;
	const u8 late = TCPSTATES_CAUSE_SYNACK_TIMEOUT;
	const u8 killed = TCPSTATES_CAUSE_KILLED;

	(void)state;
	assert_int_equal(cause_after_settling(NULL, 0, 0, late), late);
	/* Ours from before holds where the end itself says nothing. */
	assert_int_equal(cause_after_settling(req, US, rst, 0), rst);
	assert_int_equal(cause_after_settling(req, US, rst, late), late);
	assert_int_equal(cause_after_settling(req, US, killed, late), killed);
	/* Others' never does. */
	assert_int_equal(cause_after_settling(req, THEM, rst, 0), 0);
	assert_int_equal(cause_after_settling(req, THEM, killed, late), late);
	assert_int_equal(cause_after_settling(copy, US, rst, 0), 0);
	/* That none was noted before says that nothing is known. */
	assert_int_equal(cause_after_settling(NULL, 0, 0, 0), 0);
	assert_false(tcps_life_settle(8, req, US, late));
	assert_int_equal(pool_in_use, 0);
	/* It was not dropped at all. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	assert_int_equal(end_of_request(7, req, THEM),
			 TCPSTATES_CAUSE_DUPLICATE);
}

/* What is left of a mark that a transition has used up. */
static void test_settled_after_a_transition(void **state)
{
	const u8 rst = TCPSTATES_CAUSE_RST_RECEIVED;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_life_mark(7, sk, US, rst);
	go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1100);
	assert_true(tcps_life_settle(7, sk, US, 0));
	assert_int_equal(cause_of(7, sk, US), TCPSTATES_CAUSE_UNKNOWN);
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

static void begin_of_cause(u64 cookie, u8 old, u8 new, u8 cause, u64 time)
{
	struct tcps_step step = sock_step(cookie, sk, old, new);
	struct tcpstates_record record;

	step.cause = cause;
	record = take_step(&step, time);
	assert_int_equal(record.cause, cause);
	expect_no_handshake(&record);
}

static void connect_at(u64 cookie, u64 time)
{
	begin_of_cause(cookie, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT,
		       TCPSTATES_CAUSE_CONNECT, time);
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

static void learn_step(const struct tcps_step *step, u64 time)
{
	struct tcps_owner owner = { .known = TCPSTATES_KNOW_UID, .uid = 33 };

	now = time;
	tcps_verify_learn(step, &owner);
	assert_int_equal(stream_count(), 0);
}

static void learn(u64 cookie, const struct sock *sock, u8 new, u64 time)
{
	struct tcps_step step = sock_step(cookie, sock, TCPSTATES_UNKNOWN, new);

	learn_step(&step, time);
}

static void learn_minisock(u64 cookie, u8 new, u64 time)
{
	struct tcps_step step = minisock_step(cookie, TCPSTATES_UNKNOWN, new);

	learn_step(&step, time);
}

static void test_learned_is_a_lower_bound(void **state)
{
	struct tcpstates_record record;

	(void)state;
	learn(7, sk, TCPSTATES_SYN_SENT, 1000);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1500);
	expect_duration(&record, 500);
	expect_no_handshake(&record);
	expect_tuple(&record, &tuple);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ATLEAST);
	assert_int_equal(record.known & OWNED, TCPSTATES_KNOW_UID);
	assert_int_equal(record.uid, 33);
	/* From here on it is seen. */
	record = go(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT2, 1600);
	expect_duration(&record, 100);
	assert_int_equal(record.flags, 0);
}

/* That the socket was replaced is no transition: the state is as old. */
static void test_lower_bound_stays_without_a_transition(void **state)
{
	struct tcpstates_record record;

	(void)state;
	learn(7, sk, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_FIN_WAIT2, 1100);
	record = go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 1500);
	expect_duration(&record, 500);
	assert_int_equal(record.flags, TCPSTATES_FLAG_ATLEAST);
}

static void test_learned_has_flags(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_UNKNOWN,
					  TCPSTATES_ESTABLISHED);
	struct tcps_tuple mapped = tuple;
	struct tcpstates_record row;

	(void)state;
	mapped.flags = TCPSTATES_FLAG_V4MAPPED;
	step.tuple = &mapped;
	step.flags = TCPSTATES_FLAG_UNACCEPTED;
	learn_step(&step, 1000);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.new_state, TCPSTATES_ESTABLISHED);
	assert_int_equal(row.boot_ns, 1000);
	assert_int_equal(row.flags, TCPSTATES_FLAG_V4MAPPED |
				    TCPSTATES_FLAG_UNACCEPTED |
				    TCPSTATES_FLAG_ATLEAST);
	assert_int_equal(row.rtt_us, (u32)(uintptr_t)sk);
	step = request_step(7, req, TCPSTATES_UNKNOWN, TCPSTATES_SYN_RECV);
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE, 1100);
	learn_step(&step, 1200);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.retrans, (u32)(uintptr_t)req);
}

static void test_what_is_known_is_not_learned(void **state)
{
	struct tcpstates_record record;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	learn(7, sk, TCPSTATES_ESTABLISHED, 1100);
	assert_int_equal(pool_in_use, 1);
	record = go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED, 1200);
	expect_duration(&record, 200);
	assert_int_equal(record.flags, 0);
}

/* A full socket that its connection has done with, or has not come to yet. */
static void test_what_is_told_is_not_learned(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_FIN_WAIT2, 1100);
	learn(7, sk, TCPSTATES_FIN_WAIT2, 1200);
	assert_int_equal(pool_in_use, 1);
	learn_minisock(7, TCPSTATES_FIN_WAIT2, 1200);
	assert_int_equal(pool_in_use, 1);
	go_request(8, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	learn(8, child, TCPSTATES_SYN_RECV, 1200);
	assert_int_equal(pool_in_use, 2);
	/* A second life, beside the minisock of the first. */
	learn(7, child, TCPSTATES_ESTABLISHED, 1300);
	assert_int_equal(pool_in_use, 3);
	go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_CLOSE, 1400);
	assert_true(tcps_life_is(7, child, TCPSTATES_ESTABLISHED));
	assert_int_equal(pool_in_use, 3);
	/* Minisocks are none of these: one beside the second life. */
	learn_minisock(7, TCPSTATES_TIME_WAIT, 1500);
	assert_int_equal(pool_in_use, 4);
}

static void test_unconfirmed_is_forgotten(void **state)
{
	(void)state;
	tcps_verify_learn_begin();
	assert_true(tcps_verify_learning());
	learn_minisock(7, TCPSTATES_TIME_WAIT, 1000);
	learn_minisock(8, TCPSTATES_TIME_WAIT, 1000);
	learn(9, sk, TCPSTATES_ESTABLISHED, 1000);
	go(10, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT, 1000);
	tcps_verify_learn_confirm();
	assert_int_equal(pool_in_use, 4);
	/* Met again; changed meanwhile; seen from its beginning. */
	learn_minisock(8, TCPSTATES_TIME_WAIT, 1100);
	go(9, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1100);
	/* Only confirmed, and not learned. */
	learn(11, sk, TCPSTATES_ESTABLISHED, 1100);
	assert_int_equal(pool_in_use, 4);
	assert_true(tcps_verify_learning());
	tcps_verify_learn_end();
	assert_false(tcps_verify_learning());
	assert_int_equal(pool_in_use, 3);
	assert_false(tcps_life_known(7));
	/* What was not met by then has ended, though it is hashed still. */
	learn_minisock(7, TCPSTATES_TIME_WAIT, 1200);
	assert_int_equal(pool_in_use, 3);
	/* Confirming does not make what is known younger, or certain. */
	assert_int_equal(go_minisock(8, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE,
				     1500).dur_ns, 500);
}

static struct tcpstates_record go_strange(u64 cookie, u8 old, u8 new, u64 time)
{
	struct tcps_step step = sock_step(cookie, sk, old, new);

	now = time;
	tcps_life_strange(&step);
	return take(&step);
}

/* Met in the middle of its life: known from now on, while that may be. */
static void test_strangers_are_learned(void **state)
{
	struct tcps_step step = sock_step(12, sk, TCPSTATES_ESTABLISHED,
					  TCPSTATES_FIN_WAIT1);
	struct tcpstates_record record;

	(void)state;
	tcps_verify_learn_begin();
	record = go_strange(7, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1000);
	expect_no_duration(&record);
	expect_tuple(&record, &tuple);
	assert_int_equal(record.flags, 0);
	assert_int_equal(pool_in_use, 1);
	record = go(7, TCPSTATES_FIN_WAIT1, TCPSTATES_FIN_WAIT2, 1600);
	expect_duration(&record, 600);
	expect_tuple(&record, &tuple);
	/* What was noted before there was an entry is lost, not guessed. */
	step.unless_marked = true;
	step.by = US;
	step.cause = TCPSTATES_CAUSE_CLOSE;
	tcps_life_mark(12, sk, US, TCPSTATES_CAUSE_SHUTDOWN);
	tcps_life_strange(&step);
	assert_int_equal(take(&step).cause, TCPSTATES_CAUSE_UNKNOWN);
	assert_int_equal(pool_in_use, 2);
	/* An end makes nothing. */
	go_strange(8, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE, 1700);
	assert_int_equal(pool_in_use, 2);
	tcps_verify_learn_end();
	go_strange(9, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1000);
	assert_int_equal(pool_in_use, 2);
	go(10, TCPSTATES_CLOSE, TCPSTATES_LISTEN, 1000);
	assert_int_equal(pool_in_use, 3);
}

/* One that is met when a minisock replaces it: the row must not ask it. */
static void test_stranger_is_replaced(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_FIN_WAIT2,
					  TCPSTATES_TIME_WAIT);
	struct tcpstates_record record, row;

	(void)state;
	tcps_verify_learn_begin();
	step.next = tw;
	tcps_life_strange(&step);
	record = take(&step);
	assert_int_equal(record.rtt_us, (u32)(uintptr_t)sk);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RTT, 0);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_STRANGE);
	record = go_minisock(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 1100);
	expect_duration(&record, 100);
}

/* A stranger's tuple and flags, and nothing that only an entry could tell. */
static void test_strangers(void **state)
{
	struct tcps_step step = sock_step(7, sk, TCPSTATES_SYN_SENT,
					  TCPSTATES_ESTABLISHED);
	struct tcps_tuple mapped = tuple;
	struct tcpstates_record record;

	(void)state;
	mapped.flags = TCPSTATES_FLAG_V4MAPPED;
	step.tuple = &mapped;
	step.flags = TCPSTATES_FLAG_ORPHAN;
	step.cause = TCPSTATES_CAUSE_SYNACK;
	tcps_life_strange(&step);
	record = take(&step);
	expect_no_duration(&record);
	expect_no_handshake(&record);
	expect_tuple(&record, &tuple);
	assert_int_equal(record.known & OWNED, 0);
	assert_int_equal(record.flags,
			 TCPSTATES_FLAG_V4MAPPED | TCPSTATES_FLAG_ORPHAN);
	assert_int_equal(record.rtt_us, (u32)(uintptr_t)sk);
	assert_int_equal(record.cause, TCPSTATES_CAUSE_SYNACK);
	/* That none was noted says nothing of what has no entry. */
	step.unless_marked = true;
	step.by = US;
	tcps_life_strange(&step);
	assert_int_equal(take(&step).cause, TCPSTATES_CAUSE_UNKNOWN);
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
	go_strange(9, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1, 1000);
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

/* The CLOSE of a socket that was replaced is not its connection's. */
static void test_ghost(void **state)
{
	struct tcps_step step;
	struct tcpstates_record record, row;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_TIME_WAIT, 1100);
	/* Another's is not the ghost's. */
	step = sock_step(7, child, TCPSTATES_SYN_RECV, TCPSTATES_CLOSE);
	assert_int_equal(tcps_life_close(&step), TCPS_END_STRANGE);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_GHOST);
	assert_int_equal(pool_in_use, 1);
	/* Only once. */
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_STRANGE);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.new_state, TCPSTATES_TIME_WAIT);
	assert_int_equal(row.known & TCPSTATES_KNOW_RTT, 0);
	record = go_minisock(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 1500);
	expect_duration(&record, 400);
	assert_int_equal(pool_in_use, 0);
}

/* The minisock ends first: nothing is to be seen until the ghost is laid. */
static void test_ghost_outlives_its_connection(void **state)
{
	struct tcps_step step = minisock_step(7, TCPSTATES_TIME_WAIT,
					      TCPSTATES_CLOSE);
	struct tcpstates_record row;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_TIME_WAIT, 1100);
	go_minisock(7, TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE, 1500);
	assert_int_equal(pool_in_use, 1);
	assert_int_equal(copy_row(7, &row), 0);
	expect_stepped(&step, TCPS_STEP_STRANGE);
	/* Nobody claims what is over. */
	tcps_life_mark(7, tw, US, TCPSTATES_CAUSE_TW_RESET);
	assert_false(tcps_life_settle(7, tw, US, 0));
	assert_false(tcps_life_pass(7, tw, sk));
	learn(7, sk, TCPSTATES_FIN_WAIT2, 1600);
	assert_int_equal(pool_in_use, 1);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_GHOST);
	assert_int_equal(pool_in_use, 0);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_ALONE);
}

/* Learning ends in between: the ghost must still be known. */
static void test_ghost_is_not_forgotten(void **state)
{
	(void)state;
	tcps_verify_learn_begin();
	learn(7, sk, TCPSTATES_FIN_WAIT2, 1000);
	replace(7, TCPSTATES_FIN_WAIT2, 1100);
	tcps_verify_learn_confirm();
	tcps_verify_learn_end();
	assert_int_equal(pool_in_use, 1);
	expect_end(7, TCPSTATES_FIN_WAIT2, TCPS_END_GHOST);
	go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_CLOSE, 1200);
	assert_int_equal(pool_in_use, 0);
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

/* A child takes its request's place, and its socket is asked from then on. */
static void test_child_takes_over(void **state)
{
	struct tcps_step step = sock_step(7, child, TCPSTATES_SYN_RECV,
					  TCPSTATES_ESTABLISHED);
	struct tcps_step end = request_step(7, req, TCPSTATES_SYN_RECV,
					    TCPSTATES_CLOSE);
	struct tcpstates_record record, row;

	(void)state;
	record = go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	assert_int_equal(record.retrans, (u32)(uintptr_t)req);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.retrans, (u32)(uintptr_t)req);
	assert_true(tcps_life_pass(7, req, child));
	/* The request is gone, and the child is not known to be there. */
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & (TCPSTATES_KNOW_RTT |
				      TCPSTATES_KNOW_RETRANS), 0);
	expect_stepped(&end, TCPS_STEP_STRANGE);
	record = take_step(&step, 1100);
	expect_duration(&record, 100);
	assert_int_equal(record.rtt_us, (u32)(uintptr_t)child);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.rtt_us, (u32)(uintptr_t)child);
	assert_false(tcps_life_pass(7, req, child));
	/* A full socket that is not the holder any more is not asked. */
	assert_true(tcps_life_pass(7, child, sk));
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RTT, 0);
	/* That another took over is not a cause of its end. */
	assert_int_equal(cause_of(7, sk, US), TCPSTATES_CAUSE_UNREAD);
}

/* The child's first step comes before it is known that it has taken over. */
static void test_child_is_adopted(void **state)
{
	struct tcps_step step = sock_step(7, child, TCPSTATES_SYN_RECV,
					  TCPSTATES_ESTABLISHED);
	struct tcps_step late = request_step(7, req, TCPSTATES_SYN_RECV,
					     TCPSTATES_CLOSE);
	struct tcpstates_record record;

	(void)state;
	expect_stepped(&step, TCPS_STEP_STRANGE);
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	/* Not at a later step: that has been missed, or is another's. */
	step.old = TCPSTATES_ESTABLISHED;
	step.new = TCPSTATES_FIN_WAIT1;
	expect_stepped(&step, TCPS_STEP_STRANGE);
	step.old = TCPSTATES_SYN_RECV;
	/* Its CLOSE is not: another child may be the connection. */
	step.new = TCPSTATES_CLOSE;
	assert_int_equal(tcps_life_close(&step), TCPS_END_STRANGE);
	step.new = TCPSTATES_ESTABLISHED;
	record = take_step(&step, 1100);
	expect_duration(&record, 100);
	assert_true(tcps_life_is(7, child, TCPSTATES_ESTABLISHED));
	expect_stepped(&late, TCPS_STEP_STRANGE);
	/* Not twice, and not in another state. */
	step.holder = sk;
	step.kind = TCPS_KIND_SOCK;
	expect_stepped(&step, TCPS_STEP_STRANGE);
	step.old = TCPSTATES_ESTABLISHED;
	step.new = TCPSTATES_FIN_WAIT1;
	expect_stepped(&step, TCPS_STEP_STRANGE);
}

/* A request moves to another listener: its copy is known when it is met. */
static bool request_replaced;

static bool is_replaced(const struct request_sock *request)
{
	must(request == req);
	return request_replaced;
}

/* Whether a child that goes to CLOSE is the connection. */
static bool close_child(bool (*replaced)(const struct request_sock *request))
{
	struct tcps_step step = sock_step(7, child, TCPSTATES_SYN_RECV,
					  TCPSTATES_CLOSE);
	bool closed;

	now = 1500;
	closed = tcps_life_close_child(&step, replaced);
	if (closed)
		assert_int_equal(stream_take().dur_ns, 500);
	assert_int_equal(stream_count(), 0);
	return closed;
}

/* MPTCP: a join drops the request, and its child lives. */
static void test_join(void **state)
{
	(void)state;
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	assert_false(tcps_life_join(7, req));
	tcps_life_child(7);
	assert_false(tcps_life_join(7, copy));
	assert_true(tcps_life_join(7, req));
	assert_false(tcps_life_join(7, req));
	/* It is the child's from now on, whichever that is. */
	assert_true(close_child(NULL));
	assert_int_equal(pool_in_use, 0);

	/* The request was dropped: a child came too late. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	tcps_life_child(7);
	assert_true(tcps_life_settle(7, req, US, TCPSTATES_CAUSE_OVERFLOW));
	assert_false(tcps_life_join(7, req));
	request_replaced = true;
	assert_false(close_child(is_replaced));
	assert_int_equal(end_of_request(7, req, US), TCPSTATES_CAUSE_OVERFLOW);
}

/* A child is turned away, before or after it has taken its request's place. */
static void test_refused_join(void **state)
{
	(void)state;
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	request_replaced = true;
	assert_false(close_child(is_replaced));
	tcps_life_child(7);
	assert_false(close_child(NULL));
	request_replaced = false;
	assert_false(close_child(is_replaced));
	assert_int_equal(pool_in_use, 1);
	request_replaced = true;
	assert_true(close_child(is_replaced));
	assert_int_equal(pool_in_use, 0);
	assert_false(close_child(is_replaced));
}

static void test_moved_request(void **state)
{
	struct tcps_step step = request_step(7, copy, TCPSTATES_SYN_RECV,
					     TCPSTATES_CLOSE);
	struct tcpstates_record record, row;

	(void)state;
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	/* Not while the first one stands for it. */
	expect_stepped(&step, TCPS_STEP_STRANGE);
	tcps_life_move(7, copy);
	tcps_life_move(7, req);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RETRANS, 0);
	/* A copy that was freed before it was used ends nothing. */
	expect_stepped(&step, TCPS_STEP_STRANGE);
	assert_true(tcps_life_settle(7, copy, US,
				     TCPSTATES_CAUSE_SYNACK_TIMEOUT));
	record = take_step(&step, 1100);
	expect_duration(&record, 100);
	assert_int_equal(pool_in_use, 0);

	/* Met before its end: it stands for the connection from then on. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	tcps_life_move(7, req);
	tcps_life_mark(7, copy, US, TCPSTATES_CAUSE_RST_RECEIVED);
	assert_true(tcps_life_is(7, copy, TCPSTATES_SYN_RECV));
	assert_false(tcps_life_pass(7, req, child));
	assert_int_equal(end_of_request(7, copy, US),
			 TCPSTATES_CAUSE_RST_RECEIVED);

	/* It was dropped, but nobody noted why. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	tcps_life_move(7, req);
	assert_true(tcps_life_settle(7, copy, THEM, TCPSTATES_CAUSE_UNKNOWN));
	assert_int_equal(end_of_request(7, copy, THEM),
			 TCPSTATES_CAUSE_UNKNOWN);

	/* What was noted of the first one does not hold for the copy. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	tcps_life_mark(7, req, US, TCPSTATES_CAUSE_RST_RECEIVED);
	tcps_life_move(7, req);
	assert_true(tcps_life_settle(7, copy, US, TCPSTATES_CAUSE_UNKNOWN));
	assert_int_equal(end_of_request(7, copy, US),
			 TCPSTATES_CAUSE_UNKNOWN);

	/* Its child takes over. */
	go_request(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV, 1000);
	tcps_life_move(7, req);
	assert_true(tcps_life_pass(7, copy, child));
	assert_true(tcps_life_is(7, child, TCPSTATES_SYN_RECV));
}

/* A row asks who is there, and never one that may be gone. */
static void test_row_asks_who_is_there(void **state)
{
	struct tcps_step step = request_step(8, req, TCPSTATES_LISTEN,
					     TCPSTATES_SYN_RECV);
	struct tcpstates_record row;

	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_FIN_WAIT2, 1000);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.rtt_us, (u32)(uintptr_t)sk);
	replace(7, TCPSTATES_FIN_WAIT2, 1100);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RTT, 0);
	go_minisock(7, TCPSTATES_FIN_WAIT2, TCPSTATES_TIME_WAIT, 1200);
	assert_int_equal(copy_row(7, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RTT, 0);
	/* A request whose end cannot be seen. */
	step.kind = TCPS_KIND_OTHER;
	take_step(&step, 1000);
	assert_int_equal(copy_row(8, &row), 1);
	assert_int_equal(row.known & TCPSTATES_KNOW_RETRANS, 0);
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

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_duration),
		TEST(test_unknown_after_a_gap),
		TEST(test_close_removes),
		TEST(test_begins_anew),
		TEST(test_others_do_nothing),
		TEST(test_known_and_is),
		TEST(test_owner_is_carried_along),
		TEST(test_inherits_and_is_accepted),
		TEST(test_unknown_listener),
		TEST(test_flags_last),
		TEST(test_flags_of_the_replaced),
		TEST(test_mark_holds_for_its_transition),
		TEST(test_mark_ends_with_a_transition),
		TEST(test_later_mark_counts),
		TEST(test_mark_of_one_of_two),
		TEST(test_settled_for_anybody),
		TEST(test_settled_after_a_transition),
		TEST(test_handshake),
		TEST(test_no_handshake_without_a_syn),
		TEST(test_learned_is_a_lower_bound),
		TEST(test_lower_bound_stays_without_a_transition),
		TEST(test_learned_has_flags),
		TEST(test_what_is_known_is_not_learned),
		TEST(test_what_is_told_is_not_learned),
		TEST(test_unconfirmed_is_forgotten),
		TEST(test_strangers_are_learned),
		TEST(test_stranger_is_replaced),
		TEST(test_strangers),
		TEST(test_no_memory),
		TEST(test_ghost),
		TEST(test_ghost_outlives_its_connection),
		TEST(test_ghost_is_not_forgotten),
		TEST(test_two_lives_of_a_socket),
		TEST(test_strict),
		TEST(test_child_takes_over),
		TEST(test_child_is_adopted),
		TEST(test_join),
		TEST(test_refused_join),
		TEST(test_moved_request),
		TEST(test_row_asks_who_is_there),
		TEST(test_records_are_written_whole),
		TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
