// SPDX-License-Identifier: GPL-2.0
#include "life_fixture.h"

#include <linux/ktime.h>

#include "record.h"
#include "verify.h"
#include "visit.h"

const struct tcpstates_ident sample = {
	.known = TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT |
		 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT,
	.netns = 4026531840U,
	.lport = 80,
	.rport = 1234,
	.laddr = { 10, 0, 0, 5 },
	.raddr = { 10, 0, 0, 9 },
};

int life_setup(void **state)
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

int life_teardown(void **state)
{
	(void)state;
	tcps_conn_exit();
	assert_int_equal(pool_in_use, 0);
	assert_int_equal(stream_count(), 0);
	return 0;
}

struct tcps_step sock_step(u64 cookie, const struct sock *sock, u8 old,
			   u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = sock,
		.next = new == TCPSTATES_CLOSE ? NULL : sock,
		.kind = TCPS_KIND_SOCK,
		.ident = &sample,
		.family = TCPSTATES_FAMILY_INET,
		.old = old,
		.new = new,
	};
}

struct tcps_step request_step(u64 cookie,
			      const struct request_sock *request,
			      u8 old, u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = request,
		.next = new == TCPSTATES_CLOSE ? NULL : request,
		.kind = TCPS_KIND_REQUEST,
		.ident = &sample,
		.family = TCPSTATES_FAMILY_INET,
		.old = old,
		.new = new,
	};
}

struct tcps_step minisock_step(u64 cookie, u8 old, u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = tw,
		.next = new == TCPSTATES_CLOSE ? NULL : tw,
		.kind = TCPS_KIND_TIMEWAIT,
		.ident = &sample,
		.family = TCPSTATES_FAMILY_INET,
		.old = old,
		.new = new,
	};
}

unsigned long context;

static u8 find_marked_cause(const struct tcps_step *step,
			    const struct tcps_conn *conn)
{
	return tcps_step_is_marked(conn, context) ? conn->mark : step->cause;
}

const struct tcps_step_rules plain_rules = {
	.read_counters = tcps_step_read_counters,
};

const struct tcps_step_rules strict_rules = {
	.must_match_old = true,
	.read_counters = tcps_step_read_counters,
};

const struct tcps_step_rules marked_rules = {
	.read_counters = tcps_step_read_counters,
	.find_cause = find_marked_cause,
};

struct tcpstates_record take(const struct tcps_step *step)
{
	struct tcpstates_record record = stream_take();

	assert_int_equal(record.conn, step->cookie);
	assert_int_equal(record.old_state, step->old);
	assert_int_equal(record.new_state, step->new);
	assert_int_equal(record.boot_ns, now);
	assert_int_equal(record.real_ns, now + SHIM_REAL_OFFSET);
	return record;
}

struct tcpstates_record take_ruled(const struct tcps_step *step,
				   const struct tcps_step_rules *rules,
				   u64 time)
{
	now = time;
	if (step->old == TCPSTATES_CLOSE || step->old == TCPSTATES_UNKNOWN ||
	    (step->old == TCPSTATES_LISTEN && step->new == TCPSTATES_SYN_RECV))
		assert_true(tcps_life_begin(step));
	else if (step->new == TCPSTATES_CLOSE &&
		 step->kind == TCPS_KIND_SOCK)
		assert_int_equal(tcps_step_close(step, rules),
				 TCPS_END_RECORDED);
	else
		assert_int_equal(tcps_life_step(step, rules), TCPS_STEP_DONE);
	return take(step);
}

struct tcpstates_record take_step(const struct tcps_step *step, u64 time)
{
	return take_ruled(step, step->kind == TCPS_KIND_TIMEWAIT ?
			  &strict_rules : &plain_rules, time);
}

struct tcpstates_record go(u64 cookie, u8 old, u8 new, u64 time)
{
	struct tcps_step step = sock_step(cookie, sk, old, new);

	return take_step(&step, time);
}

struct tcpstates_record go_request(u64 cookie, u8 old, u8 new, u64 time)
{
	struct tcps_step step = request_step(cookie, req, old, new);

	return take_step(&step, time);
}

struct tcpstates_record go_minisock(u64 cookie, u8 old, u8 new,
				    u64 time)
{
	struct tcps_step step = minisock_step(cookie, old, new);

	return take_step(&step, time);
}

bool replaces(const struct tcps_step *step)
{
	if (step->old == step->new)
		return tcps_life_replace(step->cookie, step->holder, step->next,
				      step->flags);
	return tcps_life_step(step, &plain_rules) == TCPS_STEP_DONE;
}

void replace(u64 cookie, u8 new, u64 time)
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

void expect_end(u64 cookie, u8 old, enum tcps_end end)
{
	struct tcps_step step = sock_step(cookie, sk, old, TCPSTATES_CLOSE);

	assert_int_equal(tcps_step_close(&step, &plain_rules), end);
	assert_int_equal(stream_count(), 0);
}

void expect_stepped(const struct tcps_step *step,
		    enum tcps_stepped stepped)
{
	assert_int_equal(tcps_life_step(step, step->kind == TCPS_KIND_TIMEWAIT ?
					&strict_rules : &plain_rules),
			 stepped);
	assert_int_equal(stream_count(), 0);
}

void expect_duration(const struct tcpstates_record *record, u64 dur_ns)
{
	assert_true(record->known & TCPSTATES_KNOW_DURATION);
	assert_int_equal(record->dur_ns, dur_ns);
}

void expect_no_duration(const struct tcpstates_record *record)
{
	assert_false(record->known & TCPSTATES_KNOW_DURATION);
	assert_int_equal(record->dur_ns, 0);
}

