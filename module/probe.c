// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel keeps a connection in a request socket, a full socket and a
 * timewait minisock, one after the other, and tells of their changes in
 * different places. Here they become one life. Most calls are a transition as
 * they stand; of the others the table knows whether the structure stands for
 * its connection, and in which state that is (life.h).
 *
 * A connection without an entry has nothing there. Small sets stand in for it,
 * used from the first such connection on, and while old connections are
 * being learned:
 *
 *   half_open   cookies of requests that have been seen and have not ended,
 *               nor become a child
 *   fin_wait2   minisocks in FIN_WAIT2
 *   ghosts      cookies of full sockets that were replaced by a minisock;
 *               likewise, marked, of children that have not taken over
 *   told        sockets that were bound before connect() or listen(), until
 *               that has chosen the port, which it need not then
 *   moved       requests of which a copy lives on with another listener. This
 *               one is used in any case
 *
 * A key leaves its set at the end of its object at the latest, by a hook that
 * is attached before, and detached after, the one that adds it.
 */
#include "probe.h"

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/in.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <net/inet_sock.h>
#include <net/inet_timewait_sock.h>
#include <net/mptcp.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#include "cause.h"
#include "conn.h"
#include "cookie.h"
#include "keyset.h"
#include "life.h"
#include "look.h"
#include "sock.h"
#include "step.h"
#include "uninitialized.h"
#include "uapi/tcpstates.h"
#include "verify.h"

/*
 * Sizes of the sets. half_open and fin_wait2 hold a key for each such
 * connection, the others for microseconds, one for each running call.
 */
#define GHOST_SLOTS		4096
#define MOVED_SLOTS		4096
#define TOLD_SLOTS		1024
#define HALF_OPEN_SLOTS		16384
#define FIN_WAIT2_SLOTS		16384

/* Tells a child from a replaced socket among the ghosts. */
#define CHILD_MARK		BIT_ULL(63)

static struct tcps_keyset ghosts, told, moved, half_open, fin_wait2;
static bool sets_used;	/* those that stand in hold something, or did */
static atomic_t moved_keys;	/* in the set moved */

/**
 * struct birth - from inet_csk_clone_lock() to the child's first transition
 * @cookie: of the request that the child is made from, 0 if none is
 * @known: the request was in the hash of established sockets once: its SYN_RECV
 *	has been recorded, or happened before loading
 * @tuple: between whom, if not @known; the child's addresses are not set yet at
 *	that moment before 6.18
 * @owner: the listener's, likewise
 * @flags: of the record, likewise
 * @cause: likewise
 *
 * Both happen in one function with bottom halves off, so they happen on one
 * CPU; where that does not hold (PREEMPT_RT since 7.x) the child is complete,
 * and the cookie tells whether this is about the same connection.
 */
struct birth {
	u64 cookie;
	bool known;
	struct tcps_tuple tuple;
	struct tcps_owner owner;
	u32 flags;
	u8 cause;
};

static DEFINE_PER_CPU(struct birth, births);
static unsigned long attached_hooks;
static u64 unplaced;	/* children without a tuple; approximate */

static __always_inline bool attached(unsigned int hook)
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
	    make_set(&told, TOLD_SLOTS) ||
	    make_set(&moved, MOVED_SLOTS) ||
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
	kvfree(moved.slots);
	kvfree(told.slots);
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

/* Records begin when all hooks are there. */
static bool recording(void)
{
	return attached(TCPSTATES_HOOK_SET_STATE);
}

/* Put @key in a set that stands in. */
static void stand_in(struct tcps_keyset *set, u64 key)
{
	WRITE_ONCE(sets_used, true);
	if (!tcps_keyset_has(set, key))
		tcps_keyset_add(set, key);
}

