/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Turns what the hooks see into transitions of connections. One function for
 * each hook, called at the entry of the kernel function named in its comment
 * (probe.c), before that function did anything.
 *
 * Context of all tcps_probe_* but init and exit: process or softirq, with or
 * without preemption and locks, several CPUs at once. None sleeps, allocates,
 * prints, or changes the objects beyond giving them a cookie.
 */
#ifndef _TCPS_PROBE_H
#define _TCPS_PROBE_H

#include <linux/types.h>

#include "cause.h"

struct inet_timewait_sock;
struct request_sock;
struct sk_buff;
struct sock;
struct tcpstates_stats;

int tcps_probe_init(void);
void tcps_probe_exit(void);

/* Which hooks are attached; told before the first of them can be called. */
void tcps_probe_attached(unsigned int hook, bool attached);
unsigned long tcps_probe_hooks(void);

void tcps_probe_set_state(const struct sock *sk, int old, int new);
void tcps_probe_tw_start(struct inet_timewait_sock *tw, const struct sock *sk);
void tcps_probe_tw_end(const struct inet_timewait_sock *tw);
void tcps_probe_tw_rearm(const struct inet_timewait_sock *tw, bool rearm);
void tcps_probe_request_start(const struct sock *listener,
			      const struct request_sock *req);
void tcps_probe_request_drop(const struct sock *listener,
			     const struct request_sock *req, bool from_timer);
void tcps_probe_request_done(const struct sock *child,
			     const struct request_sock *req, bool own);
void tcps_probe_request_free(const struct request_sock *req);
void tcps_probe_request_migrate(const struct request_sock *req);
void tcps_probe_child(const struct sock *listener,
		      const struct request_sock *req);
void tcps_probe_port_chosen(const struct sock *sk);
void tcps_probe_accept(const struct sock *sk);

/* These make no transition: they note the cause of the next. */
void tcps_probe_reset(const struct sock *sk, const struct sk_buff *skb);
void tcps_probe_disconnect(const struct sock *sk);
void tcps_probe_shutdown(const struct sock *sk, int how);
void tcps_probe_abort(const struct sock *sk);
void tcps_probe_request_segment(const struct sock *listener,
				const struct request_sock *req,
				const struct sk_buff *skb);
void tcps_probe_request_error(const struct request_sock *req, u32 seq,
			      bool abort);
void tcps_probe_tw_deschedule(const struct inet_timewait_sock *tw,
			      enum tcps_caller caller);

u8 tcps_probe_request_kind(void);

/* For learn.c. */
bool tcps_probe_ghost(const struct sock *sk);
void tcps_probe_learned(void);
bool tcps_probe_sets_used(void);

void tcps_probe_stats(struct tcpstates_stats *stats);

#endif /* _TCPS_PROBE_H */
