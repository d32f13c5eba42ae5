/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fields of a record in the order of a line: the only list of them. format.c
 * makes lines and objects from it, the library single values and rows of CSV.
 *
 *	F(key, kind, mask, arguments...)
 *
 *	key		the name in a line, in an object and in the head of CSV
 *	kind		tcps_value_KIND() in value.h writes the value
 *	mask		TCPSTATES_KNOW_* if the record says whether it knows the value;
 *			0 if the value itself says so, or is always known
 *	arguments	of tcps_value_KIND(), made of what format.c has in scope:
 *			@record, its @event, and @cache, a struct tcps_text_cache
 *
 * Fields are grouped so that a group of which nothing is known becomes one literal.
 * A new field goes to the end.
 */
#ifndef _TCPS_FIELDS_H
#define _TCPS_FIELDS_H

#define TCPS_FIRST_FIELD(F) \
	F(time, time, 0, cache, record->real_ns)

#define TCPS_EVENT_FIELDS(F) \
	F(seq, seq, 0, record, event) \
	F(event, event, 0, event)

/* A loss has this one, and none of those that follow. */
#define TCPS_LOSS_FIELDS(F) \
	F(count, number, 0, record->count)

#define TCPS_TUPLE_FIELDS(F) \
	F(conn, cookie, 0, record->conn) \
	F(netns, netns, 0, cache, record->netns) \
	F(family, family, 0, record->family) \
	F(laddr, address, TCPSTATES_KNOW_LADDR, record->family, record->laddr) \
	F(lport, port, TCPSTATES_KNOW_LPORT, record->lport) \
	F(raddr, address, TCPSTATES_KNOW_RADDR, record->family, record->raddr) \
	F(rport, port, TCPSTATES_KNOW_RPORT, record->rport)

#define TCPS_CHANGE_FIELDS(F) \
	F(old, name, 0, tcps_name_state(record->old_state)) \
	F(new, name, 0, tcps_name_state(record->new_state)) \
	F(dur_ns, number, TCPSTATES_KNOW_DURATION, record->dur_ns) \
	F(cause, name, 0, tcps_name_cause(record->cause))

#define TCPS_PROCESS_FIELDS(F) \
	F(pid, number, TCPSTATES_KNOW_OWNER, record->pid) \
	F(comm, comm, TCPSTATES_KNOW_OWNER, record->comm)

#define TCPS_SOCKET_FIELDS(F) \
	F(uid, number, TCPSTATES_KNOW_UID, record->uid) \
	F(flags, flags, 0, record->flags) \
	F(inode, number, TCPSTATES_KNOW_INODE, record->inode) \
	F(cgroup, number, TCPSTATES_KNOW_CGROUP, record->cgroup)

/* What only a full socket counts, except SYN-ACKs sent again. */
#define TCPS_RTT_FIELDS(F) \
	F(rtt_us, number, TCPSTATES_KNOW_RTT, record->rtt_us)

#define TCPS_RETRANS_FIELDS(F) \
	F(retrans, number, TCPSTATES_KNOW_RETRANS, record->retrans)

#define TCPS_QUEUE_FIELDS(F) \
	F(rq, number, TCPSTATES_KNOW_QUEUES, record->rq) \
	F(wq, number, TCPSTATES_KNOW_QUEUES, record->wq)

#define TCPS_BYTES_FIELDS(F) \
	F(bytes_in, number, TCPSTATES_KNOW_BYTES, record->bytes_in) \
	F(bytes_out, number, TCPSTATES_KNOW_BYTES, record->bytes_out)

#define TCPS_HANDSHAKE_FIELDS(F) \
	F(handshake_ns, number, TCPSTATES_KNOW_HANDSHAKE, record->handshake_ns)

/* Of a listener. With these a line ends. */
#define TCPS_LAST_FIELDS(F) \
	F(acceptq, number, TCPSTATES_KNOW_ACCEPTQ, record->acceptq) \
	F(backlog, number, TCPSTATES_KNOW_ACCEPTQ, record->backlog)

/* The groups of counters, and with them the fields of these. */
#define TCPS_COUNTER_GROUPS(G, F) \
	G(TCPS_RTT_FIELDS, F) \
	G(TCPS_RETRANS_FIELDS, F) \
	G(TCPS_QUEUE_FIELDS, F) \
	G(TCPS_BYTES_FIELDS, F) \
	G(TCPS_HANDSHAKE_FIELDS, F)

#define TCPS_FIELDS_OF(group, F) \
	group(F)

#define TCPS_COUNTER_FIELDS(F) \
	TCPS_COUNTER_GROUPS(TCPS_FIELDS_OF, F) \
	TCPS_LAST_FIELDS(F)

#define TCPS_CONNECTION_FIELDS(F) \
	TCPS_TUPLE_FIELDS(F) \
	TCPS_CHANGE_FIELDS(F) \
	TCPS_PROCESS_FIELDS(F) \
	TCPS_SOCKET_FIELDS(F) \
	TCPS_COUNTER_FIELDS(F)

#define TCPS_ALL_FIELDS(F) \
	TCPS_FIRST_FIELD(F) \
	TCPS_EVENT_FIELDS(F) \
	TCPS_LOSS_FIELDS(F) \
	TCPS_CONNECTION_FIELDS(F)

#endif /* _TCPS_FIELDS_H */
