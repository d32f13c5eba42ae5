/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes into a record what is known of its connection. Inline: it is part of
 * each transition.
 */
#ifndef _TCPS_TELL_H
#define _TCPS_TELL_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "conn.h"
#include "sock.h"
#include "uapi/tcpstates.h"

#define TCPS_TOLD_AT	offsetof(struct tcpstates_record, netns)

/* They have the same members in the same order. */
static_assert(offsetof(struct tcpstates_record, known) - TCPS_TOLD_AT ==
	      offsetof(struct tcps_told, known), "not as in the record");
static_assert(offsetof(struct tcpstates_record, flags) - TCPS_TOLD_AT ==
	      offsetof(struct tcps_told, flags), "not as in the record");
static_assert(offsetof(struct tcpstates_record, bytes_in) - TCPS_TOLD_AT ==
	      sizeof(struct tcps_told), "not as in the record");

/**
 * tcps_tell() - what is known of a connection
 * @record: where to: all but @cpu and @seq, what tells of a transition (states,
 *	cause, times, duration), and what tcps_tell_health() writes, to whose
 *	result @known is to be added
 * @conn: the connection
 * @event: TCPSTATES_EVENT_*
 *
 * Context: any; @conn does not change.
 */
static __always_inline void tcps_tell(struct tcpstates_record *record,
				      const struct tcps_conn *conn, u8 event)
{
	/* Over several members, which is meant. */
	memcpy((u8 *)record + TCPS_TOLD_AT, (const u8 *)&conn->told,
	       sizeof(conn->told));
	record->size = sizeof(*record);
	record->version = TCPSTATES_ABI_VERSION;
	record->event = event;
	record->family = conn->family;
	record->conn = conn->cookie;
	record->handshake_ns = conn->handshake_ns;
}

/**
 * tcps_tell_health() - how a connection is doing
 * @record: where to, states filled in: the members of a socket's counters
 * @holder: what stands for it
 * @kind: TCPS_KIND_*, of @holder
 *
 * Context: as tcps_sock_health().
 * Return: TCPSTATES_KNOW_* of these members.
 */
static __always_inline u32 tcps_tell_health(struct tcpstates_record *record,
					    const void *holder, u8 kind)
{
	if (kind == TCPS_KIND_SOCK)
		return tcps_sock_health(record, holder);
	tcps_sock_no_health(record);
	return kind == TCPS_KIND_REQUEST ?
	       tcps_sock_request_health(record, holder) : 0;
}

#endif /* _TCPS_TELL_H */
