// SPDX-License-Identifier: GPL-2.0
/*
 * Each function follows the kernel's own conditions on the paths to one end;
 * the comments name the paths. Where two paths look the same, the cause is
 * unknown.
 */
#include "cause.h"

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/inet_connection_sock.h>
#include <net/inet_timewait_sock.h>
#include <net/mptcp.h>
#include <net/net_namespace.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "compat.h"
#include "uapi/tcpstates.h"

/* Both ways: close(), or shutdown() of both, or tcp_done(). */
static bool is_shut_down(const struct sock *sk)
{
	return READ_ONCE(sk->sk_shutdown) == SHUTDOWN_MASK;
}

static bool all_acked(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return tp->snd_una == tp->write_seq;
}

/* By new and old state. */
const u8 tcps_move_causes[16][16] = {
	[TCP_SYN_SENT] = { [0 ... 15] = TCPSTATES_CAUSE_CONNECT },
	[TCP_LISTEN] = { [0 ... 15] = TCPSTATES_CAUSE_LISTEN },
	[TCP_SYN_RECV] = { [0 ... 15] = TCPSTATES_CAUSE_SYN },
	[TCP_ESTABLISHED] = {
		[0 ... TCP_ESTABLISHED] = TCPSTATES_CAUSE_ACK,
		[TCP_SYN_SENT] = TCPSTATES_CAUSE_SYNACK,
		[TCP_SYN_SENT + 1 ... 15] = TCPSTATES_CAUSE_ACK,
	},
	[TCP_CLOSE_WAIT] = { [0 ... 15] = TCPSTATES_CAUSE_FIN },
	[TCP_CLOSING] = { [0 ... 15] = TCPSTATES_CAUSE_FIN },
	[TCP_FIN_WAIT2] = { [0 ... 15] = TCPSTATES_CAUSE_FIN_ACKED },
	[TCP_TIME_WAIT] = {
		[0 ... TCP_LISTEN] = TCPSTATES_CAUSE_FIN,
		[TCP_CLOSING] = TCPSTATES_CAUSE_FIN_ACKED,
		[TCP_CLOSING + 1 ... 15] = TCPSTATES_CAUSE_FIN,
	},
	[TCP_FIN_WAIT1] = { [0 ... 15] = TCPSTATES_CAUSE_CLOSE },
	[TCP_LAST_ACK] = { [0 ... 15] = TCPSTATES_CAUSE_CLOSE },
};

/*
 * __tcp_close() or tcp_done_with_error(). tcp_disconnect() leaves ECONNRESET
 * from an earlier life; what arrives as one is marked by tcp_reset().
 */
static u8 of_failed_connect(const struct sock *sk)
{
	switch (READ_ONCE(sk->sk_err)) {
	case 0:
	case ECONNRESET:
		return is_shut_down(sk) ? TCPSTATES_CAUSE_CLOSE :
					  TCPSTATES_CAUSE_CONNECT_FAILED;
	case ETIMEDOUT:
		return TCPSTATES_CAUSE_TIMEOUT;
	case ECONNREFUSED:
	case ENOPROTOOPT:
		return TCPSTATES_CAUSE_REFUSED;
	default:
		return TCPSTATES_CAUSE_UNREACHABLE;
	}
}

/*
 * Whether inet_twsk_alloc() had to refuse a minisock just now: by its own
 * condition, but other CPUs may have changed the count since. Then UNKNOWN.
 */
static u8 of_missing_minisock(const struct net *net, u8 otherwise)
{
	int room = READ_ONCE(net->ipv4.tcp_death_row.sysctl_max_tw_buckets) -
		   tcps_timewait_count(net);

	if (room <= 0)
		return TCPSTATES_CAUSE_TW_OVERFLOW;
	if (room <= (int)num_online_cpus())
		return TCPSTATES_CAUSE_UNKNOWN;
	return otherwise;
}

/* Whether tcp_ack() has just been called. */
static bool gets_ack(const struct sock *sk)
{
	return tcp_jiffies32 - tcp_sk(sk)->rcv_tstamp <= 1;
}

/*
 * An orphan in FIN_WAIT2: __tcp_close() (the socket is owned) or
 * tcp_rcv_state_process() end it, or the timer of a long tcp_fin_timeout.
 */
static u8 of_orphan_fin_wait2(const struct sock *sk)
{
	u8 otherwise = TCPSTATES_CAUSE_TIMEOUT;

	if (tcp_sk(sk)->linger2 < 0)
		return TCPSTATES_CAUSE_ABORT;
	if (sock_owned_by_user_nocheck(sk))
		otherwise = TCPSTATES_CAUSE_NO_MEMORY;
	else if (gets_ack(sk))
		otherwise = TCPSTATES_CAUSE_RST_SENT;
	return of_missing_minisock(sock_net(sk), otherwise);
}

/*
 * Whether sk_err is what tcp_write_err() sets. Others leave theirs unread:
 * IP_RECVERR, MPTCP.
 */
