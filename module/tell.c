// SPDX-License-Identifier: GPL-2.0
#include "tell.h"

#include <linux/string.h>

#include "conn.h"
#include "uapi/tcpstates.h"

/**
 * tcps_tell() - what is known of a connection
 * @record: where to: identity, tuple, owner, lasting flags and handshake; the
 *	members from @rtt_us on that are a socket's become zero. Left alone are
 *	@cpu and @seq, and what tells of a transition: event, states, cause,
 *	times, duration
 * @conn: the connection
 *
 * Context: any; @conn does not change.
 */
void tcps_tell(struct tcpstates_record *record, const struct tcps_conn *conn)
{
	const struct tcps_tuple *tuple = &conn->tuple;
	const struct tcps_owner *owner = &conn->owner;
	u32 known = tuple->known | owner->known;

	if (conn->handshaken)
		known |= TCPSTATES_KNOW_HANDSHAKE;
	record->size = sizeof(*record);
	record->version = TCPSTATES_ABI_VERSION;
	record->family = tuple->family;
	record->conn = conn->cookie;
	record->netns = tuple->netns;
	memcpy(record->laddr, tuple->laddr, sizeof(record->laddr));
	memcpy(record->raddr, tuple->raddr, sizeof(record->raddr));
	record->lport = tuple->lport;
	record->rport = tuple->rport;
	record->known = known;
	record->pid = owner->pid;
	record->uid = owner->uid;
	memcpy(record->comm, owner->comm, sizeof(record->comm));
	record->flags = conn->flags;
	record->rtt_us = 0;
	record->inode = owner->inode;
	record->cgroup = owner->cgroup;
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
