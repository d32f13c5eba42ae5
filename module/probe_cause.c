// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks that make no transition: each marks the connection's entry with the
 * cause of the transition that its function is about to make.
 */
#include "probe.h"

#include <linux/atomic.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#include "cause.h"
#include "cookie.h"
#include "life.h"
#include "probe_step.h"
#include "uapi/tcpstates.h"

/* @sk is any of the three structures. */
static void mark_cause(const struct sock *sk, u8 cause)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	if (cookie)
		tcps_life_mark_cause(cookie, sk, tcps_probe_context(), cause);
}

static void mark_request(const struct request_sock *req, u8 cause)
{
	mark_cause(req_to_sk((struct request_sock *)req), cause);
}

/**
 * tcps_probe_reset() - tcp_reset()
 * @sk: the socket, locked
 * @skb: the segment, or NULL on kernels that do not pass it
 *
 * Context: as probe.h says.
 */
void tcps_probe_reset(const struct sock *sk, const struct sk_buff *skb)
{
	if (tcps_probe_is_tcp(sk) && sk->sk_state != TCP_CLOSE)
		mark_cause(sk, tcps_cause_of_reset(sk, skb));
}

/**
 * tcps_probe_disconnect() - tcp_disconnect()
 * @sk: the socket, locked
 *
 * Context: as probe.h says.
 */
void tcps_probe_disconnect(const struct sock *sk)
{
	if (tcps_probe_is_tcp(sk) && sk->sk_state != TCP_CLOSE)
		mark_cause(sk, tcps_cause_of_disconnect(sk));
}

/**
 * tcps_probe_shutdown() - tcp_shutdown()
 * @sk: the socket, locked
 * @how: RCV_SHUTDOWN, SEND_SHUTDOWN or both
 *
 * Makes a transition only when sending ends, in one of three states.
 *
 * Context: as probe.h says.
 */
void tcps_probe_shutdown(const struct sock *sk, int how)
{
	const int sending = TCPF_ESTABLISHED | TCPF_SYN_SENT | TCPF_CLOSE_WAIT;

	if (tcps_probe_is_tcp(sk) && how & SEND_SHUTDOWN &&
	    (1 << sk->sk_state) & sending)
		mark_cause(sk, TCPSTATES_CAUSE_SHUTDOWN);
}

/**
 * tcps_probe_abort() - tcp_abort()
 * @sk: any of the three structures, not locked: it may end for another reason
 *	before tcp_abort() has the lock, but then in another task
 *
 * Context: as probe.h says.
 */
void tcps_probe_abort(const struct sock *sk)
{
	mark_cause(sk, TCPSTATES_CAUSE_KILLED);
}

/**
 * tcps_probe_request_segment() - tcp_check_req()
 * @listener: the request's listener
 * @req: the request
 * @skb: a segment that arrived for it
 *
 * Context: as probe.h says.
 */
void tcps_probe_request_segment(const struct sock *listener,
				const struct request_sock *req,
				const struct sk_buff *skb)
{
	u8 cause = tcps_cause_of_segment(listener, skb);

	if (cause && tcps_probe_is_tcp(listener))
		mark_request(req, cause);
}

/**
 * tcps_probe_request_error() - tcp_req_err()
 * @req: the request
 * @seq: sequence number of the segment that an ICMP message quotes
 * @abort: the error ends the request
 *
 * Context: as probe.h says.
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
 * @caller: the function that calls it
 *
 * inet_twsk_kill() follows, unless the timer is faster.
 *
 * Context: as probe.h says.
 */
void tcps_probe_tw_deschedule(const struct inet_timewait_sock *tw,
			      enum tcps_caller caller)
{
	if (tcps_probe_is_tcp_timewait(tw))
		mark_cause(tcps_timewait_sk(tw),
			   tcps_cause_of_deschedule(tw, caller));
}