/* Take @key out of a set that stands in; false if it was not there. */
static bool stood_in(struct tcps_keyset *set, u64 key)
{
	return unlikely(READ_ONCE(sets_used)) && tcps_keyset_remove(set, key);
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

#define MARKS_OF_CLOSE		(BIT(TCPSTATES_HOOK_RESET) |		\
				 BIT(TCPSTATES_HOOK_DISCONNECT) |	\
				 BIT(TCPSTATES_HOOK_SHUTDOWN) |		\
				 BIT(TCPSTATES_HOOK_ABORT))
#define MARKS_OF_REQUEST	(BIT(TCPSTATES_HOOK_REQ_DROP) |		\
				 BIT(TCPSTATES_HOOK_REQ_FREE))
#define MARKS_OF_TIMEWAIT	BIT(TCPSTATES_HOOK_TW_DESCHEDULE)

/* @cause unless one is marked. Without all of @hooks no mark says nothing. */
static __always_inline void unless_marked(struct tcps_step *step, u8 cause,
					  unsigned long hooks)
{
	step->cause = all_attached(hooks) ? cause : TCPSTATES_CAUSE_UNKNOWN;
	step->unless_marked = true;
	step->by = by();
}

/*
 * A full socket's step from @old to @new. Member by member: an initializer would
 * be built elsewhere and copied, for each transition.
 */
static __always_inline void start_step(struct tcps_step *step,
				       const struct sock *sk, u8 old, u8 new)
{
	step->cookie = tcps_cookie(sk);
	step->holder = sk;
	step->next = sk;
	step->tuple = NULL;
	step->by = 0;
	step->flags = tcps_look_flags(sk);
	step->old = old;
	step->new = new;
	step->kind = TCPS_KIND_SOCK;
	step->strict = false;
	step->ask = false;
	step->unless_marked = false;
}

/* Why, if nothing is marked. */
static __always_inline u8 cause_of_move(const struct sock *sk, u8 old, u8 new)
{
	if (new == TCP_ESTABLISHED && unlikely(tcp_sk(sk)->repair))
		return TCPSTATES_CAUSE_REPAIR;
	return tcps_move_causes[new & 15][old & 15];
}

/* Whether it may be shutdown(): then no mark says that it was close(). */
static __always_inline bool may_be_shutdown(u8 new)
{
	return (1U << new) & (TCPF_FIN_WAIT1 | TCPF_LAST_ACK);
}

/* The same; not to CLOSE. */
static __always_inline void init_move(struct tcps_step *step,
				      const struct sock *sk, u8 old, u8 new)
{
	u8 cause = cause_of_move(sk, old, new);

	start_step(step, sk, old, new);
	step->cause = cause;
	if (may_be_shutdown(new))
		unless_marked(step, cause, BIT(TCPSTATES_HOOK_SHUTDOWN));
}

/* The same; to CLOSE. */
static __always_inline void init_close(struct tcps_step *step,
				       const struct sock *sk, u8 old)
{
	start_step(step, sk, old, TCP_CLOSE);
	step->next = NULL;
	unless_marked(step, TCPSTATES_CAUSE_UNKNOWN, MARKS_OF_CLOSE);
	step->ask = all_attached(MARKS_OF_CLOSE);
}

/* @step of a socket without an entry. */
static void strange_sock(struct tcps_step *step)
{
	struct tcps_tuple tuple;

	tcps_sock_tuple(&tuple, step->holder, step->new == TCP_CLOSE);
	step->tuple = &tuple;
	tcps_life_strange(step);
}

/* connect() and listen() make their caller the owner. */
static void get_caller(struct tcps_owner *owner, const struct sock *sk)
{
	memset(owner, 0, sizeof(*owner));
	if (!in_task())
		return;
	tcps_sock_running(owner);
	tcps_sock_file(owner, sk);
}

/*
 * CLOSE to SYN_SENT or LISTEN; if @once, not if that has been recorded already.
 * Returns whether there is an entry.
 */
static bool sock_begins(const struct sock *sk, u8 new, bool once)
{
	struct tcps_owner tcps_uninitialized owner;
	struct tcps_tuple tcps_uninitialized tuple;
	struct tcps_step tcps_uninitialized step;

	init_move(&step, sk, TCP_CLOSE, new);
	tcps_sock_tuple(&tuple, sk, false);
	get_caller(&owner, sk);
	step.tuple = &tuple;
	step.strict = once;
	return tcps_life_begin(&step, &owner);
}

