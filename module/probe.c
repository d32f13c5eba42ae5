// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel keeps a connection in a request socket, a full socket and a
 * timewait minisock, one after the other, and tells of their changes in
 * different places. Here they become one life. Most calls are a transition as
 * they stand. The others need memory of what happened before, in four sets:
 *
 *   half_open   cookies of requests that have been seen and have not ended,
 *               nor become a child
 *   fin_wait2   minisocks in FIN_WAIT2. Not their cookies: a socket that is
 *               connected again may leave two minisocks with the same one
 *   portless    sockets in SYN_SENT or LISTEN that have no local port yet
 *   ghosts      structures that do not stand for their connection: a full
 *               socket replaced by a minisock (its cookie), a child that has
 *               not taken over its request (its cookie, marked), a request
 *               that has been moved to another listener (its address)
 *
 * A key leaves its set at the end of its object at the latest, by a hook that
 * is attached before, and detached after, the one that adds it. The sets are
 * kept from the first hook on, records are made from the last.
 */
#include "probe.h"

#include <linux/bitops.h>
#include <linux/in.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/socket.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <net/inet_sock.h>
#include <net/inet_timewait_sock.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#include "cause.h"
#include "conn.h"
#include "keyset.h"
#include "record.h"
#include "stream.h"
#include "uapi/tcpstates.h"

/*
 * Sizes of the sets. The portless and the ghosts hold keys for microseconds, one
 * for each running call; the other two hold one for each such connection.
 */
#define GHOST_SLOTS		4096
#define PORTLESS_SLOTS	1024
#define HALF_OPEN_SLOTS		65536
#define FIN_WAIT2_SLOTS		65536

/* Tells a child from a full socket among the ghosts. No cookie is so large. */
#define CHILD_MARK		BIT_ULL(63)

static struct tcps_keyset ghosts, portless, half_open, fin_wait2;

/**
 * struct birth - from inet_csk_clone_lock() to the child's first transition
 * @cookie: of the request that the child is made from, 0 if none is
 * @known: the request was in the hash of established sockets once: its SYN_RECV
 *	has been recorded, or happened before loading
 * @record: that transition, if not @known; the child's addresses are not set
 *	yet at that moment before 6.18
 * @origin: its listener
 *
 * Both happen in one function with bottom halves off, so they happen on one
 * CPU; where that does not hold (PREEMPT_RT since 7.x) the child is complete,
 * and the cookie tells whether this is about the same connection.
 */
struct birth {
	u64 cookie;
	bool known;
	struct tcpstates_record record;
	struct tcps_origin origin;
};

static DEFINE_PER_CPU(struct birth, births);
static unsigned long attached_hooks;
static u64 unplaced;	/* children without a tuple; approximate */
static bool any_moved;	/* some request has changed its listener */

static bool attached(unsigned int hook)
{
	return test_bit(hook, &attached_hooks);
}

static int make_set(struct tcps_keyset *set, u64 slots)
{
	set->slots = kvcalloc(slots, sizeof(*set->slots), GFP_KERNEL);
	set->mask = slots - 1;
	return set->slots ? 0 : -ENOMEM;
}

/**
 * tcps_probe_init() - make the sets
 *
 * Context: process, before any hook is attached.
 * Return: 0 or -ENOMEM.
 */
int tcps_probe_init(void)
{
	if (make_set(&ghosts, GHOST_SLOTS) ||
	    make_set(&portless, PORTLESS_SLOTS) ||
	    make_set(&half_open, HALF_OPEN_SLOTS) ||
	    make_set(&fin_wait2, FIN_WAIT2_SLOTS)) {
		tcps_probe_exit();
		return -ENOMEM;
	}
	return 0;
}

/**
 * tcps_probe_exit() - free the sets
 *
 * Context: process, after all hooks are detached.
 */
void tcps_probe_exit(void)
{
	kvfree(fin_wait2.slots);
	kvfree(half_open.slots);
	kvfree(portless.slots);
	kvfree(ghosts.slots);
}

