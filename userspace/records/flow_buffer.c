// SPDX-License-Identifier: GPL-2.0
/* Records held back until their connection ends. */
#include "records/flow_buffer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "records/rows.h"

/* Limit of held records of all connections; beyond it, the oldest one is shown. */
#define MOST_HELD	65536

/* The records of one connection. */
struct buffered_flow {
	__u64 conn;
	struct rows rows;
	UT_hash_handle hh;
};

/* Returns NULL and errno without memory. */
static struct buffered_flow *find_or_add(struct flow_buffer *buffer, __u64 conn)
{
	struct buffered_flow *flow;

	HASH_FIND(hh, buffer->table, &conn, sizeof(conn), flow);
	if (flow)
		return flow;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	flow->conn = conn;
	HASH_ADD(hh, buffer->table, conn, sizeof(conn), flow);
	if (flow->hh.tbl)
		return flow;
	free(flow);
	errno = ENOMEM;
	return NULL;
}

static void remove_flow(struct flow_buffer *buffer, struct buffered_flow *flow)
{
	HASH_DEL(buffer->table, flow);
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

/* For a reader of the flow, TIME_WAIT is its end: what follows takes a minute. */
static bool ends_flow(const struct tcpstates_record *record)
{
	return record->event == TCPSTATES_EVENT_TRANSITION &&
	       (record->new_state == TCPSTATES_CLOSE ||
		record->new_state == TCPSTATES_TIME_WAIT);
}

/**
 * flow_buffer_add() - hold a record back, or show it with the rest of its connection
 * @buffer: the buffer
 * @record: a record of a connection
 *
 * Return: 1 to go on, 0 to end, or -1 and errno.
 */
int flow_buffer_add(struct flow_buffer *buffer,
		    const struct tcpstates_record *record)
{
	struct buffered_flow *flow = find_or_add(buffer, record->conn);

	if (!flow || rows_add(&flow->rows, record))
		return -1;
	buffer->held++;
	if (ends_flow(record))
		return show_flow(buffer, flow);
	if (buffer->held > MOST_HELD)
		/* The head of a uthash table is its oldest element. */
		return show_flow(buffer, buffer->table);
	return 1;
}

/**
 * flow_buffer_flush() - show the connections that have not ended, and empty the buffer
 * @buffer: the buffer
 *
 * The oldest connection comes first. The buffer is empty even if @show ends it.
 *
 * Return: as flow_buffer_add().
 */
int flow_buffer_flush(struct flow_buffer *buffer)
{
	int going = 1;

	while (buffer->table)
		if (going > 0)
			going = show_flow(buffer, buffer->table);
		else
			remove_flow(buffer, buffer->table);
	return going;
}
