/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fills a record from the three structures that the kernel keeps a connection
 * in: request socket, full socket, timewait minisock. It knows their members
 * and nothing else: no ring, no clock, no decision.
 *
 * Context: any; the caller holds what keeps the structure alive.
 */
#ifndef _TCPS_RECORD_H
#define _TCPS_RECORD_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

struct inet_timewait_sock;
struct request_sock;
struct sock;

u64 tcps_record_sock_cookie(const struct sock *sk);
u64 tcps_record_request_cookie(const struct request_sock *req);
u64 tcps_record_timewait_cookie(const struct inet_timewait_sock *tw);

void tcps_record_sock(struct tcpstates_record *record, const struct sock *sk,
		      u8 old, u8 new);
void tcps_record_request(struct tcpstates_record *record,
			 const struct request_sock *req, u8 old, u8 new);
void tcps_record_timewait(struct tcpstates_record *record,
			  const struct inet_timewait_sock *tw, u8 old, u8 new);
void tcps_record_no_port(struct tcpstates_record *record);
void tcps_record_owner(struct tcpstates_record *record);
void tcps_record_user(struct tcpstates_record *record, const struct sock *sk);
void tcps_record_file(struct tcpstates_record *record, const struct sock *sk);
void tcps_record_health(struct tcpstates_record *record, const struct sock *sk);

#endif /* _TCPS_RECORD_H */