/**
 * tcps_probe_attached() - learn which hooks there are
 * @hook: TCPSTATES_HOOK_*
 * @is: whether it is attached, or about to be
 *
 * Context: process.
 */
void tcps_probe_attached(unsigned int hook, bool is)
{
	assign_bit(hook, &attached_hooks, is);
}

/**
 * tcps_probe_hooks() - tell which hooks there are
 *
 * Return: a bit for each TCPSTATES_HOOK_*.
 */
unsigned long tcps_probe_hooks(void)
{
	return READ_ONCE(attached_hooks);
}

static bool is_tcp(const struct sock *sk)
{
	return sk->sk_protocol == IPPROTO_TCP;
}

static bool is_inet(const struct sock *sk)
{
	return sk->sk_family == AF_INET || sk->sk_family == AF_INET6;
}

/* DCCP has minisocks too; they have no sk_protocol to look at. */
static bool is_tcp_timewait(const struct inet_timewait_sock *tw)
{
	return !strncmp(tw->tw_prot->name, "TCP", 3);
}

/* Who is at work: the same in the calls of one path, another on any other. */
static unsigned long by(void)
{
	return (unsigned long)current | (in_serving_softirq() ? 1 : 0);
}

static bool all_attached(unsigned long hooks)
{
	return (READ_ONCE(attached_hooks) & hooks) == hooks;
}

/*
 * @cause unless another is marked, for a transition that @object makes. With
 * one of @hooks missing, that none is marked says nothing.
 */
static void set_cause(struct tcpstates_record *record,
		      struct tcps_origin *origin, u8 cause, const void *object,
		      unsigned long hooks)
{
	record->cause = all_attached(hooks) ? cause : TCPSTATES_CAUSE_UNKNOWN;
	origin->object = object;
	origin->by = by();
}

#define MARKS_OF_CLOSE		(BIT(TCPSTATES_HOOK_RESET) |		\
				 BIT(TCPSTATES_HOOK_DISCONNECT) |	\
				 BIT(TCPSTATES_HOOK_SHUTDOWN) |		\
				 BIT(TCPSTATES_HOOK_ABORT))
#define MARKS_OF_REQUEST	(BIT(TCPSTATES_HOOK_REQ_DROP) |		\
				 BIT(TCPSTATES_HOOK_REQ_FREE))
#define MARKS_OF_TIMEWAIT	BIT(TCPSTATES_HOOK_TW_DESCHEDULE)

static void set_sock_cause(struct tcpstates_record *record,
			   struct tcps_origin *origin, const struct sock *sk,
			   u8 old, u8 new)
{
	if (new == TCP_CLOSE)
		set_cause(record, origin, tcps_cause_of_close(sk, old), sk,
			  MARKS_OF_CLOSE);
	else if (new == TCP_FIN_WAIT1 || new == TCP_LAST_ACK)
		set_cause(record, origin, TCPSTATES_CAUSE_CLOSE, sk,
			  BIT(TCPSTATES_HOOK_SHUTDOWN));
	else
		record->cause = tcps_cause_of_step(sk, old, new);
}

static void record_transition(struct tcpstates_record *record,
			      const struct tcps_origin *origin)
{
	if (attached(TCPSTATES_HOOK_SET_STATE))
		tcps_stream_record(record, origin);
}

/* Who it is of, if @owned: connect() and listen() make their caller the owner. */
static void fill_sock(struct tcpstates_record *record,
		      struct tcps_origin *origin, const struct sock *sk,
		      u8 old, u8 new, bool owned)
{
	tcps_record_sock(record, sk, old, new);
	tcps_record_health(record, sk);
	set_sock_cause(record, origin, sk, old, new);
	/* A child is being filled in still when it leaves LISTEN. */
	if (new != TCP_CLOSE && new != TCP_TIME_WAIT && old != TCP_LISTEN)
		origin->sk = sk;
	if (owned && in_task()) {
		tcps_record_owner(record);
		tcps_record_file(record, sk);
	}
}

