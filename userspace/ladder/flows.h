/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connections of a command, found in the stream of all connections, each with
 * its other end if that is on this host, too.
 */
#ifndef _LADDER_FLOWS_H
#define _LADDER_FLOWS_H

#include "ladder/flow.h"

/*
 * Number of other connections' latest changes that are kept: a peer may have begun
 * before the command's end, as a client of a server that is traced does.
 */
#define FLOWS_OTHERS	4096

struct conn_node;
struct tuple_node;

/**
 * struct flows - connections that have not ended
 * @by_conn: table of flows by the conn of each end
 * @by_tuple: table of flows without a peer, by their tuple
 * @all: the flows, in no order
 * @count: number of flows
 * @room: number of flows that fit into @all
 * @begun: number of flows that have begun so far
 * @lost: whether records have been lost
 * @others: ring of the latest changes that belong to no flow
 * @other: number of changes put into @others so far
 */
struct flows {
	struct conn_node *by_conn;
	struct tuple_node *by_tuple;
	struct flow **all;
	size_t count;
	size_t room;
	unsigned long begun;
	bool lost;
	struct tcpstates_record *others;
	size_t other;
};

int flows_init(struct flows *flows);
int flows_add(struct flows *flows, const struct tcpstates_record *record,
	      bool own, struct flow **flow);
void flows_lose(struct flows *flows);
struct flow *flows_first(const struct flows *flows);
void flows_remove(struct flows *flows, struct flow *flow);
void flows_free(struct flows *flows);

#endif /* _LADDER_FLOWS_H */
