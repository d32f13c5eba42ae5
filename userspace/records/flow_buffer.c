// SPDX-License-Identifier: GPL-2.0
/* Records held back until their connection has ended. */
#include "records/flow_buffer.h"

#include <search.h>
#include <stdlib.h>

#include "records/rows.h"

/* Held at most, of all connections: then the oldest one is shown as it is. */
#define MOST_HELD	65536

/* The records of one connection. */
struct buffered_flow {
	__u64 conn;
	struct rows rows;
	struct buffered_flow *older;
	struct buffered_flow *newer;
};

static int compare_conn(const void *a, const void *b)
{
	const struct buffered_flow *left = a, *right = b;

	if (left->conn != right->conn)
		return left->conn < right->conn ? -1 : 1;
	return 0;
}

/* Returns NULL without memory. */
static struct buffered_flow *find_or_add(struct flow_buffer *buffer, __u64 conn)
{
	struct buffered_flow key = { .conn = conn }, *flow, **found;

	found = tfind(&key, &buffer->tree, compare_conn);
	if (found)
		return *found;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	flow->conn = conn;
	if (!tsearch(flow, &buffer->tree, compare_conn)) {
		free(flow);
		return NULL;
	}
	flow->older = buffer->newest;
	if (flow->older)
		flow->older->newer = flow;
	else
		buffer->oldest = flow;
	buffer->newest = flow;
	return flow;
}

static void remove_flow(struct flow_buffer *buffer, struct buffered_flow *flow)
{
	tdelete(flow, &buffer->tree, compare_conn);
	if (flow->older)
		flow->older->newer = flow->newer;
	else
		buffer->oldest = flow->newer;
	if (flow->newer)
		flow->newer->older = flow->older;
	else
		buffer->newest = flow->older;
	buffer->held -= flow->rows.count;
	rows_free(&flow->rows);
	free(flow);
}

static int show_flow(struct flow_buffer *buffer, struct buffered_flow *flow)
{
	size_t count = flow->rows.count, i;
	int going = 1;

	for (i = 0; i < count && going > 0; i++)
		going = buffer->show(buffer->data, &flow->rows.records[i],
				      i + 1 == count);
	remove_flow(buffer, flow);
	return going;
}

/**
 * flow_buffer_add() - hold a record back, or show it with the others of its connection
 * @buffer: where
 * @record: of a connection; TIME_WAIT ends it for who watches
 *
 * Return: 1 to go on, 0 to end, or -1 and errno.
 */
int flow_buffer_add(struct flow_buffer *buffer, const struct tcpstates_record *record)
{
	struct buffered_flow *flow = find_or_add(buffer, record->conn);

	if (!flow || rows_add(&flow->rows, record))
		return -1;
	buffer->held++;
	if (record->event == TCPSTATES_EVENT_TRANSITION &&
	    (record->new_state == TCPSTATES_CLOSE ||
	     record->new_state == TCPSTATES_TIME_WAIT))
		return show_flow(buffer, flow);
	if (buffer->held > MOST_HELD)
		return show_flow(buffer, buffer->oldest);
	return 1;
}

/** flow_buffer_flush() - show what is left, the oldest first; as flow_buffer_add() */
int flow_buffer_flush(struct flow_buffer *buffer)
{
	int going = 1;

	while (buffer->oldest)
		if (going > 0)
			going = show_flow(buffer, buffer->oldest);
		else
			remove_flow(buffer, buffer->oldest);
	return going;
}
