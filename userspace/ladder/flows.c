// SPDX-License-Identifier: GPL-2.0
/* The connections of a command, found in the stream of all connections. */
#include "ladder/flows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"

/* The bits of a record that knows both endpoints. */
#define TUPLE	(TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT | \
		 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT)

/* The flow of an end. */
struct conn_node {
	__u64 conn;
	struct flow *flow;
	UT_hash_handle hh;
};

/* Two endpoints, as the end that has @laddr sees them; without padding. */
struct tuple {
	__u8 laddr[16];
	__u8 raddr[16];
	__u16 lport;
	__u16 rport;
	__u16 family;
};

/* A flow that waits for its peer, and the record that it knows its tuple from. */
struct tuple_node {
	struct tuple tuple;
	struct tcpstates_record record;
	struct flow *flow;
	UT_hash_handle hh;
};

/* Whether the addresses are such that each network namespace has for itself. */
static bool is_private(const struct tcpstates_record *record)
{
	static const __u8 loopback6[16] = { [15] = 1 };

	if (!memcmp(record->laddr, record->raddr, sizeof(record->laddr)))
		return true;
	if (record->family == TCPSTATES_FAMILY_INET)
		return record->laddr[0] == 127;
	return !memcmp(record->laddr, loopback6, sizeof(loopback6));
}

static struct tuple tuple_of(const struct tcpstates_record *record)
{
	struct tuple tuple = {
		.lport = record->lport, .rport = record->rport,
		.family = record->family,
	};

	memcpy(tuple.laddr, record->laddr, sizeof(tuple.laddr));
	memcpy(tuple.raddr, record->raddr, sizeof(tuple.raddr));
	return tuple;
}

/* The tuple that the peer of this record's end has. */
static struct tuple peer_tuple(const struct tcpstates_record *record)
{
	struct tuple tuple = {
		.lport = record->rport, .rport = record->lport,
		.family = record->family,
	};

	memcpy(tuple.laddr, record->raddr, sizeof(tuple.laddr));
	memcpy(tuple.raddr, record->laddr, sizeof(tuple.raddr));
	return tuple;
}

/* Whether two records can belong to the two ends of one connection. */
static bool are_peers(const struct tcpstates_record *a,
		      const struct tcpstates_record *b)
{
	const struct tuple tuple = tuple_of(a), peer = peer_tuple(b);

	if (a->conn == b->conn || (a->known & b->known & TUPLE) != TUPLE ||
	    memcmp(&tuple, &peer, sizeof(tuple)))
		return false;
	return a->netns == b->netns || !is_private(a);
}

static struct conn_node *find_conn(const struct flows *flows, __u64 conn)
{
	struct conn_node *node;

	HASH_FIND(hh, flows->by_conn, &conn, sizeof(conn), node);
	return node;
}

static void remove_conn(struct flows *flows, struct conn_node *node)
{
	HASH_DEL(flows->by_conn, node);
	free(node);
}

static void remove_tuple(struct flows *flows, struct tuple_node *node)
{
	if (!node)
		return;
	node->flow->waiting = NULL;
	HASH_DEL(flows->by_tuple, node);
	free(node);
}

/**
 * flows_init() - prepare for the first record
 * @flows: filled in
 *
 * Return: 0, or -1 and errno.
 */
int flows_init(struct flows *flows)
{
	*flows = (struct flows) { 0 };
	flows->others = calloc(FLOWS_OTHERS, sizeof(*flows->others));
	return flows->others ? 0 : -1;
}

static void keep_other(struct flows *flows,
		       const struct tcpstates_record *record)
{
	flows->others[flows->other++ % FLOWS_OTHERS] = *record;
}

/* Records that the end @conn belongs to @flow. Returns 0, or -1 and errno. */
static int bind_conn(struct flows *flows, struct flow *flow, __u64 conn)
{
	struct conn_node *node = find_conn(flows, conn);

	/* A socket is used again, and the record of its former end was lost. */
	if (node) {
		node->flow = flow;
		return 0;
	}
	node = calloc(1, sizeof(*node));
	if (!node)
		return -1;
	node->conn = conn;
	node->flow = flow;
	HASH_ADD(hh, flows->by_conn, conn, sizeof(conn), node);
	if (node->hh.tbl)
		return 0;
	free(node);
	errno = ENOMEM;
	return -1;
}

