/* SPDX-License-Identifier: GPL-2.0 */
/* A connection, and the changes of one or both of its ends in order. */
#ifndef _LADDER_FLOW_H
#define _LADDER_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

/* A connection has at most seven changes; more than this are left out, and said so. */
#define END_RECORDS	12

/**
 * struct end - one end of a connection
 * @conn: its conn in the stream
 * @own: whether it belongs to the command
 * @count: number of changes; 0 if the end has not been seen
 * @order: position of each change among all of the flow
 * @records: the changes
 */
struct end {
	__u64 conn;
	bool own;
	size_t count;
	size_t order[END_RECORDS];
	struct tcpstates_record records[END_RECORDS];
};

struct tuple_node;

/**
 * struct flow - a connection
 * @number: number of the flow, from 1 on
 * @ends: the end that was seen first, and its peer
 * @seen: number of changes so far
 * @cut: whether changes were left out
 * @lost: whether records were lost while it existed
 * @waiting: entry in the table of flows that wait for their peer, or NULL
 */
struct flow {
	unsigned long number;
	struct end ends[2];
	size_t seen;
	bool cut;
	bool lost;
	struct tuple_node *waiting;
};

void flow_add(struct flow *flow, struct end *end,
	      const struct tcpstates_record *record);
bool flow_begins(const struct tcpstates_record *record);
bool flow_done(const struct flow *flow, bool time_wait);
unsigned int end_state(const struct end *end);
const struct tcpstates_record *end_owner(const struct end *end);
int flow_left(const struct flow *flow);

#endif /* _LADDER_FLOW_H */