static void sock_transition(const struct sock *sk, u8 old, u8 new)
{
	struct tcps_origin origin = { };
	struct tcpstates_record record;

	fill_sock(&record, &origin, sk, old, new, false);
	record_transition(&record, &origin);
}

static void owned_transition(const struct sock *sk, u8 old, u8 new)
{
	struct tcps_origin origin = { };
	struct tcpstates_record record;

	fill_sock(&record, &origin, sk, old, new, true);
	record_transition(&record, &origin);
}

/* For a connect() or listen() that failed before it had a local port. */
static void portless_transition(const struct sock *sk, u8 old, u8 new)
{
	struct tcps_origin origin = { };
	struct tcpstates_record record;

	fill_sock(&record, &origin, sk, old, new, true);
	tcps_record_no_port(&record);
	record_transition(&record, &origin);
}

/* The end of a request, whose cause was settled when it was dropped. */
static void request_end(const struct request_sock *req)
{
	struct tcps_origin origin = { };
	struct tcpstates_record record;
	u8 cause = TCPSTATES_CAUSE_UNKNOWN;

	tcps_record_request(&record, req, TCP_SYN_RECV, TCP_CLOSE);
	if (!READ_ONCE(any_moved))
		cause = TCPSTATES_CAUSE_DUPLICATE;
	set_cause(&record, &origin, cause, req, MARKS_OF_REQUEST);
	record_transition(&record, &origin);
}

static void timewait_transition(const struct inet_timewait_sock *tw, u8 old,
				u8 new)
{
	struct tcps_origin origin = { };
	struct tcpstates_record record;

	tcps_record_timewait(&record, tw, old, new);
	if (new == TCP_CLOSE)
		set_cause(&record, &origin, tcps_cause_of_expiry(tw, old), tw,
			  MARKS_OF_TIMEWAIT);
	else
		record.cause = TCPSTATES_CAUSE_FIN;
	record_transition(&record, &origin);
}

/* Whether the request is still in the hash of established sockets. */
static bool is_hashed(const struct request_sock *req)
{
	const struct sock *sk = req_to_sk((struct request_sock *)req);

	return !hlist_nulls_unhashed_lockless(&sk->sk_nulls_node);
}

/*
 * Whether the request ever was in the hash of established sockets: then it has
 * references, while those of TCP Fast Open and SYN cookies get theirs when the
 * child exists (cookies checked by BPF have them, but the bit as well).
 */
static bool was_hashed(const struct request_sock *req)
{
	return refcount_read(&req->rsk_refcnt) && !req->syncookie;
}

/* What tcps_probe_child() left for this child, or NULL. Preemption is off. */
static struct birth *birth_of(const struct sock *child)
{
	struct birth *birth = this_cpu_ptr(&births);

	if (!birth->cookie ||
	    (inet_sk(child)->inet_dport &&
	     birth->cookie != (u64)atomic64_read(&child->sk_cookie)))
		return NULL;
	return birth;
}

/*
 * A child was made: LISTEN to SYN_RECV. If its request was seen before, that
 * transition has been recorded, and the child stands for nothing until it has
 * taken the request's place (tcps_probe_request_done()); it may fail to, when
 * another child was faster or memory is short. Before 6.18 the child gets its
 * cookie only after this.
 */
static void child_born(const struct sock *child)
{
	bool complete = inet_sk(child)->inet_dport;
	struct birth *birth;
	u64 cookie = 0;
	bool known;

	preempt_disable_notrace();
	birth = birth_of(child);
	if (birth) {
		cookie = birth->cookie;
		known = birth->known;
	} else {
		if (complete)
			cookie = tcps_record_sock_cookie(child);
		known = cookie && tcps_keyset_has(&half_open, cookie);
	}

	if (known && attached(TCPSTATES_HOOK_REQ_DONE))
		tcps_keyset_add(&ghosts, cookie ^ CHILD_MARK);
	else if (!known && birth)
		record_transition(&birth->record, &birth->origin);
	else if (!known && complete)
		/* On RT: whose listener it is, is not known here. */
		sock_transition(child, TCP_LISTEN, TCP_SYN_RECV);
	else if (!known)
		WRITE_ONCE(unplaced, READ_ONCE(unplaced) + 1);

	if (birth)
		birth->cookie = 0;
	preempt_enable_notrace();
}

