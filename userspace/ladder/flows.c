// SPDX-License-Identifier: GPL-2.0
/* The connections of a command, found in a stream of everybody's. */
#include "ladder/flows.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM	16

/* What is known of both ends of a connection, if it is all known. */
#define TUPLE	(TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT | \
		 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT)

/* A node of by_conn; and of by_tuple, whose record has the tuple. */
struct node {
	__u64 conn;
	struct tcpstates_record tuple;
	struct flow *flow;
};

static int compare_conn(const void *a, const void *b)
{
	const struct node *left = a, *right = b;

	if (left->conn != right->conn)
		return left->conn < right->conn ? -1 : 1;
	return 0;
}

/* Addresses of this host that each namespace has for itself. */
static bool is_private(const struct tcpstates_record *record)
{
	static const __u8 loopback6[16] = { [15] = 1 };

	if (!memcmp(record->laddr, record->raddr, sizeof(record->laddr)))
		return true;
	if (record->family == TCPSTATES_FAMILY_INET)
		return record->laddr[0] == 127;
	return !memcmp(record->laddr, loopback6, sizeof(loopback6));
}

/* By the tuple as the first one has it, and as the second one's peer would. */
static int compare_tuple_ends(const struct tcpstates_record *a, const __u8 *laddr,
			      __u16 lport, const __u8 *raddr, __u16 rport)
{
	int order = memcmp(a->laddr, laddr, sizeof(a->laddr));

	if (!order)
		order = memcmp(a->raddr, raddr, sizeof(a->raddr));
	if (!order)
		order = (int)a->lport - lport;
	return order ? order : (int)a->rport - rport;
}

static int compare_tuple(const void *a, const void *b)
{
	const struct tcpstates_record *left = &((const struct node *)a)->tuple;
	const struct tcpstates_record *right = &((const struct node *)b)->tuple;

	if (left->family != right->family)
		return (int)left->family - right->family;
	return compare_tuple_ends(left, right->laddr, right->lport, right->raddr,
			    right->rport);
}

/* Whether two records can be of the two ends of one connection. */
static bool are_peers(const struct tcpstates_record *a,
		      const struct tcpstates_record *b)
{
	if (a->conn == b->conn || a->family != b->family ||
	    (a->known & b->known & TUPLE) != TUPLE ||
	    compare_tuple_ends(a, b->raddr, b->rport, b->laddr, b->lport))
		return false;
	return a->netns == b->netns || !is_private(a);
}

/* What is looked for in by_tuple to find the flow of which this is the peer. */
static struct node peer_key(const struct tcpstates_record *record)
{
	struct node node = { .tuple = { .family = record->family } };

	memcpy(node.tuple.laddr, record->raddr, sizeof(record->raddr));
	memcpy(node.tuple.raddr, record->laddr, sizeof(record->laddr));
	node.tuple.lport = record->rport;
	node.tuple.rport = record->lport;
	return node;
}

/* Returns the node that is there afterwards, or NULL without memory. */
static struct node *insert_node(void **tree, const struct node *node,
				int (*compare)(const void *a, const void *b))
{
	struct node *copy = malloc(sizeof(*copy)), **found;

	if (!copy)
		return NULL;
	*copy = *node;
	found = tsearch(copy, tree, compare);
	if (!found || *found != copy)
		free(copy);
	return found ? *found : NULL;
}

static struct node *find_node(void *const *tree, const struct node *node,
			      int (*compare)(const void *a, const void *b))
{
	struct node **found = tfind(node, tree, compare);

	return found ? *found : NULL;
}

static void forget_conn(struct flows *flows, struct node *node)
{
	tdelete(node, &flows->by_conn, compare_conn);
	free(node);
}

static void forget_tuple(struct flows *flows, struct node *node)
{
	if (!node)
		return;
	node->flow->waiting = NULL;
	tdelete(node, &flows->by_tuple, compare_tuple);
	free(node);
}

/**
 * flows_init() - before the first record
 * @flows: to be filled in
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

/* Says that an end belongs to the flow. Returns 0, or -1 and errno. */
static int bind_conn(struct flows *flows, struct flow *flow, __u64 conn)
{
	const struct node node = { .conn = conn, .flow = flow };
	struct node *there = insert_node(&flows->by_conn, &node, compare_conn);

	if (!there) {
		errno = ENOMEM;
		return -1;
	}
	/* A socket that lives again: the life before had no end, it was lost. */
	there->flow = flow;
	return 0;
}

/* The record of another end, the @i-th that was nobody's. */
static struct tcpstates_record *other_at(const struct flows *flows, size_t i)
{
	return &flows->others[i % FLOWS_OTHERS];
}

/* Where the latest life begins that opened towards @record, else flows->other. */
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
 * Whether an opener that has got to @state can have led to @record: it is there
 * still, and where both open, it has heard nothing yet.
 */
