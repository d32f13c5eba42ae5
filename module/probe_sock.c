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
#include "verify.h"

static __always_inline void init_close(struct tcps_step *step,
				       const struct sock *sk, u8 old)
{
	tcps_probe_start_step(step, sk, old, TCP_CLOSE);
	step->next = NULL;
	tcps_probe_overridable_cause(step, TCPSTATES_CAUSE_UNKNOWN,
				     TCPS_PROBE_CLOSE_HOOKS);
	step->ask = tcps_attached_all(TCPS_PROBE_CLOSE_HOOKS);
}

/* A step of a socket whose connection has no entry. */
static void record_untracked(struct tcps_step *step)
{
	struct tcps_tuple tuple;

	tcps_sock_tuple(&tuple, step->holder, step->new == TCP_CLOSE);
	step->tuple = &tuple;
	tcps_life_strange(step);
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

	tcps_probe_init_move(&step, sk, old, new);
	step.next = next;
	record_untracked(&step);
}

/* The caller of connect() or listen() becomes the owner. */
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
static bool begin_sock(const struct sock *sk, u8 new, bool once)
{
	struct tcps_owner tcps_uninitialized owner;
	struct tcps_tuple tcps_uninitialized tuple;
	struct tcps_step tcps_uninitialized step;

	tcps_probe_init_move(&step, sk, TCP_CLOSE, new);
	tcps_sock_tuple(&tuple, sk, false);
	get_caller(&owner, sk);
	step.tuple = &tuple;
	step.strict = once;
	return tcps_life_begin(&step, &owner);
}

/* Whether the choice of the port is seen when a socket goes to @state. */
static bool sees_port(u8 state)
{
	return (state == TCP_LISTEN && tcps_attached(TCPSTATES_HOOK_LISTEN)) ||
	       (state == TCP_SYN_SENT && tcps_attached(TCPSTATES_HOOK_CONNECT));
}

/*
 * Whether a socket without an entry has none since it never had a port. If there
 * may be other reasons, its first transition is left out.
 */
static bool is_portless(const struct sock *sk, u8 state)
{
	return sees_port(state) &&
	       !tcps_fallback_take(TCPS_FALLBACK_BOUND, (unsigned long)sk) &&
	       !tcps_verify_learning() && !tcps_conn_short();
}

/*
 * connect() or listen() has failed before it had a local port, and nothing has
 * been recorded: record both transitions.
 */
static void record_portless(const struct sock *sk, struct tcps_step *last)
{
	struct tcps_owner owner;
	struct tcps_tuple tuple;
	struct tcps_step first;

	tcps_probe_init_move(&first, sk, TCP_CLOSE, last->old);
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

/* Whether @sk, which has no entry, does not stand for a connection any more. */
static bool is_replaced(u64 cookie, u8 old, bool has_others)
{
	if (tcps_fallback_take(TCPS_FALLBACK_REPLACED, cookie))
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
	if (old == TCP_SYN_RECV && end == TCPS_END_STRANGE &&
	    tcps_probe_child_refused(sk, &step))
		return;
	if (is_portless(sk, old))
		record_portless(sk, &step);
	else if (!is_replaced(step.cookie, old, end == TCPS_END_STRANGE))
		record_untracked(&step);
}

/* A socket begins with connect() or listen(), which may have to choose a port. */
static noinline void open_sock(const struct sock *sk, u8 new)
{
	if (!sees_port(new))
		begin_sock(sk, new, false);
	else if (inet_sk(sk)->inet_num && !begin_sock(sk, new, false))
		tcps_fallback_add(TCPS_FALLBACK_BOUND, (unsigned long)sk);
}

static noinline void close_sock(const struct sock *sk, u8 old)
{
	struct tcps_step tcps_uninitialized step;
	enum tcps_end end;

	init_close(&step, sk, old);
	end = tcps_step_close(&step, tcps_probe_look_at_sock);
	if (end == TCPS_END_STRANGE || end == TCPS_END_ALONE)
		close_untracked(sk, old, end);
}

static noinline void move_sock(const struct sock *sk, u8 old, u8 new)
{
	struct tcps_step tcps_uninitialized step;

	tcps_probe_start_step(&step, sk, old, new);
	if (tcps_step_go(&step, tcps_probe_look_at_sock,
			 tcps_probe_ask_sock) == TCPS_STEP_STRANGE)
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
	    !tcps_fallback_take(TCPS_FALLBACK_BOUND, (unsigned long)sk))
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
	struct tcps_owner owner;

	if (!in_task() || !is_inet(sk) || !tcps_probe_is_tcp(sk))
		return;
	get_caller(&owner, sk);
	tcps_life_accepted(tcps_cookie(sk), sk, &owner);
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
	return cookie && tcps_fallback_has(TCPS_FALLBACK_REPLACED, cookie);
}
