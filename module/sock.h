/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the three structures that the kernel keeps a connection in tell of it:
 * request socket, full socket, timewait minisock. It knows their members and
 * nothing else: no ring, no clock, no decision.
 *
 * Context: any; the caller holds what keeps the structure alive.
 */
#ifndef _TCPS_SOCK_H
#define _TCPS_SOCK_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

struct inet_timewait_sock;
struct request_sock;
struct sock;
struct tcps_owner;
struct tcps_tuple;

void tcps_sock_tuple(struct tcps_tuple *tuple, const struct sock *sk,
		     bool closing);
void tcps_sock_no_port(struct tcps_tuple *tuple);
void tcps_sock_request_tuple(struct tcps_tuple *tuple,
			     const struct request_sock *req);
void tcps_sock_timewait_tuple(struct tcps_tuple *tuple,
			      const struct inet_timewait_sock *tw);

u32 tcps_sock_request_flags(const struct request_sock *req);

void tcps_sock_running(struct tcps_owner *owner);
bool tcps_sock_user(struct tcps_owner *owner, const struct sock *sk);
void tcps_sock_file(struct tcps_owner *owner, const struct sock *sk);
u32 tcps_sock_health(struct tcpstates_record *record, const struct sock *sk);
u32 tcps_sock_some_health(struct tcpstates_record *record,
			  const struct sock *sk);
u32 tcps_sock_request_health(struct tcpstates_record *record,
			     const struct request_sock *req);

/**
 * tcps_sock_no_health() - nothing is known of how a connection is doing
 * @record: where to: the members of a socket's counters become zero
 */
static inline void tcps_sock_no_health(struct tcpstates_record *record)
{
	record->rtt_us = 0;
	record->bytes_in = 0;
	record->bytes_out = 0;
	record->retrans = 0;
	record->rq = 0;
	record->wq = 0;
	record->acceptq = 0;
	record->backlog = 0;
	record->reserved = 0;
}

#endif /* _TCPS_SOCK_H */
