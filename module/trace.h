/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The trace event tcpstates:transition, for perf, bpftrace and trace-cmd: the same
 * transitions as the device's. It costs a static branch while it is disabled.
 *
 * Addresses are struct sockaddr_in6 or sockaddr_in as in other events of the
 * kernel, so that tools print them. Unknown ports are 0, an unknown duration is
 * the largest number.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tcpstates

#if !defined(_TCPS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TCPS_TRACE_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "names.h"
#include "uapi/tcpstates.h"

#ifndef TCPS_TRACE_SHOW_STATE
#define TCPS_TRACE_LAST_STATE(name, word)	{ TCPSTATES_##name, word }
#define TCPS_TRACE_STATE(name, word)		{ TCPSTATES_##name, word },
#define TCPS_TRACE_SHOW_STATE(state) \
	__print_symbolic(state, \
			 TCPS_STATES(TCPS_TRACE_STATE, TCPS_TRACE_LAST_STATE))

#define TCPS_TRACE_LAST_CAUSE(name, word)	{ TCPSTATES_CAUSE_##name, word }
#define TCPS_TRACE_CAUSE(name, word)		{ TCPSTATES_CAUSE_##name, word },
#define TCPS_TRACE_SHOW_CAUSE(cause) \
	__print_symbolic(cause, \
			 TCPS_CAUSES(TCPS_TRACE_CAUSE, TCPS_TRACE_LAST_CAUSE))

/* An address and port of a record as a struct sockaddr. */
static inline void tcps_trace_address(void *to, __u8 family,
				      const __u8 *address, __u16 port)
{
	struct sockaddr_in6 *in6 = to;
	struct sockaddr_in *in = to;

	memset(to, 0, sizeof(*in6));
	if (family == TCPSTATES_FAMILY_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, address, sizeof(in->sin_addr));
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, address, sizeof(in6->sin6_addr));
	}
}
#endif

TRACE_EVENT(transition,
	TP_PROTO(const struct tcpstates_record *record),
	TP_ARGS(record),

	TP_STRUCT__entry(
		__field(__u64, conn)
		__field(__u64, dur_ns)
		__field(__u32, netns)
		__field(__u32, pid)
		__field(__u32, uid)
		__field(__u32, flags)
		__field(__u16, lport)
		__field(__u16, rport)
		__field(__u8, old)
		__field(__u8, new)
		__field(__u8, family)
		__field(__u8, cause)
		__array(__u8, laddr, sizeof(struct sockaddr_in6))
		__array(__u8, raddr, sizeof(struct sockaddr_in6))
		__array(char, comm, TCPSTATES_COMM_LEN)
	),

	TP_fast_assign(
		__entry->conn = record->conn;
		__entry->dur_ns = record->known & TCPSTATES_KNOW_DURATION ?
				  record->dur_ns : ~0ULL;
		__entry->netns = record->netns;
		__entry->pid = record->pid;
		__entry->uid = record->uid;
		__entry->flags = record->flags;
		__entry->lport = record->lport;
		__entry->rport = record->rport;
		__entry->old = record->old_state;
		__entry->new = record->new_state;
		__entry->family = record->family;
		__entry->cause = record->cause;
		tcps_trace_address(__entry->laddr, record->family,
				   record->laddr, record->lport);
		tcps_trace_address(__entry->raddr, record->family,
				   record->raddr, record->rport);
		memcpy(__entry->comm, record->comm, TCPSTATES_COMM_LEN);
	),

	TP_printk("conn=%llx netns=%u laddr=%pISpc raddr=%pISpc old=%s new=%s dur_ns=%lld cause=%s pid=%u comm=%.16s uid=%u flags=%x",
		  __entry->conn, __entry->netns, __entry->laddr,
		  __entry->raddr, TCPS_TRACE_SHOW_STATE(__entry->old),
		  TCPS_TRACE_SHOW_STATE(__entry->new),
		  (__s64)__entry->dur_ns,
		  TCPS_TRACE_SHOW_CAUSE(__entry->cause), __entry->pid,
		  __entry->comm, __entry->uid, __entry->flags)
);

#endif /* _TCPS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
