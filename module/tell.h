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

/*
 * The entry has tuple and owner as they stand in the record, but for @cpu,
 * @known, @flags and @rtt_us, in whose places it has other things.
 */
#define TCPS_TOLD_AT	offsetof(struct tcpstates_record, netns)
#define TCPS_TOLD_SIZE	(sizeof(struct tcps_tuple) + sizeof(struct tcps_owner))

#define TCPS_SAME_PLACE(member, part, place)				\
	static_assert(offsetof(struct tcpstates_record, member) ==	\
		      TCPS_TOLD_AT + offsetof(struct tcps_conn, part.place) - \
		      offsetof(struct tcps_conn, tuple))

TCPS_SAME_PLACE(netns, tuple, netns);
TCPS_SAME_PLACE(laddr, tuple, laddr);
TCPS_SAME_PLACE(raddr, tuple, raddr);
TCPS_SAME_PLACE(lport, tuple, lport);
TCPS_SAME_PLACE(rport, tuple, rport);
TCPS_SAME_PLACE(known, tuple, known);
TCPS_SAME_PLACE(pid, owner, pid);
TCPS_SAME_PLACE(uid, owner, uid);
TCPS_SAME_PLACE(comm, owner, comm);
TCPS_SAME_PLACE(flags, owner, known);
TCPS_SAME_PLACE(rtt_us, owner, zero);
TCPS_SAME_PLACE(inode, owner, inode);
TCPS_SAME_PLACE(cgroup, owner, cgroup);
static_assert(offsetof(struct tcpstates_record, bytes_in) ==
	      TCPS_TOLD_AT + TCPS_TOLD_SIZE);

/**
 * tcps_tell() - what is known of a connection
 * @record: where to: all but @cpu and @seq, and what tells of a transition:
 *	states, cause, times, duration. The members of a socket's counters
 *	become zero
 * @conn: the connection
 * @event: TCPSTATES_EVENT_*
 *
 * Context: any; @conn does not change.
 */
static __always_inline void tcps_tell(struct tcpstates_record *record,
				      const struct tcps_conn *conn, u8 event)
{
	/* Over several members, which is meant. */
	memcpy((u8 *)record + TCPS_TOLD_AT,
	       (const u8 *)conn + offsetof(struct tcps_conn, tuple),
	       TCPS_TOLD_SIZE);
	record->size = sizeof(*record);
	record->version = TCPSTATES_ABI_VERSION;
	record->event = event;
	record->family = conn->tuple.family;
	record->conn = conn->cookie;
	record->known = conn->tuple.known | conn->owner.known | conn->known;
	record->flags = conn->flags;
	record->rtt_us = 0;
	record->bytes_in = 0;
	record->bytes_out = 0;
	record->handshake_ns = conn->handshake_ns;
	record->retrans = 0;
	record->rq = 0;
	record->wq = 0;
	record->acceptq = 0;
	record->backlog = 0;
	record->reserved = 0;
}

/**
 * tcps_tell_health() - how a connection is doing
 * @record: where to, states filled in, and tcps_tell() done
 * @holder: what stands for it
 * @kind: TCPS_KIND_*, of @holder
 *
 * Context: as tcps_sock_health().
 */
static __always_inline void tcps_tell_health(struct tcpstates_record *record,
					     const void *holder, u8 kind)
{
	if (likely(kind == TCPS_KIND_SOCK))
		tcps_sock_health(record, holder);
	else if (kind == TCPS_KIND_REQUEST)
		tcps_sock_request_health(record, holder);
}

#endif /* _TCPS_TELL_H */