void expect_addresses(const struct tcpstates_record *record,
		      const struct tcpstates_ident *expected)
{
	assert_int_equal(record->known & expected->known, expected->known);
	assert_int_equal(record->family, TCPSTATES_FAMILY_INET);
	assert_int_equal(record->netns, expected->netns);
	assert_int_equal(record->lport, expected->lport);
	assert_int_equal(record->rport, expected->rport);
	assert_memory_equal(record->laddr, expected->laddr, 16);
	assert_memory_equal(record->raddr, expected->raddr, 16);
}

unsigned int copy_row(u64 cookie, struct tcpstates_record *row)
{
	struct tcps_visit visit;
	struct hlist_bl_node *node;
	struct tcps_conn *conn;
	unsigned int count = 0;

	tcps_visit_lock(&visit, cookie);
	hlist_bl_for_each_entry(conn, node, visit.chain, node)
		if (conn->state != TCPSTATES_CLOSE && !count++)
			tcps_record_existing(row, conn);
	tcps_visit_unlock(&visit);
	return count;
}

struct tcpstates_ident make_owner(u32 pid, const char *comm)
{
	struct tcpstates_ident owner = sample;

	owner.known |= OWNED | TCPSTATES_KNOW_INODE | TCPSTATES_KNOW_CGROUP;
	owner.pid = pid;
	owner.uid = 1000 + pid;
	owner.inode = 2000 + pid;
	owner.cgroup = 77;

	memcpy(owner.comm, comm, strlen(comm));
	return owner;
}

void expect_owner(const struct tcpstates_record *record, u32 pid,
		  const char *comm)
{
	assert_int_equal(record->known & OWNED, OWNED);
	assert_int_equal(record->pid, pid);
	assert_int_equal(record->uid, 1000 + pid);
	assert_string_equal(record->comm, comm);
	assert_true(record->known & TCPSTATES_KNOW_CGROUP);
	assert_int_equal(record->cgroup, 77);
}

void expect_inode(const struct tcpstates_record *record, u64 inode)
{
	assert_int_equal(!(record->known & TCPSTATES_KNOW_INODE), !inode);
	assert_int_equal(record->inode, inode);
}

struct tcpstates_record begin_owned(u64 cookie, u8 new, u32 pid,
				    const char *comm)
{
	struct tcps_step step = sock_step(cookie, sk, TCPSTATES_CLOSE, new);
	struct tcpstates_ident owned = make_owner(pid, comm);

	step.ident = &owned;
	assert_true(tcps_life_begin(&step));
	return take(&step);
}

u8 cause_of(u64 cookie, const struct sock *sock, unsigned long in)
{
	struct tcps_step step = sock_step(cookie, sock, TCPSTATES_ESTABLISHED,
					  TCPSTATES_CLOSE);

	step.cause = TCPSTATES_CAUSE_UNREAD;
	context = in;
	return take_ruled(&step, &marked_rules, 1000).cause;
}

u8 end_of_request(u64 cookie, const struct request_sock *request,
		  unsigned long in)
{
	struct tcps_step step = request_step(cookie, request,
					     TCPSTATES_SYN_RECV,
					     TCPSTATES_CLOSE);

	step.cause = TCPSTATES_CAUSE_DUPLICATE;
	context = in;
	return take_ruled(&step, &marked_rules, 1000).cause;
}

void expect_handshake(const struct tcpstates_record *record, u64 ns)
{
	assert_true(record->known & TCPSTATES_KNOW_HANDSHAKE);
	assert_int_equal(record->handshake_ns, ns);
}

void expect_no_handshake(const struct tcpstates_record *record)
{
	assert_false(record->known & TCPSTATES_KNOW_HANDSHAKE);
	assert_int_equal(record->handshake_ns, 0);
}

void begin_of_cause(u64 cookie, u8 old, u8 new, u8 cause, u64 time)
{
	struct tcps_step step = sock_step(cookie, sk, old, new);
	struct tcpstates_record record;

	step.cause = cause;
	record = take_step(&step, time);
	assert_int_equal(record.cause, cause);
	expect_no_handshake(&record);
}

void connect_at(u64 cookie, u64 time)
{
	begin_of_cause(cookie, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT,
		       TCPSTATES_CAUSE_CONNECT, time);
}

void learn_step(const struct tcps_step *step, u64 time)
{
	struct tcpstates_ident ident = *step->ident;
	struct tcps_step learned = *step;

	ident.known |= TCPSTATES_KNOW_UID;
	ident.uid = 33;
	learned.ident = &ident;
	now = time;
	tcps_verify_learn(&learned);
	assert_int_equal(stream_count(), 0);
}

void learn(u64 cookie, const struct sock *sock, u8 new, u64 time)
{
	struct tcps_step step = sock_step(cookie, sock, TCPSTATES_UNKNOWN, new);

	learn_step(&step, time);
}

void learn_minisock(u64 cookie, u8 new, u64 time)
{
	struct tcps_step step = minisock_step(cookie, TCPSTATES_UNKNOWN, new);

	learn_step(&step, time);
}

struct tcpstates_record go_untracked(u64 cookie, u8 old, u8 new, u64 time)
{
	struct tcps_step step = sock_step(cookie, sk, old, new);

	now = time;
	tcps_life_step_untracked(&step);
	return take(&step);
}

u64 neighbour(u64 cookie)
{
	unsigned long chain = tcps_conn_chain(cookie);

	while (tcps_conn_chain(++cookie) != chain)
		;
	return cookie;
}
