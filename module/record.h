/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fills a record with what its connection's entry holds. Inline: it is part of each
 * transition.
 */
#ifndef _TCPS_RECORD_H
#define _TCPS_RECORD_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "conn.h"
#include "sock.h"
#include "uapi/tcpstates.h"

/**
 * tcps_record_fill() - copy what is known of a connection
 * @record: where to. Not written: @cpu, @seq, states, cause, times and duration,
 *	and the members that tcps_record_counters() writes
 * @conn: the connection
 * @event: TCPSTATES_EVENT_*
 *
 * Context: any; @conn does not change.
 */
static __always_inline void tcps_record_fill(struct tcpstates_record *record,
					     const struct tcps_conn *conn,
					     u8 event)
{
	record->ident = conn->ident;
	record->size = sizeof(*record);
	record->version = TCPSTATES_ABI_VERSION;
	record->event = event;
	record->family = conn->family;
	record->conn = conn->cookie;
	record->handshake_ns = conn->handshake_ns;
}

/**
 * tcps_record_counters() - read the counters of a structure
 * @record: where to, states filled in; counters that the structure does not have
 *	become 0
 * @holder: the structure
 * @kind: TCPS_KIND_*, of @holder
 *
 * Context: as tcps_sock_counters().
 * Return: TCPSTATES_KNOW_* of the counters, for @known of the record.
 */
static __always_inline u32 tcps_record_counters(struct tcpstates_record *record,
						const void *holder, u8 kind)
{
	if (kind == TCPS_KIND_SOCK)
		return tcps_sock_counters(record, holder);
	tcps_sock_no_counters(record);
	return kind == TCPS_KIND_REQUEST ?
	       tcps_sock_request_counters(record, holder) : 0;
}

/**
 * tcps_record_existing() - describe a connection as it is now
 * @record: where to: an EXISTING, with @boot_ns the time since when it is in its
 *	state, and the flag atleast if that is a lower bound
 * @conn: the connection
 *
 * Context: interrupts off, the chain of @conn locked.
 */
static inline void tcps_record_existing(struct tcpstates_record *record,
					const struct tcps_conn *conn)
{
	tcps_record_fill(record, conn, TCPSTATES_EVENT_EXISTING);
	record->old_state = TCPSTATES_UNKNOWN;
	record->new_state = conn->state;
	record->cause = TCPSTATES_CAUSE_UNKNOWN;
	record->boot_ns = conn->since_ns;
	record->real_ns = 0;
	record->seq = 0;
	record->dur_ns = 0;
	record->cpu = 0;
	if (conn->atleast)
		record->flags |= TCPSTATES_FLAG_ATLEAST;
	record->known |= tcps_record_counters(record, conn->holder, conn->kind);
}

#endif /* _TCPS_RECORD_H */
