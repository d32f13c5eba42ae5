/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connections of a command, found in a stream of everybody's, each with its
 * other end where that is on this host too.
 */
#ifndef _LADDER_FLOWS_H
#define _LADDER_FLOWS_H

#include "ladder/flow.h"

/*
 * So many changes of others are kept: a peer may have begun before the end that
 * belongs to the command, as a client does whom the command serves.
 */
#define FLOWS_OTHERS	4096

/**
 * struct flows - the connections that have not ended
 * @by_conn: a tree of ends, by their conn
 * @by_tuple: a tree of flows without a peer, by the tuple that it would have
 * @all: these flows, in no order
 * @count: of them
 * @room: for how many there is memory
 * @begun: how many there have been
 * @lost: whether records have been lost
 * @others: the last changes that were nobody's
 * @other: where the next one goes
 */
struct flows {
	void *by_conn;
	void *by_tuple;
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