static bool marks_missing(void)
{
	return !attached(TCPSTATES_HOOK_CHILD) ||
	       !attached(TCPSTATES_HOOK_REQ_DONE);
}

/*
 * Whether the end of @sk is not its connection's. Ends its being a ghost. Where
 * children cannot be marked, one is a ghost while its request is there.
 */
static bool was_ghost(const struct sock *sk, int old)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	if (!cookie)
		return false;
	if (old == TCP_SYN_RECV &&
	    (tcps_keyset_remove(&ghosts, cookie ^ CHILD_MARK) ||
	     (marks_missing() && tcps_keyset_has(&half_open, cookie))))
		return true;
	return tcps_keyset_remove(&ghosts, cookie);
}

static void leave(const struct sock *sk)
{
	unsigned long irqs;

	local_irq_save(irqs);
	tcps_conn_left(atomic64_read(&sk->sk_cookie), sk);
	local_irq_restore(irqs);
}

/* @object: any of the three structures, of which @cookie is. */
static void mark(u64 cookie, const void *object, u8 cause)
{
	unsigned long irqs;

	if (!cookie)
		return;
	local_irq_save(irqs);
	tcps_conn_mark(cookie, object, by(), cause);
	local_irq_restore(irqs);
}

static void settle(u64 cookie, const struct request_sock *req, u8 cause)
{
	unsigned long irqs;

	if (!cookie)
		return;
	local_irq_save(irqs);
	tcps_conn_settle(cookie, req, by(), cause);
	local_irq_restore(irqs);
}

/* Whether the transition from CLOSE to @new is put off. */
static bool waits_for_port(const struct sock *sk, int new)
{
	unsigned int hook = new == TCP_LISTEN ? TCPSTATES_HOOK_LISTEN :
						TCPSTATES_HOOK_CONNECT;

	return !inet_sk(sk)->inet_num &&
	       (new == TCP_LISTEN || new == TCP_SYN_SENT) &&
	       attached(hook) &&
	       tcps_keyset_add(&portless, (unsigned long)sk);
}

/**
 * tcps_probe_set_state() - tracepoint sock:inet_sock_set_state
 * @sk: the socket, sk_state not changed yet
 * @old: state before
 * @new: state after
 *
 * connect() and listen() without bind() change the state before they choose the
 * local port; that transition waits for tcps_probe_port_chosen(), which follows
 * under the same socket lock, or for the failure of the call.
 */
void tcps_probe_set_state(const struct sock *sk, int old, int new)
{
	if (!is_tcp(sk) || old == new)
		return;
	if (old == TCP_LISTEN && new == TCP_SYN_RECV) {
		child_born(sk);
		return;
	}
	if (new == TCP_CLOSE && was_ghost(sk, old)) {
		leave(sk);
		return;
	}
	if (old == TCP_SYN_RECV && !attached(TCPSTATES_HOOK_REQ_DONE))
		tcps_keyset_remove(&half_open, tcps_record_sock_cookie(sk));
	if (old == TCP_CLOSE && waits_for_port(sk, new))
		return;
	if ((old == TCP_SYN_SENT || old == TCP_LISTEN) &&
	    tcps_keyset_remove(&portless, (unsigned long)sk)) {
		portless_transition(sk, TCP_CLOSE, old);
		portless_transition(sk, old, new);
		return;
	}
	if (new == TCP_SYN_SENT || new == TCP_LISTEN)
		owned_transition(sk, old, new);
	else
		sock_transition(sk, old, new);
}