/*
 * connect() or listen() has failed before there was a local port, and nothing
 * has been recorded yet.
 */
static void portless_life(const struct sock *sk, struct tcps_step *last)
{
	struct tcps_owner owner;
	struct tcps_tuple tuple;
	struct tcps_step first;

	init_move(&first, sk, TCP_CLOSE, last->old);
	tcps_sock_tuple(&tuple, sk, true);
	tcps_sock_no_port(&tuple);
	get_caller(&owner, sk);
	first.tuple = &tuple;
	tcps_life_begin(&first, &owner);
	if (!tcps_life_step(last)) {
		last->tuple = &tuple;
		tcps_life_strange(last);
	}
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
 * child exists (cookies checked by BPF have them).
 */
static bool was_hashed(const struct request_sock *req)
{
	return refcount_read(&req->rsk_refcnt) &&
	       !(tcps_sock_request_flags(req) & TCPSTATES_FLAG_SYNCOOKIE);
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

/* A child that nothing was recorded of yet. */
static void child_begins(const struct sock *child, const struct birth *birth)
{
	struct tcps_step step = {
		.cookie = birth->cookie,
		.holder = child,
		.next = child,
		.tuple = &birth->tuple,
		.flags = birth->flags,
		.old = TCP_LISTEN,
		.new = TCP_SYN_RECV,
		.cause = birth->cause,
	};

	tcps_life_begin(&step, &birth->owner);
}

/* The same on RT, where whose listener it is, is not known. */
static void child_appears(const struct sock *child)
{
	struct birth birth = {
		.cookie = tcps_cookie(child),
		.flags = TCPSTATES_FLAG_UNACCEPTED,
		.cause = TCPSTATES_CAUSE_SYN,
	};

	tcps_sock_tuple(&birth.tuple, child, false);
	child_begins(child, &birth);
}

/*
 * A child was made: LISTEN to SYN_RECV. If its request was seen before, that
 * transition has been recorded, and the child stands for nothing until it has
 * taken the request's place (tcps_probe_request_done()); it may fail to, when
 * another child was faster or memory is short. Before 6.18 the child gets its
 * cookie only after this.
 */
static noinline void child_born(const struct sock *child)
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
			cookie = tcps_cookie(child);
		known = cookie && tcps_life_known(cookie);
	}

	if (known && sk_is_mptcp(child))
		tcps_life_child(cookie);
	if (known && (tcps_verify_learning() || tcps_conn_short()) &&
	    attached(TCPSTATES_HOOK_REQ_DONE))
		stand_in(&ghosts, cookie ^ CHILD_MARK);
	else if (!known && recording() && birth)
		child_begins(child, birth);
	else if (!known && recording() && complete)
		child_appears(child);
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

/* Whether the sets say that @sk, without an entry, is no connection's. */
static bool is_strange_ghost(u64 cookie, u8 old, bool has_others)
{
	if (old == TCP_SYN_RECV &&
	    (stood_in(&ghosts, cookie ^ CHILD_MARK) || has_others ||
	     (marks_missing() && READ_ONCE(sets_used) &&
	      tcps_keyset_has(&half_open, cookie))))
		return true;
	if (stood_in(&ghosts, cookie))
		return true;
	/* Every connection has an entry: a child that was too late. */
	return old == TCP_SYN_RECV && !tcps_verify_learning() &&
	       !tcps_conn_short();
}

/* Whether the choice of the port is seen when a socket goes to @state. */
static bool sees_port(u8 state)
{
	return (state == TCP_LISTEN && attached(TCPSTATES_HOOK_LISTEN)) ||
	       (state == TCP_SYN_SENT && attached(TCPSTATES_HOOK_CONNECT));
}

/*
 * Whether a socket without an entry has none since it never had a port. If
 * there may be other reasons, its first transition is left out.
 */
static bool is_portless(const struct sock *sk, u8 state)
{
	return sees_port(state) && !stood_in(&told, (unsigned long)sk) &&
	       !tcps_verify_learning() && !tcps_conn_short();
}

/* connect() or listen(), which may have to choose a port yet. */
static noinline void sock_opens(const struct sock *sk, u8 new)
{
	if (!sees_port(new))
		sock_begins(sk, new, false);
	else if (inet_sk(sk)->inet_num && !sock_begins(sk, new, false))
		stand_in(&told, (unsigned long)sk);
}

/* A request of MPTCP that was unhashed: a child has replaced it, or it was dropped. */
static bool is_replaced_join(const struct request_sock *req)
{
	return rsk_is_mptcp(req) && !is_hashed(req);
}

/*
 * A child of MPTCP has taken its request's place, and was refused then: a join
 * without a valid HMAC, or whose connection is gone. subflow_syn_recv_sock() takes
 * what made it MPTCP's from it, orphans it, and calls tcp_done(), before
 * tcp_check_req() drops the request. A child that another was faster than goes to
 * CLOSE before it is an orphan (inet_ehash_nolisten()).
 */
static bool is_refused_join(const struct sock *sk, const struct tcps_step *step)
{
	return tcps_life_close_child(step, sock_flag(sk, SOCK_DEAD) ?
					   is_replaced_join : NULL);
}

/* A socket that has no entry, nor is a ghost of one, goes to CLOSE. */
static noinline void strange_close(const struct sock *sk, u8 old,
				   enum tcps_end end)
{
	struct tcps_step step;

	init_close(&step, sk, old);
	if (old == TCP_SYN_RECV && end == TCPS_END_STRANGE &&
	    is_refused_join(sk, &step))
		return;
	if (is_portless(sk, old))
		portless_life(sk, &step);
	else if (!is_strange_ghost(step.cookie, old, end == TCPS_END_STRANGE))
		strange_sock(&step);
}

/* A socket without an entry moves on; @next stands for its connection then. */
static noinline void strange_move(const struct sock *sk, const void *next,
				  u8 old, u8 new)
{
	struct tcps_step step;

	init_move(&step, sk, old, new);
	step.next = next;
	strange_sock(&step);
}

/*
 * What is passed to step.h from here on is inlined there, and @step is not
 * passed on: so it needs no memory.
 */

static __always_inline u32 look_at_sock(struct tcpstates_record *record,
					const struct tcps_step *step,
					u32 *known)
{
	if (likely(tcps_has_health(step->old, step->new)))
		*known |= tcps_look_health(record, step->holder);
	else
		*known |= tcps_sock_some_health(record, step->holder);
	return tcps_look_flags(step->holder);
}

static __always_inline u8 ask_sock(const struct tcps_step *step,
				   const struct tcps_conn *conn)
{
	if (may_be_shutdown(step->new)) {
		if (unlikely(conn->is_marked) && tcps_step_is_by(conn, by()))
			return conn->mark;
		if (!attached(TCPSTATES_HOOK_SHUTDOWN))
			return TCPSTATES_CAUSE_UNKNOWN;
	}
	return cause_of_move(step->holder, step->old, step->new);
}

static noinline void sock_closes(const struct sock *sk, u8 old)
{
	struct tcps_step tcps_uninitialized step;
	enum tcps_end end;

	init_close(&step, sk, old);
	end = tcps_step_close(&step, look_at_sock);
	if (end == TCPS_END_STRANGE || end == TCPS_END_ALONE)
		strange_close(sk, old, end);
}

static noinline void sock_moves(const struct sock *sk, u8 old, u8 new)
{
	struct tcps_step tcps_uninitialized step;

	start_step(&step, sk, old, new);
	if (tcps_step_go(&step, look_at_sock, ask_sock) == TCPS_STEP_STRANGE)
		strange_move(sk, sk, old, new);
	if (old == TCP_SYN_RECV && !attached(TCPSTATES_HOOK_REQ_DONE))
		stood_in(&half_open, tcps_cookie(sk));
}

/**
 * tcps_probe_set_state() - tracepoint sock:inet_sock_set_state
 * @sk: the socket, sk_state not changed yet
 * @old: state before
 * @new: state after
 *
 * connect() and listen() without bind() change the state before they choose the
 * local port; that transition is left to tcps_probe_port_chosen(), which follows
 * under the same socket lock, or to the failure of the call.
 */
void tcps_probe_set_state(const struct sock *sk, int old, int new)
{
	if (!is_tcp(sk) || old == new)
		return;
	if (old == TCP_LISTEN && new == TCP_SYN_RECV)
		child_born(sk);
	else if (!recording())
		return;
	else if (new == TCP_CLOSE)
		sock_closes(sk, old);
	else if (old == TCP_CLOSE)
		sock_opens(sk, new);
	else
		sock_moves(sk, old, new);
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
	u8 state = sk->sk_state;

	if (is_tcp(sk) && recording() &&
	    (state == TCP_SYN_SENT || state == TCP_LISTEN) &&
	    !stood_in(&told, (unsigned long)sk))
		sock_begins(sk, state, true);
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
	struct tcps_owner owner;

	if (!in_task() || !is_inet(sk) || !is_tcp(sk))
		return;
	get_caller(&owner, sk);
	tcps_life_accepted(tcps_cookie(sk), sk, &owner);
}

/* A minisock takes the place of @sk, in another state. */
static bool sock_waits(const struct sock *sk,
		       const struct inet_timewait_sock *tw, u8 old, u8 new)
{
	struct tcps_step tcps_uninitialized step;

	start_step(&step, sk, old, new);
	step.next = tw;
	return tcps_step_go(&step, look_at_sock, ask_sock) == TCPS_STEP_DONE;
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
	u64 cookie;

	if (!is_tcp(sk))
		return;
	cookie = tcps_cookie(sk);
	if (!atomic64_read(&tw->tw_cookie))
		atomic64_set(&tw->tw_cookie, cookie);
	if (recording() && old == new &&
	    tcps_life_stay(cookie, sk, tw, tcps_look_flags(sk)))
		return;
	if (recording() && old != new && sock_waits(sk, tw, old, new))
		return;
	stand_in(&ghosts, cookie);
	if (new == TCP_FIN_WAIT2 && attached(TCPSTATES_HOOK_TW_END))
		stand_in(&fin_wait2, (unsigned long)tw);
	if (recording() && old != new)
		strange_move(sk, tw, old, new);
}

/*
 * A minisock's step from @old to @new, if it is in @old for the stream too.
 * Returns what tcps_life_step() does.
 */
static enum tcps_stepped timewait_step(const struct inet_timewait_sock *tw,
				       u8 old, u8 new)
{
	struct tcps_step step = {
		.cookie = tcps_cookie((const struct sock *)tw),
		.holder = tw,
		.next = new == TCP_CLOSE ? NULL : tw,
		.kind = TCPS_KIND_TIMEWAIT,
		.strict = true,
		.old = old,
		.new = new,
		.cause = TCPSTATES_CAUSE_FIN,
	};

	if (new == TCP_CLOSE)
		unless_marked(&step, tcps_cause_of_expiry(tw, old),
			      MARKS_OF_TIMEWAIT);
	return tcps_step_go(&step, tcps_step_look, tcps_step_ask);
}

/* The same without an entry. */
static void strange_timewait(const struct inet_timewait_sock *tw, u8 old,
			     u8 new)
{
	struct tcps_tuple tuple;
	struct tcps_step step = {
		.cookie = tcps_cookie((const struct sock *)tw),
		.holder = tw,
		.next = new == TCP_CLOSE ? NULL : tw,
		.kind = TCPS_KIND_TIMEWAIT,
		.tuple = &tuple,
		.unless_marked = new == TCP_CLOSE,
		.old = old,
		.new = new,
		.cause = TCPSTATES_CAUSE_FIN,
	};

	tcps_sock_timewait_tuple(&tuple, tw);
	tcps_life_strange(&step);
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
	if (!rearm || READ_ONCE(tw->tw_substate) != TCP_TIME_WAIT ||
	    !recording() || !is_tcp_timewait(tw))
		return;
	if (timewait_step(tw, TCP_FIN_WAIT2, TCP_TIME_WAIT) ==
	    TCPS_STEP_STRANGE && stood_in(&fin_wait2, (unsigned long)tw))
		strange_timewait(tw, TCP_FIN_WAIT2, TCP_TIME_WAIT);
}

/**
 * tcps_probe_tw_end() - inet_twsk_kill(), or tcp_twsk_destructor()
 * @tw: the minisock
 *
 * May overtake tcps_probe_tw_rearm() on another CPU, whose part is done here
 * then.
 */
void tcps_probe_tw_end(const struct inet_timewait_sock *tw)
{
	u8 state = READ_ONCE(tw->tw_substate);
	enum tcps_stepped stepped;
	bool was_fin_wait2;

	if (!is_tcp_timewait(tw) || !attached(TCPSTATES_HOOK_TW_START))
		return;
	was_fin_wait2 = stood_in(&fin_wait2, (unsigned long)tw);
	if (!recording())
		return;
	stepped = timewait_step(tw, state, TCP_CLOSE);
	if (stepped == TCPS_STEP_ELSEWHERE) {
		timewait_step(tw, TCP_FIN_WAIT2, TCP_TIME_WAIT);
		timewait_step(tw, state, TCP_CLOSE);
	} else if (stepped == TCPS_STEP_STRANGE) {
		if (was_fin_wait2 && state == TCP_TIME_WAIT)
			strange_timewait(tw, TCP_FIN_WAIT2, TCP_TIME_WAIT);
		strange_timewait(tw, state, TCP_CLOSE);
	}
}

/**
 * tcps_probe_request_kind() - as what the table may look at requests
 *
 * Context: any.
 * Return: TCPS_KIND_REQUEST, or TCPS_KIND_OTHER if their ends cannot be seen.
 */
u8 tcps_probe_request_kind(void)
{
	return attached(TCPSTATES_HOOK_REQ_FREE) ? TCPS_KIND_REQUEST :
						   TCPS_KIND_OTHER;
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
	struct tcps_owner owner = { };
	struct tcps_tuple tcps_uninitialized tuple;
	struct tcps_step step = {
		.holder = req,
		.next = req,
		.kind = tcps_probe_request_kind(),
		.tuple = &tuple,
		.old = TCP_LISTEN,
		.new = TCP_SYN_RECV,
		.cause = TCPSTATES_CAUSE_SYN,
	};

	if (!is_tcp(listener) || !recording())
		return;
	step.cookie = tcps_request_cookie(req);
	step.flags = tcps_sock_request_flags(req) | TCPSTATES_FLAG_UNACCEPTED;
	tcps_sock_request_tuple(&tuple, req);
	tcps_life_inherit(tcps_cookie(listener), listener, &owner);
	if (!tcps_life_begin(&step, &owner) &&
	    (attached(TCPSTATES_HOOK_REQ_FREE) ||
	     attached(TCPSTATES_HOOK_REQ_DROP)))
		stand_in(&half_open, step.cookie);
}

/* The end of a request, whose cause was settled when it was dropped. */
static void request_ends(const struct request_sock *req)
{
	u64 cookie = tcps_request_cookie(req);
	struct tcps_tuple tuple;
	struct tcps_step step = {
		.cookie = cookie,
		.holder = req,
		.kind = TCPS_KIND_REQUEST,
		.tuple = &tuple,
		.old = TCP_SYN_RECV,
		.new = TCP_CLOSE,
	};

	unless_marked(&step, TCPSTATES_CAUSE_DUPLICATE, MARKS_OF_REQUEST);
	if (tcps_life_step(&step) != TCPS_STEP_STRANGE)
		return;
	if (stood_in(&half_open, cookie) &&
	    !stood_in(&ghosts, cookie ^ CHILD_MARK)) {
		tcps_sock_request_tuple(&tuple, req);
		tcps_life_strange(&step);
	}
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
	u64 cookie;

	if (!is_tcp(listener) || !attached(TCPSTATES_HOOK_REQ_START) ||
	    !recording())
		return;
	cookie = tcps_request_cookie(req);
	if (!is_hashed(req)) {
		if (!attached(TCPSTATES_HOOK_REQ_DONE))
			stood_in(&half_open, cookie);
		return;
	}
	if (!tcps_life_settle(cookie, req, by(),
			      tcps_cause_of_drop(listener, req, from_timer)))
		stand_in(&half_open, cookie);
	if (!attached(TCPSTATES_HOOK_REQ_FREE))
		request_ends(req);
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
	cookie = tcps_request_cookie(req);
	tcps_life_pass(cookie, req, child);
	stood_in(&ghosts, cookie ^ CHILD_MARK);
	stood_in(&half_open, cookie);
}

/*
 * Whether a child of the request went into the accept queue: then the request
 * has ended before, or it never was hashed. The child stays in @sk
 * (inet_csk_reqsk_queue_add()), but for TCP Fast Open.
 */
static bool became_child(const struct request_sock *req)
{
	return req->sk && attached(TCPSTATES_HOOK_REQ_DONE);
}

/* Whether a copy of the request has taken its place; asked once. */
static bool was_moved(const struct request_sock *req)
{
	if (likely(!atomic_read(&moved_keys)) ||
	    !tcps_keyset_remove(&moved, (unsigned long)req))
		return false;
	atomic_dec(&moved_keys);
	return true;
}

/**
 * tcps_probe_request_free() - tcp_v4_reqsk_destructor() and its IPv6 sister
 * @req: the request, to which nobody has a reference any more
 *
 * The end of a half-open connection: dropped, or never hashed since another SYN
 * was faster. Not if a child lives on without tcps_probe_request_done(), as
 * MPTCP's do that join a connection.
 */
void tcps_probe_request_free(const struct request_sock *req)
{
	u64 cookie = atomic64_read(&inet_rsk(req)->ir_cookie);

	if (!cookie || !recording())
		return;
	if (was_moved(req)) {
		stood_in(&half_open, cookie);
		/* Unless no copy could be made, or none was used. */
		if (!tcps_life_is(cookie, req, TCP_SYN_RECV))
			return;
	}
	if (!rsk_is_mptcp(req) && became_child(req))
		return;
	if (!rsk_is_mptcp(req) || !tcps_life_join(cookie, req))
		request_ends(req);
}

/**
 * tcps_probe_request_migrate() - inet_reqsk_clone()
 * @req: the request; a copy with the same cookie takes its place
 */
void tcps_probe_request_migrate(const struct request_sock *req)
{
	if (!attached(TCPSTATES_HOOK_REQ_FREE))
		return;
	if (tcps_keyset_add(&moved, (unsigned long)req))
		atomic_inc(&moved_keys);
	tcps_life_move(tcps_request_cookie(req), req);
}

/* A SYN cookie's SYN has left nothing: it is the ACK that begins this life. */
static void tell_how_born(struct birth *birth, const struct request_sock *req)
{
	birth->flags = tcps_sock_request_flags(req) | TCPSTATES_FLAG_UNACCEPTED;
	birth->cause = TCPSTATES_CAUSE_SYN;
	if (birth->flags & TCPSTATES_FLAG_SYNCOOKIE)
		birth->cause = TCPSTATES_CAUSE_ACK;
	else if (!was_hashed(req))
		birth->flags |= TCPSTATES_FLAG_TFO;
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
	cookie = tcps_request_cookie(req);
	preempt_disable_notrace();
	birth = this_cpu_ptr(&births);
	birth->known = attached(TCPSTATES_HOOK_REQ_START) && was_hashed(req);
	if (!birth->known) {
		memset(&birth->owner, 0, sizeof(birth->owner));
		tcps_sock_request_tuple(&birth->tuple, req);
		tcps_life_inherit(tcps_cookie(listener), listener,
				  &birth->owner);
		tell_how_born(birth, req);
	}
	birth->cookie = cookie;
	preempt_enable_notrace();
}

/* Note the cause of what is about to happen to @sk, any of the three. */
static void mark(const struct sock *sk, u8 cause)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	if (cookie)
		tcps_life_mark(cookie, sk, by(), cause);
}

