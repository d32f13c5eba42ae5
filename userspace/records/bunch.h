/* SPDX-License-Identifier: GPL-2.0 */
/* Records held back until their connection has ended, so that they come together. */
#ifndef _RECORDS_BUNCH_H
#define _RECORDS_BUNCH_H

#include <stddef.h>

#include "libtcpstates.h"

struct bunch;

/**
 * struct bunches - the connections that have not ended
 * @tree: these, by conn
 * @oldest: the one that began first
 * @newest: and last
 * @held: records of all of them
 * @show: shows a record of one that has ended; @last says that no more follow.
 *	Returns 1 to go on, 0 to end, -1 and errno
 * @data: for @show
 */
struct bunches {
	void *tree;
	struct bunch *oldest;
	struct bunch *newest;
	size_t held;
	int (*show)(void *data, const struct tcpstates_record *record, bool last);
	void *data;
};

int bunches_add(struct bunches *bunches, const struct tcpstates_record *record);
int bunches_end(struct bunches *bunches);

#endif /* _RECORDS_BUNCH_H */