/**
 * tcps_probe_port_chosen() - tcp_fastopen_defer_connect() or tcp_connect(), and
 * inet_hash() or inet6_hash()
 * @sk: the socket, locked
 *
 * The first is called by tcp_v4_connect() and tcp_v6_connect() right after the
 * choice of the port, even if the SYN is put off until the first write; the
 * hash functions by inet_csk_listen_start().
 */
void tcps_probe_port_chosen(const struct sock *sk)
{
	if (tcps_keyset_remove(&portless, (unsigned long)sk))
		owned_transition(sk, TCP_CLOSE, sk->sk_state);
}

/**
 * tcps_probe_accept() - security_sock_graft()
 * @sk: a socket that gets a file, and has it in sk_socket already
 *
 * accept() calls it for the child, in the process that will have it open. So
 * do other protocols, with sockets of theirs.
 */
void tcps_probe_accept(const struct sock *sk)
{
	struct tcpstates_record owner = { };
	unsigned long irqs;

	if (!in_task() || !is_inet(sk) || !is_tcp(sk))
		return;
	tcps_record_owner(&owner);
	tcps_record_file(&owner, sk);
	local_irq_save(irqs);
	tcps_conn_accepted(tcps_record_sock_cookie(sk), &owner);
	local_irq_restore(irqs);
}

/**
 * tcps_probe_tw_start() - inet_twsk_hashdance() or its _schedule() successor
 * @tw: the minisock, not visible to anybody yet
 * @sk: the socket that it replaces, locked
 *
 * tcp_done(@sk) follows, whose CLOSE is not the connection's. Where the socket
 * had no cookie when inet_twsk_alloc() copied it, it is copied here.
 */
void tcps_probe_tw_start(struct inet_timewait_sock *tw, const struct sock *sk)
{
	u8 old = sk->sk_state, new = tw->tw_substate;
	unsigned long irqs;
	u64 cookie;

	if (!is_tcp(sk))
		return;
	cookie = tcps_record_sock_cookie(sk);
	if (!atomic64_read(&tw->tw_cookie))
		atomic64_set(&tw->tw_cookie, cookie);
	tcps_keyset_add(&ghosts, cookie);
	if (new == TCP_FIN_WAIT2 && attached(TCPSTATES_HOOK_TW_END))
		tcps_keyset_add(&fin_wait2, (unsigned long)tw);
	if (old != new) {
		sock_transition(sk, old, new);
		return;
	}
	leave(sk);
	if (sock_flag(sk, SOCK_DEAD)) {
		/* close() after shutdown(): no transition tells of it. */
		local_irq_save(irqs);
		tcps_conn_orphaned(cookie);
		local_irq_restore(irqs);
	}
}

/**
 * tcps_probe_tw_rearm() - __inet_twsk_schedule()
 * @tw: the minisock
 * @rearm: false for the first time
 *
 * tcp_timewait_state_process() rearms the timer when the FIN has arrived, with
 * the substate set, and again for each segment that comes in TIME_WAIT.
 */
void tcps_probe_tw_rearm(const struct inet_timewait_sock *tw, bool rearm)
{
	if (rearm && READ_ONCE(tw->tw_substate) == TCP_TIME_WAIT &&
	    tcps_keyset_remove(&fin_wait2, (unsigned long)tw))
		timewait_transition(tw, TCP_FIN_WAIT2, TCP_TIME_WAIT);
}

/**
 * tcps_probe_tw_end() - inet_twsk_kill(), or tcp_twsk_destructor()
 * @tw: the minisock
 *
 * May overtake tcps_probe_tw_rearm() on another CPU, whose part is done here
 * then. Whoever takes the key out sees the substate that the other has set.
 */
void tcps_probe_tw_end(const struct inet_timewait_sock *tw)
{
	bool was_fin_wait2;
	u8 state;

	if (!is_tcp_timewait(tw) || !attached(TCPSTATES_HOOK_TW_START))
		return;
	was_fin_wait2 = tcps_keyset_remove(&fin_wait2, (unsigned long)tw);
	state = READ_ONCE(tw->tw_substate);
	if (was_fin_wait2 && state == TCP_TIME_WAIT)
		timewait_transition(tw, TCP_FIN_WAIT2, TCP_TIME_WAIT);
	timewait_transition(tw, state, TCP_CLOSE);
}