static void mark_request(const struct request_sock *req, u8 cause)
{
	mark(req_to_sk((struct request_sock *)req), cause);
}

/**
 * tcps_probe_reset() - tcp_reset()
 * @sk: the socket, locked
 * @skb: the segment, or NULL where the kernel does not tell
 */
void tcps_probe_reset(const struct sock *sk, const struct sk_buff *skb)
{
	if (is_tcp(sk) && sk->sk_state != TCP_CLOSE)
		mark(sk, tcps_cause_of_reset(sk, skb));
}

/**
 * tcps_probe_disconnect() - tcp_disconnect()
 * @sk: the socket, locked
 */
void tcps_probe_disconnect(const struct sock *sk)
{
	if (is_tcp(sk) && sk->sk_state != TCP_CLOSE)
		mark(sk, tcps_cause_of_disconnect(sk));
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
	const int sending = TCPF_ESTABLISHED | TCPF_SYN_SENT | TCPF_CLOSE_WAIT;

	if (is_tcp(sk) && how & SEND_SHUTDOWN && (1 << sk->sk_state) & sending)
		mark(sk, TCPSTATES_CAUSE_SHUTDOWN);
}

/**
 * tcps_probe_abort() - tcp_abort()
 * @sk: any of the three structures, not locked: it may end otherwise before
 *	tcp_abort() has the lock, but then not by the same task
 */
