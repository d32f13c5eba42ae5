/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is read from a full socket at each transition; inline, for sock.c and the hooks
 * that see most transitions.
 *
 * Context: as sock.h says.
 */
#ifndef _TCPS_SOCK_INLINE_H
#define _TCPS_SOCK_INLINE_H

#include <linux/compiler.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <net/mptcp.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "uapi/tcpstates.h"

/**
 * tcps_sock_flags() - read the flags of a full socket
 * @sk: the socket
 *
 * Context: any.
 * Return: TCPSTATES_FLAG_*.
 */
static inline u32 tcps_sock_flags(const struct sock *sk)
{
	u32 flags = 0;

	if (sock_flag(sk, SOCK_DEAD))
		flags |= TCPSTATES_FLAG_ORPHAN;
	if (tcp_sk(sk)->syn_data_acked)
		flags |= TCPSTATES_FLAG_TFO;
	if (sk_is_mptcp(sk))
		flags |= TCPSTATES_FLAG_MPTCP;
	return flags;
}

/* As tcp_diag_get_info() calculates them for ss. */
static __always_inline u32
tcps_put_queues(struct tcpstates_record *record, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	s32 rq = READ_ONCE(tp->rcv_nxt) - READ_ONCE(tp->copied_seq);

	record->rq = rq > 0 ? rq : 0;
	record->wq = READ_ONCE(tp->write_seq) - READ_ONCE(tp->snd_una);
	return TCPSTATES_KNOW_QUEUES;
}

/*
 * bytes_received includes the FIN; tcp_fin() sets SOCK_DONE. bytes_sent counts a
 * segment again each time that it is sent.
 */
static __always_inline u32
tcps_put_bytes(struct tcpstates_record *record, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 in = READ_ONCE(tp->bytes_received);

	if (in && sock_flag(sk, SOCK_DONE))
		in--;
	record->bytes_in = in;
	record->bytes_out = READ_ONCE(tp->bytes_sent) -
			    READ_ONCE(tp->bytes_retrans);
	return TCPSTATES_KNOW_BYTES;
}

static __always_inline u32
tcps_put_rtt(struct tcpstates_record *record, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 rtt_us = READ_ONCE(tp->srtt_us) >> 3;

	record->rtt_us = rtt_us;
	record->retrans = READ_ONCE(tp->total_retrans);
	return rtt_us ? TCPSTATES_KNOW_RTT | TCPSTATES_KNOW_RETRANS :
			TCPSTATES_KNOW_RETRANS;
}

/*
 * Whether all counters hold values between these states: the socket is not, and was
 * not, a listener, and its SYN has been sent and not been purged.
 */
static __always_inline bool tcps_has_all_counters(u8 old, u8 new)
{
	return old != TCP_LISTEN &&
	       !((1U << new) & (TCPF_LISTEN | TCPF_SYN_SENT)) &&
	       (old != TCP_SYN_SENT || new != TCP_CLOSE);
}

/**
 * tcps_sock_all_counters() - read the counters of a socket that has all
 * @record: where to: all counters; those of listeners become 0
 * @sk: the socket; see tcps_has_all_counters()
 *
 * Context: as tcps_sock_counters().
 * Return: TCPSTATES_KNOW_* of the counters.
 */
static __always_inline u32
tcps_sock_all_counters(struct tcpstates_record *record, const struct sock *sk)
{
	u32 known;

	known = tcps_put_rtt(record, sk) | tcps_put_queues(record, sk) |
		tcps_put_bytes(record, sk);
	record->acceptq = 0;
	record->backlog = 0;
	record->reserved = 0;
	return known;
}

#endif /* _TCPS_SOCK_INLINE_H */