/**
 * tcps_probe_request_start() - inet_csk_reqsk_queue_hash_add()
 * @listener: who got the SYN
 * @req: the request, not visible to anybody yet
 *
 * May still fail, if another SYN of the same connection was faster:
 * tcps_probe_request_free() follows then.
 */
void tcps_probe_request_start(const struct sock *listener,
			      const struct request_sock *req)
{
	struct tcps_origin origin = { };
	struct tcpstates_record record;

	if (!is_tcp(listener))
		return;
	origin.listener = tcps_record_sock_cookie(listener);
	if (attached(TCPSTATES_HOOK_REQ_FREE) ||
	    attached(TCPSTATES_HOOK_REQ_DROP))
		tcps_keyset_add(&half_open, tcps_record_request_cookie(req));
	tcps_record_request(&record, req, TCP_LISTEN, TCP_SYN_RECV);
	record.cause = TCPSTATES_CAUSE_SYN;
	record_transition(&record, &origin);
}

/**
 * tcps_probe_request_drop() - __inet_csk_reqsk_queue_drop()
 * @listener: the request's listener
 * @req: the request
 * @from_timer: the call is reqsk_timer_handler()'s
 *
 * A child may take the request's place between here and the drop itself. So it
 * is the request's end that is recorded (tcps_probe_request_free()), if it can
 * be seen: it follows at once. This makes sure that a request older than the
 * module is told as well. It is also called for a request that its child has
 * replaced.
 */
void tcps_probe_request_drop(const struct sock *listener,
			     const struct request_sock *req, bool from_timer)
{
	u64 cookie = atomic64_read(&inet_rsk(req)->ir_cookie);

	if (!is_tcp(listener) || !attached(TCPSTATES_HOOK_REQ_START))
		return;
	if (!is_hashed(req)) {
		if (cookie && !attached(TCPSTATES_HOOK_REQ_DONE))
			tcps_keyset_remove(&half_open, cookie);
		return;
	}
	settle(cookie, req, tcps_cause_of_drop(listener, req, from_timer));
	if (!attached(TCPSTATES_HOOK_REQ_FREE)) {
		if (!cookie || tcps_keyset_remove(&half_open, cookie))
			request_end(req);
	} else if (!cookie) {
		tcps_keyset_add(&half_open, tcps_record_request_cookie(req));
	}
}

/**
 * tcps_probe_request_done() - inet_csk_complete_hashdance()
 * @child: the child
 * @req: the request that it was made from
 * @own: @child has taken the place of @req; else another child had
 */
void tcps_probe_request_done(const struct sock *child,
			     const struct request_sock *req, bool own)
{
	u64 cookie;

	if (!is_tcp(child) || !own)
		return;
	cookie = tcps_record_request_cookie(req);
	tcps_keyset_remove(&ghosts, cookie ^ CHILD_MARK);
	tcps_keyset_remove(&half_open, cookie);
}

/**
 * tcps_probe_request_free() - tcp_v4_reqsk_destructor() and its IPv6 sister
 * @req: the request, to which nobody has a reference any more
 *
 * The end of a half-open connection: dropped, or never hashed since another SYN
 * was faster. Not if a child lives on without tcps_probe_request_done(), as
 * MPTCP's do that join a connection: that child is still marked, for one that
 * failed would have ended before its maker gave up the request.
 */
void tcps_probe_request_free(const struct request_sock *req)
{
	u64 cookie = atomic64_read(&inet_rsk(req)->ir_cookie);

	if (READ_ONCE(any_moved) &&
	    tcps_keyset_remove(&ghosts, (unsigned long)req))
		return;
	if (!cookie || !tcps_keyset_remove(&half_open, cookie))
		return;
	if (!tcps_keyset_remove(&ghosts, cookie ^ CHILD_MARK))
		request_end(req);
}

