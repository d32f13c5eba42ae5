/* SPDX-License-Identifier: GPL-2.0 */
/* A connection with one or both of its ends: what happened there, in order. */
#ifndef _LADDER_FLOW_H
#define _LADDER_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

/* A life has seven changes at most; more than this is left out, and said so. */
#define END_RECORDS	12

/**
 * struct end - one end
 * @conn: which connection of the stream it is
 * @own: whether it belongs to the command
 * @count: of its changes; 0 while the end has not been seen
 * @order: the place of each among all of the flow
 * @records: the changes themselves
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
 * @number: the how manieth one it is, from 1 on
 * @ends: the one that was seen first, and its peer
 * @seen: changes so far
 * @cut: whether some of them had no room
 * @lost: whether records were lost while it was there
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