/* The @i-th change that was put into the ring of others. */
static struct tcpstates_record *other_at(const struct flows *flows, size_t i)
{
	return &flows->others[i % FLOWS_OTHERS];
}

/*
 * The position among others where the latest connection begins that opened towards
 * @record; flows->other if there is none.
 */
static size_t find_opener(const struct flows *flows,
			  const struct tcpstates_record *record)
{
	size_t i = flows->other > FLOWS_OTHERS ? flows->other - FLOWS_OTHERS : 0;
	size_t found = flows->other;

	for (; i < flows->other; i++)
		if (flow_begins(other_at(flows, i)) &&
		    other_at(flows, i)->new_state == TCPSTATES_SYN_SENT &&
		    are_peers(other_at(flows, i), record))
			found = i;
	return found;
}

/*
 * Whether an opener whose last state is @state can be the peer of @record: it has not
 * ended, and in a simultaneous open it has received nothing yet.
 */
static bool is_opener(unsigned int state, const struct tcpstates_record *record)
{
	if (record->new_state == TCPSTATES_SYN_SENT)
		return state == TCPSTATES_SYN_SENT;
	return state != TCPSTATES_CLOSE && state != TCPSTATES_TIME_WAIT;
}

/*
 * Moves the changes of the peer of @record, with which a flow begins, from the others
 * to the flow. Returns 0, or -1 and errno.
 */
static int take_peer(struct flows *flows, struct flow *flow,
		     const struct tcpstates_record *record)
{
	size_t first = find_opener(flows, record), i;
	unsigned int state = TCPSTATES_CLOSE;
	__u64 conn;

	if (first == flows->other)
		return 0;
	conn = other_at(flows, first)->conn;
	for (i = first; i < flows->other; i++)
		if (other_at(flows, i)->conn == conn)
			state = other_at(flows, i)->new_state;
	if (!is_opener(state, record))
		return 0;
	for (i = first; i < flows->other; i++) {
		struct tcpstates_record *other = other_at(flows, i);

		if (other->conn != conn)
			continue;
		flow_add(flow, &flow->ends[1], other);
		*other = (struct tcpstates_record) { 0 };
	}
	return bind_conn(flows, flow, conn);
}

/* Returns 0, or -1 and errno. */
static int add_tuple(struct flows *flows, struct flow *flow,
		     const struct tcpstates_record *record)
{
	struct tuple tuple = tuple_of(record);
	struct tuple_node *node;

	/* Of two flows with one tuple, in two namespaces, the later one waits. */
	HASH_FIND(hh, flows->by_tuple, &tuple, sizeof(tuple), node);
	remove_tuple(flows, node);
	node = calloc(1, sizeof(*node));
	if (!node)
		return -1;
	node->tuple = tuple;
	node->record = *record;
	node->flow = flow;
	HASH_ADD(hh, flows->by_tuple, tuple, sizeof(tuple), node);
	if (!node->hh.tbl) {
		free(node);
		errno = ENOMEM;
		return -1;
	}
	flow->waiting = node;
	return 0;
}

/*
 * Lets the flow of an opening end wait for its peer, once the tuple is known. An end
 * that was opened does not wait: its opener has come before. Returns 0, or -1 and
 * errno.
 */
static int await_peer(struct flows *flows, struct flow *flow,
		      const struct tcpstates_record *record)
{
	if ((record->known & TUPLE) != TUPLE || flow->ends[1].count ||
	    flow->waiting ||
	    flow->ends[0].records[0].new_state != TCPSTATES_SYN_SENT)
		return 0;
	return add_tuple(flows, flow, record);
}

/* Returns NULL and errno without memory. */
static struct flow *new_flow(struct flows *flows,
			     const struct tcpstates_record *record)
{
	struct flow **all, *flow;

	all = array_reserve(flows->all, &flows->room, flows->count + 1,
			    sizeof(*all));
	if (!all)
		return NULL;
	flows->all = all;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	flow->number = ++flows->begun;
	flow->ends[0].own = true;
	flow->lost = !flow_begins(record);
	flows->all[flows->count++] = flow;
	return flow;
}

