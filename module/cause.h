/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a transition happens, as far as the structure that makes it tells at
 * that moment. What only the path of the kernel tells is noted by probe_cause.c with
 * tcps_life_mark() and comes before. uapi/dev-tcpstates-causes lists all causes.
 *
 * Context of all: any; the caller holds what keeps the structure alive, and for
 * a full socket its lock. They read, and that is all.
 */
#ifndef _TCPS_CAUSE_H
#define _TCPS_CAUSE_H

#include <linux/types.h>

struct inet_timewait_sock;
struct request_sock;
struct sk_buff;
struct sock;

/* Who calls inet_twsk_deschedule_put(). */
enum tcps_caller {
	TCPS_CALLER_UNKNOWN,
	TCPS_CALLER_TW_PROCESS,	/* tcp_timewait_state_process() */
	TCPS_CALLER_RECEIVE,	/* tcp_v4_rcv(), tcp_v6_rcv() */
	TCPS_CALLER_REUSE,	/* connect() and TPROXY */
	TCPS_CALLER_ABORT,	/* tcp_abort() */
	TCPS_CALLER_PURGE,	/* inet_twsk_purge() */
};

/*
 * Of a transition of a full socket, not to CLOSE, by new and old state: CLOSE
 * also for shutdown(), which is marked; UNKNOWN where there is no such
 * transition. What TCP_REPAIR does is not in it.
 */
extern const u8 tcps_move_causes[16][16];

u8 tcps_cause_of_close(const struct sock *sk, u8 old);
u8 tcps_cause_of_reset(const struct sock *sk, const struct sk_buff *skb);
u8 tcps_cause_of_disconnect(const struct sock *sk);
u8 tcps_cause_of_drop(const struct sock *listener,
		      const struct request_sock *req, bool from_timer);
u8 tcps_cause_of_segment(const struct sock *listener,
			 const struct sk_buff *skb);
u8 tcps_cause_of_expiry(const struct inet_timewait_sock *tw, u8 state);
u8 tcps_cause_of_deschedule(const struct inet_timewait_sock *tw,
			    enum tcps_caller caller);

#endif /* _TCPS_CAUSE_H */
