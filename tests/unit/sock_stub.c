// SPDX-License-Identifier: GPL-2.0
/*
 * Replaces the module's sock.c: sockets and requests are addresses without memory,
 * and the only counter of one is its address.
 */
#include <linux/types.h>

#include <stdint.h>

#include "sock.h"
#include "uapi/tcpstates.h"

u32 tcps_sock_counters(struct tcpstates_record *record, const struct sock *sk)
{
	tcps_sock_no_counters(record);
	record->rtt_us = (uintptr_t)sk;
	return TCPSTATES_KNOW_RTT;
}

u32 tcps_sock_request_counters(struct tcpstates_record *record,
			       const struct request_sock *req)
{
	record->retrans = (uintptr_t)req;
	return TCPSTATES_KNOW_RETRANS;
}
