/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a full socket tells of its connection at each transition; inline. It has
 * nothing of its own: sock.c and the hooks that see most transitions share it.
 *
 * Context: as sock.h says.
 */
#ifndef _TCPS_LOOK_H
#define _TCPS_LOOK_H

#include <linux/compiler.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <net/mptcp.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "sock.h"
#include "uapi/tcpstates.h"

/**
 * tcps_look_flags() - what a full socket says of its connection
 * @sk: the socket
 *
 * Context: any.
 * Return: TCPSTATES_FLAG_*.
 */
static inline u32 tcps_look_flags(const struct sock *sk)
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

/* As tcp_diag_get_info() has them for ss. */
static __always_inline u32
tcps_put_queues(struct tcpstates_record *record, const struct tcp_sock *tp)
{
	s32 rq = READ_ONCE(tp->rcv_nxt) - READ_ONCE(tp->copied_seq);

	record->rq = rq > 0 ? rq : 0;
	record->wq = READ_ONCE(tp->write_seq) - READ_ONCE(tp->snd_una);
	return TCPSTATES_KNOW_QUEUES;
}

/*
 * bytes_received counts the FIN, which tcp_fin() notes with SOCK_DONE;
 * bytes_sent counts a segment each time.
 */
static __always_inline u32
tcps_put_bytes(struct tcpstates_record *record, const struct tcp_sock *tp)
{
	u64 in = READ_ONCE(tp->bytes_received);

	if (in && sock_flag((const struct sock *)tp, SOCK_DONE))
		in--;
	record->bytes_in = in;
	record->bytes_out = READ_ONCE(tp->bytes_sent) -
			    READ_ONCE(tp->bytes_retrans);
	return TCPSTATES_KNOW_BYTES;
}

static __always_inline u32
tcps_put_rtt(struct tcpstates_record *record, const struct tcp_sock *tp)
{
	u32 rtt_us = READ_ONCE(tp->srtt_us) >> 3;

	record->rtt_us = rtt_us;
	record->retrans = READ_ONCE(tp->total_retrans);
	return rtt_us ? TCPSTATES_KNOW_RTT | TCPSTATES_KNOW_RETRANS :
			TCPSTATES_KNOW_RETRANS;
}

/*
 * Whether all is known of a socket between these states: it is no listener, it
 * was one neither, and its SYN has been sent and is not forgotten.
 */
static __always_inline bool tcps_has_health(u8 old, u8 new)
{
	return old != TCP_LISTEN &&
	       !((1U << new) & (TCPF_LISTEN | TCPF_SYN_SENT)) &&
	       (old != TCP_SYN_SENT || new != TCP_CLOSE);
}

/**
 * tcps_look_health() - how a connection is doing, if all is known
 * @record: where to; all members of a socket's counters
 * @sk: as for tcps_sock_health()
 *
 * Context: as tcps_sock_health().
 * Return: likewise.
 */
static __always_inline u32 tcps_look_health(struct tcpstates_record *record,
					    const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 known;

	known = tcps_put_rtt(record, tp) | tcps_put_queues(record, tp) |
		tcps_put_bytes(record, tp);
	record->acceptq = 0;
	record->backlog = 0;
	record->reserved = 0;
	return known;
}

#endif /* _TCPS_LOOK_H */