/**
 * tcps_probe_request_migrate() - inet_reqsk_clone()
 * @req: the request; a copy with the same cookie takes its place
 */
void tcps_probe_request_migrate(const struct request_sock *req)
{
	if (!attached(TCPSTATES_HOOK_REQ_FREE))
		return;
	WRITE_ONCE(any_moved, true);
	tcps_keyset_add(&ghosts, (unsigned long)req);
}

/* A SYN cookie's SYN has left nothing: it is the ACK that begins this life. */
static void tell_how_born(struct tcpstates_record *record,
			  const struct request_sock *req)
{
	if (req->syncookie) {
		record->cause = TCPSTATES_CAUSE_ACK;
	} else {
		record->cause = TCPSTATES_CAUSE_SYN;
		if (!was_hashed(req))
			record->flags |= TCPSTATES_FLAG_TFO;
	}
}

/**
 * tcps_probe_child() - inet_csk_clone_lock()
 * @listener: the listener
 * @req: the request that a child is to be made from
 *
 * The first sight of a request that never was hashed: TCP Fast Open and SYN
 * cookies. Its cookie must exist now, so that the child gets it.
 */
void tcps_probe_child(const struct sock *listener,
		      const struct request_sock *req)
{
	struct birth *birth;
	u64 cookie;

	if (!is_tcp(listener))
		return;
	cookie = tcps_record_request_cookie(req);
	preempt_disable_notrace();
	birth = this_cpu_ptr(&births);
	birth->known = attached(TCPSTATES_HOOK_REQ_START) && was_hashed(req);
	if (!birth->known) {
		tcps_record_request(&birth->record, req, TCP_LISTEN,
				    TCP_SYN_RECV);
		tell_how_born(&birth->record, req);
		birth->origin.listener = tcps_record_sock_cookie(listener);
	}
	birth->cookie = cookie;
	preempt_enable_notrace();
}

static bool learn(struct tcpstates_record *record, const struct sock *sk)
{
	unsigned long irqs;
	bool is_new;

	local_irq_save(irqs);
	is_new = tcps_conn_learn(record, sk);
	local_irq_restore(irqs);
	return is_new;
}

/**
 * tcps_probe_learn_sock() - a full socket exists
 * @sk: the socket, in a hash
 *
 * Who made it is not known any more, but its user is.
 */
void tcps_probe_learn_sock(const struct sock *sk)
{
	struct tcpstates_record record;

	if (!is_tcp(sk))
		return;
	tcps_record_sock(&record, sk, TCPSTATES_UNKNOWN, sk->sk_state);
	tcps_record_user(&record, sk);
	tcps_record_file(&record, sk);
	learn(&record, sk);
}

/**
 * tcps_probe_learn_request() - a request exists
 * @req: the request, in the hash
 */
void tcps_probe_learn_request(const struct request_sock *req)
{
	struct tcpstates_record record;

	tcps_record_request(&record, req, TCPSTATES_UNKNOWN, TCP_SYN_RECV);
	record.flags |= TCPSTATES_FLAG_UNACCEPTED;
	if (learn(&record, NULL))
		tcps_keyset_add(&half_open, record.conn);
}

/**
 * tcps_probe_learn_timewait() - a minisock exists
 * @tw: the minisock, in the hash
 */
void tcps_probe_learn_timewait(const struct inet_timewait_sock *tw)
{
	struct tcpstates_record record;
	u8 state = READ_ONCE(tw->tw_substate);

	tcps_record_timewait(&record, tw, TCPSTATES_UNKNOWN, state);
	if (!learn(&record, NULL) || state != TCP_FIN_WAIT2)
		return;
	tcps_keyset_add(&fin_wait2, (unsigned long)tw);
	/*
	 * Whoever ends it stops the timer first: if that runs still, the end
	 * is to come and takes the key out.
	 */
	if (!timer_pending(&tw->tw_timer))
		tcps_keyset_remove(&fin_wait2, (unsigned long)tw);
}