void tcps_probe_abort(const struct sock *sk)
{
	mark(sk, TCPSTATES_CAUSE_KILLED);
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
		mark_request(req, cause);
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
		mark_request(req, TCPSTATES_CAUSE_UNREACHABLE);
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
		mark((const struct sock *)tw,
		     tcps_cause_of_deschedule(tw, caller));
}

/**
 * tcps_probe_ghost() - whether a socket is known to be replaced
 * @sk: a full socket that has no entry
 *
 * Context: any.
 * Return: true if a minisock took its place.
 */
bool tcps_probe_ghost(const struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	/* Nobody has been told of a socket that has no cookie yet. */
	return cookie && READ_ONCE(sets_used) &&
	       tcps_keyset_has(&ghosts, cookie);
}

static void empty_set(struct tcps_keyset *set)
{
	memset(set->slots, 0, (set->mask + 1) * sizeof(*set->slots));
}

/**
 * tcps_probe_sets_used() - whether the sets stand in for connections
 *
 * Context: any.
 * Return: true if hooks look into them.
 */
bool tcps_probe_sets_used(void)
{
	return READ_ONCE(sets_used);
}

/**
 * tcps_probe_learned() - every connection has an entry now
 *
 * What stood in for those without one is not needed any more, unless there was
 * no memory for some. To be called some time after that was so for the first time:
 * calls that were under way then still go by the sets.
 *
 * Context: process; one call at a time.
 */
void tcps_probe_learned(void)
{
	if (tcps_conn_short())
		return;
	WRITE_ONCE(sets_used, false);
	/* Wait for handlers that still read sets_used as true. */
	synchronize_rcu();
	if (READ_ONCE(sets_used))
		return;
	empty_set(&ghosts);
	empty_set(&told);
	empty_set(&half_open);
	empty_set(&fin_wait2);
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
			   READ_ONCE(told.overflows) +
			   READ_ONCE(moved.overflows) +
			   READ_ONCE(half_open.overflows) +
			   READ_ONCE(fin_wait2.overflows);
	stats->unplaced = READ_ONCE(unplaced);
}
