// SPDX-License-Identifier: GPL-2.0
/*
 * Full sockets: what the tracepoint sees, and the hooks that complete it with
 * the port that was chosen and the process that accepted.
 */
#include "probe.h"

#include <linux/in.h>
#include <linux/preempt.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <net/inet_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "attached.h"
#include "cause.h"
#include "conn.h"
#include "cookie.h"
#include "fallback.h"
#include "life.h"
#include "probe_step.h"
#include "sock.h"
#include "step.h"
#include "uninitialized.h"
#include "uapi/tcpstates.h"

/* If a hook is missing, the absence of a mark proves nothing. */
static __always_inline u8 find_close_cause(const struct tcps_step *step,
					   const struct tcps_conn *conn)
{
	if (tcps_probe_is_marked(conn))
		return conn->mark;
	return tcps_attached_all(TCPS_PROBE_CLOSE_HOOKS) ?
	       tcps_cause_of_close(step->holder, step->old) :
	       TCPSTATES_CAUSE_UNKNOWN;
}

static const struct tcps_step_rules close_rules = {
	.read_counters = tcps_probe_read_counters,
	.find_cause = find_close_cause,
};

static __always_inline void init_close(struct tcps_step *step,
				       const struct sock *sk, u8 old)
{
	tcps_probe_start_step(step, sk, old, TCP_CLOSE);
	step->next = NULL;
	step->cause = TCPSTATES_CAUSE_UNKNOWN;
}

/* A step of a socket whose connection has no entry. */
static void record_untracked(struct tcps_step *step)
{
	struct tcpstates_ident ident;

	step->family = tcps_sock_ident(&ident, step->holder,
				       step->new == TCP_CLOSE);
	step->ident = &ident;
	tcps_life_step_untracked(step);
}

/**
 * tcps_probe_untracked_move() - record a step of a socket without an entry
 * @sk: the socket
 * @next: what holds the connection afterwards: @sk or a minisock
 * @old: state before
 * @new: state after, not CLOSE
 *
 * Context: as probe.h says.
 */
void tcps_probe_untracked_move(const struct sock *sk, const void *next,
			       u8 old, u8 new)
{
	struct tcps_step step;

	tcps_probe_start_step(&step, sk, old, new);
	step.next = next;
	/* shutdown() marks entries only. */
	step.cause = tcps_probe_may_be_shutdown(new) ?
		     TCPSTATES_CAUSE_UNKNOWN :
		     tcps_probe_cause_of_move(sk, old, new);
	record_untracked(&step);
	tcps_fallback_take(TCPS_FALLBACK_OPENED, step.cookie);
}

/* The caller of connect() or listen() becomes the owner. */
static void get_caller(struct tcpstates_ident *ident, const struct sock *sk)
{
	if (!in_task())
		return;
	tcps_sock_running(ident);
	tcps_sock_file(ident, sk);
}

/* A step from CLOSE to SYN_SENT or LISTEN. */
static __always_inline void init_begin(struct tcps_step *step,
				       const struct sock *sk, u8 new)
{
	tcps_probe_start_step(step, sk, TCP_CLOSE, new);
	step->cause = tcps_probe_cause_of_move(sk, TCP_CLOSE, new);
}

/* CLOSE to SYN_SENT or LISTEN; if @once, not if that has been recorded already. */
static void begin_sock(const struct sock *sk, u8 new, bool once)
{
	struct tcpstates_ident tcps_uninitialized ident;
	struct tcps_step tcps_uninitialized step;

	init_begin(&step, sk, new);
	step.family = tcps_sock_ident(&ident, sk, false);
	get_caller(&ident, sk);
	step.ident = &ident;
	if (!(once ? tcps_life_begin_once(&step) : tcps_life_begin(&step)))
		tcps_fallback_add(TCPS_FALLBACK_OPENED, step.cookie);
}

/* Whether the choice of the port is seen when a socket goes to @state. */
static bool sees_port(u8 state)
{
	return (state == TCP_LISTEN && tcps_attached(TCPSTATES_HOOK_LISTEN)) ||
	       (state == TCP_SYN_SENT && tcps_attached(TCPSTATES_HOOK_CONNECT));
}

/*
 * Whether a socket without an entry, which leaves @state for CLOSE, has none since
 * it never had a port. If there may be other reasons, its first transition is left
 * out.
 */
static bool is_portless(u64 cookie, u8 state)
{
	return sees_port(state) &&
	       !tcps_fallback_take(TCPS_FALLBACK_OPENED, cookie) &&
	       !tcps_conn_learning() && !tcps_conn_short();
}

/*
 * connect() or listen() has failed before it had a local port, and nothing has
 * been recorded: record both transitions.
 */
static void record_portless(const struct sock *sk, struct tcps_step *last)
{
	struct tcpstates_ident ident;
	struct tcps_step first;

	init_begin(&first, sk, last->old);
	first.family = tcps_sock_ident(&ident, sk, true);
	tcps_sock_no_port(&ident);
	get_caller(&ident, sk);
	first.ident = &ident;
	tcps_life_begin(&first);
	if (tcps_life_step(last, &close_rules) == TCPS_STEP_UNTRACKED) {
		last->ident = &ident;
		last->family = first.family;
		tcps_life_step_untracked(last);
	}
}

