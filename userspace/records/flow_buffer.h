/* SPDX-License-Identifier: GPL-2.0 */
/* Records held back until their connection has ended, so that they come together. */
#ifndef _RECORDS_FLOW_BUFFER_H
#define _RECORDS_FLOW_BUFFER_H

#include <stddef.h>

#include "libtcpstates.h"

struct buffered_flow;

/**
 * struct buffer - the connections that have not ended
 * @tree: these, by conn
 * @oldest: the one that began first
 * @newest: and last
 * @held: records of all of them
 * @show: shows a record of one that has ended; @last says that no more follow.
 *	Returns 1 to go on, 0 to end, -1 and errno
 * @data: for @show
 */
struct flow_buffer {
	void *tree;
	struct buffered_flow *oldest;
	struct buffered_flow *newest;
	size_t held;
	int (*show)(void *data, const struct tcpstates_record *record, bool last);
	void *data;
};

int flow_buffer_add(struct flow_buffer *buffer, const struct tcpstates_record *record);
int flow_buffer_flush(struct flow_buffer *buffer);

#endif /* _RECORDS_FLOW_BUFFER_H */