/* The flow whose peer begins with this record, as its entry in the table; or NULL. */
static struct tuple_node *find_waiting(const struct flows *flows,
				       const struct tcpstates_record *record)
{
	const struct tuple tuple = peer_tuple(record);
	struct tuple_node *node;

	if (!flow_begins(record) || (record->known & TUPLE) != TUPLE)
		return NULL;
	HASH_FIND(hh, flows->by_tuple, &tuple, sizeof(tuple), node);
	return node && are_peers(&node->record, record) ? node : NULL;
}

/*
 * Whether a flow can begin with this record. Connections that the command had before
 * it was traced are left out. Where records were lost, the beginning may be among
 * them; then a flow begins later, unless only its end is left.
 */
static bool can_begin(const struct flows *flows,
		      const struct tcpstates_record *record)
{
	if (flow_begins(record))
		return true;
	return flows->lost && record->new_state != TCPSTATES_CLOSE &&
	       record->new_state != TCPSTATES_TIME_WAIT &&
	       record->new_state != TCPSTATES_LISTEN;
}

/*
 * The flow to which a record belongs, and in @end the end. Returns NULL and errno 0
 * if it belongs to none, NULL and errno without memory.
 */
static struct flow *flow_of(struct flows *flows,
			    const struct tcpstates_record *record, bool own,
			    struct end **end)
{
	struct conn_node *node = find_conn(flows, record->conn);
	struct tuple_node *waiting;
	struct flow *flow;

	errno = 0;
	if (node && !flow_begins(record)) {
		*end = &node->flow->ends[node->flow->ends[0].conn !=
					 record->conn];
		return node->flow;
	}
	waiting = find_waiting(flows, record);
	if (waiting) {
		flow = waiting->flow;
		*end = &flow->ends[1];
		remove_tuple(flows, waiting);
		return bind_conn(flows, flow, record->conn) ? NULL : flow;
	}
	if (!own || !can_begin(flows, record))
		return NULL;
	flow = new_flow(flows, record);
	if (!flow || bind_conn(flows, flow, record->conn) ||
	    take_peer(flows, flow, record))
		return NULL;
	*end = &flow->ends[0];
	return flow;
}

/**
 * flows_add() - add a change of any connection of the stream
 * @flows: the flows
 * @record: the change
 * @own: whether it belongs to the command
 * @flow: set to the flow of this connection, or to NULL
 *
 * Listeners belong to no flow.
 *
 * Return: 0, or -1 and errno.
 */
int flows_add(struct flows *flows, const struct tcpstates_record *record,
	      bool own, struct flow **flow)
{
	struct end *end;

	*flow = flow_of(flows, record, own, &end);
	if (!*flow) {
		if (errno)
			return -1;
		keep_other(flows, record);
		return 0;
	}
	end->own |= own;
	flow_add(*flow, end, record);
	return end == &(*flow)->ends[0] ? await_peer(flows, *flow, record) : 0;
}

/** flows_lose() - note that records were lost, possibly of every connection */
void flows_lose(struct flows *flows)
{
	size_t i;

	flows->lost = true;
	for (i = 0; i < flows->count; i++)
		flows->all[i]->lost = true;
}

/** flows_first() - the flow that began first, or NULL */
struct flow *flows_first(const struct flows *flows)
{
	struct flow *first = NULL;
	size_t i;

	for (i = 0; i < flows->count; i++)
		if (!first || flows->all[i]->number < first->number)
			first = flows->all[i];
	return first;
}

/**
 * flows_remove() - forget a flow
 * @flows: the flows
 * @flow: one of them, freed
 */
void flows_remove(struct flows *flows, struct flow *flow)
{
	struct conn_node *node;
	size_t i;

	remove_tuple(flows, flow->waiting);
	for (i = 0; i < 2; i++) {
		node = find_conn(flows, flow->ends[i].conn);
		if (node && node->flow == flow)
			remove_conn(flows, node);
	}
	for (i = 0; i < flows->count; i++)
		if (flows->all[i] == flow)
			flows->all[i] = flows->all[--flows->count];
	free(flow);
}

/** flows_free() - forget all flows */
void flows_free(struct flows *flows)
{
	while (flows->count)
		flows_remove(flows, flows->all[flows->count - 1]);
	free(flows->all);
	free(flows->others);
}
