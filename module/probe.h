/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Turns the calls that the hooks see into transitions of connections. The kernel
 * keeps a connection in a request socket, a full socket and a timewait minisock,
 * one after the other, and changes their states in different places; here these
 * become one sequence. For most calls the transition is that of the structure.
 * For the others the table knows whether the structure holds its connection, and
 * in which state the connection is (life.h), or fallback.h for a connection
 * without an entry.
 *
 * There is one function for each hook, called at the entry of the kernel function
 * that its comment names, before that function has done anything:
 *
 *   probe_sock.c      full sockets
 *   probe_child.c     full sockets that are made from requests
 *   probe_request.c   request sockets
 *   probe_timewait.c  timewait minisocks
 *   probe_cause.c     causes of transitions that follow
 *
 * Context of all functions here, unless stated otherwise: process or softirq,
 * with or without preemption and locks, several CPUs at once. None sleeps,
 * allocates, prints, or changes the objects except to give them a cookie.
 */
#ifndef _TCPS_PROBE_H
#define _TCPS_PROBE_H

#include <linux/types.h>

#include "cause.h"

struct inet_timewait_sock;
struct request_sock;
struct sk_buff;
struct sock;

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

/* These make no transition: they mark the cause of the next. */
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

/* Context of these: any. */
u8 tcps_probe_request_kind(void);
bool tcps_probe_is_replaced(const struct sock *sk);
u64 tcps_probe_unplaced(void);

#endif /* _TCPS_PROBE_H */