/**
 * tcps_probe_reset() - tcp_reset()
 * @sk: the socket, locked
 * @skb: the segment, or NULL where the kernel does not tell
 */
void tcps_probe_reset(const struct sock *sk, const struct sk_buff *skb)
{
	if (is_tcp(sk) && sk->sk_state != TCP_CLOSE)
		mark(atomic64_read(&sk->sk_cookie), sk,
		     tcps_cause_of_reset(sk, skb));
}

/**
 * tcps_probe_disconnect() - tcp_disconnect()
 * @sk: the socket, locked
 */
void tcps_probe_disconnect(const struct sock *sk)
{
	if (is_tcp(sk) && sk->sk_state != TCP_CLOSE)
		mark(atomic64_read(&sk->sk_cookie), sk,
		     tcps_cause_of_disconnect(sk));
}

/**
 * tcps_probe_shutdown() - tcp_shutdown()
 * @sk: the socket, locked
 * @how: RCV_SHUTDOWN, SEND_SHUTDOWN or both
 *
 * Only in these states it makes a transition.
 */
void tcps_probe_shutdown(const struct sock *sk, int how)
{
	const int sending = TCPF_ESTABLISHED | TCPF_SYN_SENT | TCPF_SYN_RECV |
			    TCPF_CLOSE_WAIT;

	if (is_tcp(sk) && how & SEND_SHUTDOWN && (1 << sk->sk_state) & sending)
		mark(atomic64_read(&sk->sk_cookie), sk,
		     TCPSTATES_CAUSE_SHUTDOWN);
}

/**
 * tcps_probe_abort() - tcp_abort()
 * @sk: any of the three structures, not locked: it may end otherwise before
 *	tcp_abort() has the lock, but then not by the same task
 */
void tcps_probe_abort(const struct sock *sk)
{
	mark(atomic64_read(&sk->sk_cookie), sk, TCPSTATES_CAUSE_KILLED);
}

/**
 * tcps_probe_request_segment() - tcp_check_req()
 * @listener: whose it is
 * @req: the request
 * @skb: a segment for it
 */
void tcps_probe_request_segment(const struct sock *listener,
				const struct request_sock *req,
				const struct sk_buff *skb)
{
	u8 cause = tcps_cause_of_segment(listener, skb);

	if (cause && is_tcp(listener))
		mark(atomic64_read(&inet_rsk(req)->ir_cookie), req, cause);
}

/**
 * tcps_probe_request_error() - tcp_req_err()
 * @req: the request
 * @seq: of the segment that an ICMP message answers
 * @abort: it is an error that ends the request
 */
void tcps_probe_request_error(const struct request_sock *req, u32 seq,
			      bool abort)
{
	if (abort && seq == tcp_rsk(req)->snt_isn)
		mark(atomic64_read(&inet_rsk(req)->ir_cookie), req,
		     TCPSTATES_CAUSE_UNREACHABLE);
}

/**
 * tcps_probe_tw_deschedule() - inet_twsk_deschedule_put()
 * @tw: the minisock
 * @caller: who calls it
 *
 * inet_twsk_kill() follows, unless the timer is faster.
 */
void tcps_probe_tw_deschedule(const struct inet_timewait_sock *tw,
			      enum tcps_caller caller)
{
	if (is_tcp_timewait(tw))
		mark(atomic64_read(&tw->tw_cookie), tw,
		     tcps_cause_of_deschedule(tw, caller));
}

/**
 * tcps_probe_stats() - fill in what is known here
 * @stats: where to; untracked and unplaced are written
 *
 * Context: process.
 */
void tcps_probe_stats(struct tcpstates_stats *stats)
{
	stats->untracked = READ_ONCE(ghosts.overflows) +
			   READ_ONCE(portless.overflows) +
			   READ_ONCE(half_open.overflows) +
			   READ_ONCE(fin_wait2.overflows);
	stats->unplaced = READ_ONCE(unplaced);
}