static bool is_opener(unsigned int state, const struct tcpstates_record *record)
{
	if (record->new_state == TCPSTATES_SYN_SENT)
		return state == TCPSTATES_SYN_SENT;
	return state != TCPSTATES_CLOSE && state != TCPSTATES_TIME_WAIT;
}

/* Adds the life among @others that is the other end of @record, which begins. */
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
		/* It is somebody's now. */
		*other = (struct tcpstates_record) { 0 };
	}
	return bind_conn(flows, flow, conn);
}

/*
 * Waits for the peer of an end that opens, as soon as the tuple is known. Whoever
 * opened towards an end that is opened has done it before. Returns 0, or -1 and errno.
 */
static int await_peer(struct flows *flows, struct flow *flow,
		      const struct tcpstates_record *record)
{
	const struct node node = { .tuple = *record, .flow = flow };
	struct node *there;

	if ((record->known & TUPLE) != TUPLE || flow->ends[1].count ||
	    flow->waiting ||
	    flow->ends[0].records[0].new_state != TCPSTATES_SYN_SENT)
		return 0;
	there = insert_node(&flows->by_tuple, &node, compare_tuple);
	if (!there) {
		errno = ENOMEM;
		return -1;
	}
	/* Of two with one tuple, in two namespaces, the later one waits. */
	there->flow->waiting = NULL;
	there->flow = flow;
	there->tuple = *record;
	flow->waiting = there;
	return 0;
}

/* A life of the command begins. Returns the flow, or NULL and errno. */
static struct flow *new_flow(struct flows *flows,
			     const struct tcpstates_record *record)
{
	struct flow **all, *flow;
	size_t room = flows->room ? 2 * flows->room : FIRST_ROOM;

	if (flows->count == flows->room) {
		all = reallocarray(flows->all, room, sizeof(struct flow *));
		if (!all)
			return NULL;
		flows->all = all;
		flows->room = room;
	}
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	flow->number = ++flows->begun;
	flow->ends[0].own = true;
	flow->lost = !flow_begins(record);
	flows->all[flows->count++] = flow;
	return flow;
}

static struct node *find_waiting(struct flows *flows,
				 const struct tcpstates_record *record)
{
	struct node key = peer_key(record), *node;

	if (!flow_begins(record) || (record->known & TUPLE) != TUPLE)
		return NULL;
	node = find_node(&flows->by_tuple, &key, compare_tuple);
	return node && are_peers(&node->tuple, record) ? node : NULL;
}

/*
 * What the command's connections were before they were watched, they were not. Yet
 * where records were lost, the beginning may have been one of them; then the end
 * alone is not worth a picture.
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
 * The flow of which this is a part, with the end that it is at; NULL and 0 if it
 * is nobody's, NULL and errno.
 */
static struct flow *flow_of(struct flows *flows,
			    const struct tcpstates_record *record, bool own,
			    struct end **end)
{
	const struct node key = { .conn = record->conn };
	struct node *node = find_node(&flows->by_conn, &key, compare_conn);
	struct flow *flow;

	errno = 0;
	if (node && !flow_begins(record)) {
		*end = &node->flow->ends[node->flow->ends[0].conn !=
					 record->conn];
		return node->flow;
	}
	node = find_waiting(flows, record);
	if (node) {
		flow = node->flow;
		*end = &flow->ends[1];
		forget_tuple(flows, node);
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
 * flows_add() - take a change of anybody's
 * @flows: what is there
 * @record: the change
 * @own: whether it is of the command
 * @flow: where to put the connection of which it is a part, NULL if of none
 *
 * A listener has no peer, and is no connection.
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

/** flows_lose() - records were lost: nobody knows of which connections */
void flows_lose(struct flows *flows)
{
	size_t i;

	flows->lost = true;
	for (i = 0; i < flows->count; i++)
		flows->all[i]->lost = true;
}

/** flows_first() - the one that began before all others, NULL if there is none */
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
 * flows_remove() - forget a connection
 * @flows: where it is
 * @flow: the connection, gone afterwards
 */
void flows_remove(struct flows *flows, struct flow *flow)
{
	struct node *node;
	size_t i;

	forget_tuple(flows, flow->waiting);
	for (i = 0; i < 2; i++) {
		const struct node key = { .conn = flow->ends[i].conn };

		node = find_node(&flows->by_conn, &key, compare_conn);
		if (node && node->flow == flow)
			forget_conn(flows, node);
	}
	for (i = 0; i < flows->count; i++)
		if (flows->all[i] == flow)
			flows->all[i] = flows->all[--flows->count];
	free(flow);
}

/** flows_free() - forget all */
void flows_free(struct flows *flows)
{
	while (flows->count)
		flows_remove(flows, flows->all[flows->count - 1]);
	free(flows->all);
	free(flows->others);
}
