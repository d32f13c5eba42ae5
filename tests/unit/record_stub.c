// SPDX-License-Identifier: GPL-2.0
/*
 * In the place of the module's record.c: sockets are addresses that nothing is
 * at, and the health of one is its address.
 */
#include <linux/types.h>

#include <stdint.h>

#include "record.h"

void tcps_record_health(struct tcpstates_record *record, const struct sock *sk)
{
	record->rtt_us = (uintptr_t)sk;
	record->known |= TCPSTATES_KNOW_RTT;
}
