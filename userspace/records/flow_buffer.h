/* SPDX-License-Identifier: GPL-2.0 */
/* Records held back until their connection ends, so that they are shown together. */
#ifndef _RECORDS_FLOW_BUFFER_H
#define _RECORDS_FLOW_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

struct buffered_flow;

/**
 * struct flow_buffer - connections that have not ended; zeros are an empty one
 * @table: the connections by conn, in the order in which they began
 * @held: number of records of all of them
 * @show: shows a record of a connection that has ended; @last marks its last
 *	record. Returns 1 to go on, 0 to end, or -1 and errno
 * @data: for @show
 */
struct flow_buffer {
	struct buffered_flow *table;
	size_t held;
	int (*show)(void *data, const struct tcpstates_record *record, bool last);
	void *data;
};

int flow_buffer_add(struct flow_buffer *buffer,
		    const struct tcpstates_record *record);
int flow_buffer_flush(struct flow_buffer *buffer);

#endif /* _RECORDS_FLOW_BUFFER_H */