static bool has_timed_out(const struct sock *sk)
{
	return READ_ONCE(sk->sk_err) ==
	       (READ_ONCE(sk->sk_err_soft) ? : ETIMEDOUT);
}

static u8 of_timeout(u8 old)
{
	return old == TCP_SYN_RECV ? TCPSTATES_CAUSE_SYNACK_TIMEOUT :
				     TCPSTATES_CAUSE_TIMEOUT;
}

/* Nobody has it open: timers, tcp_out_of_resources(), segments. */
static u8 of_orphan(const struct sock *sk, u8 old)
{
	if (old == TCP_FIN_WAIT2)
		return of_orphan_fin_wait2(sk);
	if (has_timed_out(sk))
		return of_timeout(old);
	if (!sk_is_mptcp(sk) && (old == TCP_FIN_WAIT1 || old == TCP_CLOSING ||
				 old == TCP_LAST_ACK))
		return TCPSTATES_CAUSE_NO_MEMORY;
	return TCPSTATES_CAUSE_UNKNOWN;
}

/*
 * Somebody has it open: tcp_write_err() or __tcp_close() with unread data. That
 * is called by a process; a process that runs a timer put off by its lock has
 * the timer's error.
 */
static u8 of_owned(const struct sock *sk, u8 old)
{
	bool error = READ_ONCE(sk->sk_err);

	if (is_shut_down(sk) && in_task())
		return error || sk_is_mptcp(sk) ? TCPSTATES_CAUSE_UNKNOWN :
						  TCPSTATES_CAUSE_UNREAD;
	if (has_timed_out(sk))
		return of_timeout(old);
	/* tcp_v4_err(), tcp_v6_err(). */
	if (old == TCP_SYN_RECV && error && !in_task())
		return TCPSTATES_CAUSE_UNREACHABLE;
	return TCPSTATES_CAUSE_UNKNOWN;
}

/* __tcp_close(), mptcp_check_listen_stop(), or inet_csk_listen_start(). */
static u8 of_listener(const struct sock *sk)
{
	if (is_shut_down(sk))
		return TCPSTATES_CAUSE_CLOSE;
	return sk_is_mptcp(sk) ? TCPSTATES_CAUSE_UNKNOWN :
				 TCPSTATES_CAUSE_LISTEN_FAILED;
}

/**
 * tcps_cause_of_close() - of the end of a full socket, if it is not marked
 * @sk: the socket
 * @old: state before
 *
 * Context: any; see cause.h.
 * Return: TCPSTATES_CAUSE_*.
 */
u8 tcps_cause_of_close(const struct sock *sk, u8 old)
{
	if (old == TCP_LISTEN)
		return of_listener(sk);
	if (old == TCP_SYN_SENT)
		return of_failed_connect(sk);
	if (tcp_sk(sk)->repair)
		return TCPSTATES_CAUSE_REPAIR;
	if (old == TCP_LAST_ACK && all_acked(sk))
		return TCPSTATES_CAUSE_FIN_ACKED;
	/* tcp_fin(), or the ACK of ours: they end with tcp_time_wait(). */
	if ((old == TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DONE)) ||
	    (old == TCP_CLOSING && all_acked(sk)))
		return of_missing_minisock(sock_net(sk),
					   TCPSTATES_CAUSE_NO_MEMORY);
	if (!check_net(sock_net(sk)))
		return TCPSTATES_CAUSE_NETNS_EXIT;
	return sock_flag(sk, SOCK_DEAD) ? of_orphan(sk, old) :
					  of_owned(sk, old);
}

/**
 * tcps_cause_of_reset() - of what tcp_reset() is about to do
 * @sk: the socket
 * @skb: the segment, or NULL where the kernel does not tell
 *
 * It is called for a RST, and for data after close().
 *
 * Context: any; see cause.h.
 * Return: TCPSTATES_CAUSE_*.
 */