/* Whether @sk, which has no entry, does not stand for a connection any more. */
static bool is_replaced(u64 cookie, u8 old, bool has_others)
{
	if (tcps_fallback_take(TCPS_FALLBACK_REPLACED, cookie) ||
	    tcps_fallback_take(TCPS_FALLBACK_REPLACED_EARLY, cookie))
		return true;
	return old == TCP_SYN_RECV &&
	       tcps_probe_child_was_late(cookie, has_others);
}

/* A socket that has no entry, nor was replaced in one, goes to CLOSE. */
static noinline void close_untracked(const struct sock *sk, u8 old,
				     enum tcps_end end)
{
	struct tcps_step step;

	init_close(&step, sk, old);
	if (old == TCP_SYN_RECV && end == TCPS_END_UNTRACKED &&
	    tcps_probe_child_refused(sk, &step, &close_rules))
		return;
	if (is_portless(step.cookie, old))
		record_portless(sk, &step);
	else if (!is_replaced(step.cookie, old, end == TCPS_END_UNTRACKED))
		record_untracked(&step);
}

/* A socket begins with connect() or listen(), which may have to choose a port. */
static noinline void open_sock(const struct sock *sk, u8 new)
{
	if (inet_sk(sk)->inet_num || !sees_port(new))
		begin_sock(sk, new, false);
}

static noinline void close_sock(const struct sock *sk, u8 old)
{
	struct tcps_step tcps_uninitialized step;
	enum tcps_end end;

	init_close(&step, sk, old);
	end = tcps_step_close(&step, &close_rules);
	if (end == TCPS_END_UNTRACKED || end == TCPS_END_ALONE)
		close_untracked(sk, old, end);
}

static noinline void move_sock(const struct sock *sk, u8 old, u8 new)
{
	struct tcps_step tcps_uninitialized step;

	tcps_probe_start_step(&step, sk, old, new);
	if (tcps_probe_move(&step) == TCPS_STEP_UNTRACKED)
		tcps_probe_untracked_move(sk, sk, old, new);
	if (old == TCP_SYN_RECV && !tcps_attached(TCPSTATES_HOOK_REQ_DONE))
		tcps_fallback_take(TCPS_FALLBACK_HALF_OPEN, tcps_cookie(sk));
}

/**
 * tcps_probe_set_state() - tracepoint sock:inet_sock_set_state
 * @sk: the socket, sk_state not changed yet
 * @old: state before
 * @new: state after
 *
 * connect() and listen() without bind() change the state before they choose the
 * local port. That transition is recorded by tcps_probe_port_chosen(), which
 * follows under the same socket lock, or when the call fails.
 *
 * Context: as probe.h says.
 */
void tcps_probe_set_state(const struct sock *sk, int old, int new)
{
	if (!tcps_probe_is_tcp(sk) || old == new)
		return;
	if (old == TCP_LISTEN && new == TCP_SYN_RECV)
		tcps_probe_child_created(sk);
	else if (!tcps_recording())
		return;
	else if (new == TCP_CLOSE)
		close_sock(sk, old);
	else if (old == TCP_CLOSE)
		open_sock(sk, new);
	else
		move_sock(sk, old, new);
}

/**
 * tcps_probe_port_chosen() - tcp_fastopen_defer_connect() or tcp_connect(), and
 * inet_hash() or inet6_hash()
 * @sk: the socket, locked
 *
 * tcp_v4_connect() and tcp_v6_connect() call the first right after the choice of
 * the port, even if the SYN is put off until the first write;
 * inet_csk_listen_start() calls the hash functions.
 *
 * Context: as probe.h says.
 */
void tcps_probe_port_chosen(const struct sock *sk)
{
	u8 state = sk->sk_state;

	if (tcps_probe_is_tcp(sk) && tcps_recording() &&
	    (state == TCP_SYN_SENT || state == TCP_LISTEN) &&
	    !tcps_fallback_has(TCPS_FALLBACK_OPENED, tcps_cookie(sk)))
		begin_sock(sk, state, true);
}

static bool is_inet(const struct sock *sk)
{
	return sk->sk_family == AF_INET || sk->sk_family == AF_INET6;
}

/**
 * tcps_probe_accept() - security_sock_graft()
 * @sk: a socket that gets a file; sk_socket is set already
 *
 * accept() calls it for the child, in the process that will have it open. Other
 * protocols call it too.
 *
 * Context: as probe.h says.
 */
void tcps_probe_accept(const struct sock *sk)
{
	struct tcpstates_ident owner = { };

	if (!in_task() || !is_inet(sk) || !tcps_probe_is_tcp(sk))
		return;
	get_caller(&owner, sk);
	tcps_life_set_owner(tcps_cookie(sk), sk, &owner);
}

/**
 * tcps_probe_is_replaced() - whether a socket is known to be replaced
 * @sk: a full socket that has no entry
 *
 * Context: any.
 * Return: true if a minisock took its place.
 */
bool tcps_probe_is_replaced(const struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	/* A socket without a cookie has never been recorded. */
	return cookie &&
	       (tcps_fallback_has(TCPS_FALLBACK_REPLACED, cookie) ||
		tcps_fallback_has(TCPS_FALLBACK_REPLACED_EARLY, cookie));
}
