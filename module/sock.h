/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads the three structures in which the kernel keeps a connection: request socket,
 * full socket, timewait minisock.
 *
 * Context: any; the caller keeps the structure from being freed.
 */
#ifndef _TCPS_SOCK_H
#define _TCPS_SOCK_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

struct inet_timewait_sock;
struct request_sock;
struct sock;

u8 tcps_sock_ident(struct tcpstates_ident *ident, const struct sock *sk,
		   bool closing);
void tcps_sock_no_port(struct tcpstates_ident *ident);
u8 tcps_sock_request_ident(struct tcpstates_ident *ident,
			   const struct request_sock *req);
u8 tcps_sock_timewait_ident(struct tcpstates_ident *ident,
			    const struct inet_timewait_sock *tw);

u32 tcps_sock_request_flags(const struct request_sock *req);

void tcps_sock_running(struct tcpstates_ident *ident);
bool tcps_sock_user(struct tcpstates_ident *ident, const struct sock *sk);
void tcps_sock_file(struct tcpstates_ident *ident, const struct sock *sk);
u32 tcps_sock_counters(struct tcpstates_record *record, const struct sock *sk);
u32 tcps_sock_some_counters(struct tcpstates_record *record,
			    const struct sock *sk);
u32 tcps_sock_request_counters(struct tcpstates_record *record,
			       const struct request_sock *req);

/**
 * tcps_sock_no_counters() - clear the counters
 * @record: where to
 *
 * Context: any.
 */
static inline void tcps_sock_no_counters(struct tcpstates_record *record)
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