u8 tcps_cause_of_reset(const struct sock *sk, const struct sk_buff *skb)
{
	if (sk->sk_state == TCP_SYN_SENT)
		return TCPSTATES_CAUSE_REFUSED;
	if (skb)
		return tcp_hdr(skb)->rst ? TCPSTATES_CAUSE_RST_RECEIVED :
					   TCPSTATES_CAUSE_RST_SENT;
	if ((sk->sk_state == TCP_FIN_WAIT1 || sk->sk_state == TCP_FIN_WAIT2) &&
	    READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		return TCPSTATES_CAUSE_UNKNOWN;
	return TCPSTATES_CAUSE_RST_RECEIVED;
}

/**
 * tcps_cause_of_disconnect() - of what tcp_disconnect() is about to do
 * @sk: the socket, not in CLOSE
 *
 * Context: any; see cause.h.
 * Return: TCPSTATES_CAUSE_*.
 */
u8 tcps_cause_of_disconnect(const struct sock *sk)
{
	if (sk->sk_state == TCP_SYN_SENT && is_shut_down(sk) &&
	    sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime)
		return TCPSTATES_CAUSE_ABORT;	/* __tcp_close() */
	if (sk->sk_state == TCP_LISTEN || sk->sk_state == TCP_SYN_SENT)
		return TCPSTATES_CAUSE_DISCONNECT;
	if (tcp_sk(sk)->repair)
		return TCPSTATES_CAUSE_REPAIR;
	/* inet_child_forget(): nobody has accepted it. */
	if (!READ_ONCE(sk->sk_socket) && !sock_flag(sk, SOCK_DEAD) &&
	    !sk_is_mptcp(sk))
		return TCPSTATES_CAUSE_LISTENER_CLOSED;
	return TCPSTATES_CAUSE_ABORT;
}

/* The last ACK came, and is not kept back for TCP_DEFER_ACCEPT. */
static bool waits_for_room(const struct sock *listener,
			   const struct request_sock *req)
{
	return inet_rsk(req)->acked &&
	       !READ_ONCE(inet_csk(listener)->icsk_accept_queue
			  .rskq_defer_accept);
}

/**
 * tcps_cause_of_drop() - of __inet_csk_reqsk_queue_drop()
 * @listener: the request's listener, perhaps closed
 * @req: the request
 * @from_timer: the call is reqsk_timer_handler()'s
 *
 * Context: any; see cause.h.
 * Return: TCPSTATES_CAUSE_*; UNKNOWN if it was to be noted before.
 */
u8 tcps_cause_of_drop(const struct sock *listener,
		      const struct request_sock *req, bool from_timer)
{
	if (!check_net(sock_net(listener)))
		return TCPSTATES_CAUSE_NETNS_EXIT;
	if (READ_ONCE(listener->sk_state) != TCP_LISTEN)
		return TCPSTATES_CAUSE_LISTENER_CLOSED;
	if (!from_timer)
		return TCPSTATES_CAUSE_UNKNOWN;
	return waits_for_room(listener, req) ? TCPSTATES_CAUSE_OVERFLOW :
					       TCPSTATES_CAUSE_SYNACK_TIMEOUT;
}

/**
 * tcps_cause_of_segment() - of what tcp_check_req() may do to a request
 * @listener: whose it is
 * @skb: the segment
 *
 * It ends the request for a RST or a SYN in the window, with a RST for the
 * latter; and for an ACK without room if net.ipv4.tcp_abort_on_overflow is set.
 *
 * Context: any; see cause.h.
 * Return: TCPSTATES_CAUSE_*; UNKNOWN if the segment cannot end it.
 */
u8 tcps_cause_of_segment(const struct sock *listener,
			 const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);

	if (th->rst)
		return TCPSTATES_CAUSE_RST_RECEIVED;
	if (th->syn)
		return TCPSTATES_CAUSE_RST_SENT;
	if (READ_ONCE(sock_net(listener)->ipv4.sysctl_tcp_abort_on_overflow))
		return TCPSTATES_CAUSE_OVERFLOW;
	return TCPSTATES_CAUSE_UNKNOWN;
}

/**
 * tcps_cause_of_expiry() - of a minisock's end that was not marked
 * @tw: the minisock
 * @state: its state
 *
 * It is its timer, or inet_twsk_purge(), which up to 6.1 calls nothing else
 * that is hooked.
 *
 * Context: any; see cause.h.
 * Return: TCPSTATES_CAUSE_*.
 */
u8 tcps_cause_of_expiry(const struct inet_timewait_sock *tw, u8 state)
{
	if (!check_net(twsk_net(tw)))
		return TCPSTATES_CAUSE_NETNS_EXIT;
	return state == TCP_TIME_WAIT ? TCPSTATES_CAUSE_TW_EXPIRED :
					TCPSTATES_CAUSE_TIMEOUT;
}

/**
 * tcps_cause_of_deschedule() - of what inet_twsk_deschedule_put() may do
 * @tw: the minisock
 * @caller: who calls it
 *
 * Context: any; see cause.h.
 * Return: TCPSTATES_CAUSE_*.
 */
u8 tcps_cause_of_deschedule(const struct inet_timewait_sock *tw,
			    enum tcps_caller caller)
{
	bool timewait = READ_ONCE(tw->tw_substate) == TCP_TIME_WAIT;

	switch (caller) {
	case TCPS_CALLER_TW_PROCESS:
		return timewait ? TCPSTATES_CAUSE_TW_RESET :
				  TCPSTATES_CAUSE_RST_RECEIVED;
	case TCPS_CALLER_RECEIVE:
		/* TCP_TW_SYN; TCP_TW_RST is for FIN_WAIT2 only. */
		return timewait ? TCPSTATES_CAUSE_TW_REUSED :
				  TCPSTATES_CAUSE_RST_SENT;
	case TCPS_CALLER_REUSE:
		return TCPSTATES_CAUSE_TW_REUSED;
	case TCPS_CALLER_ABORT:
		return TCPSTATES_CAUSE_KILLED;
	case TCPS_CALLER_PURGE:
		return TCPSTATES_CAUSE_NETNS_EXIT;
	default:
		return TCPSTATES_CAUSE_UNKNOWN;
	}
}
