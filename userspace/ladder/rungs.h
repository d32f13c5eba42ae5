/* SPDX-License-Identifier: GPL-2.0 */
/* The picture of a connection, row by row, whatever it is drawn with. */
#ifndef _LADDER_RUNGS_H
#define _LADDER_RUNGS_H

#include "ladder/flow.h"
#include "ladder/segment.h"

/* A change may have come with one segment and send another. */
#define RUNGS_MAX	(4 * END_RECORDS)

/**
 * struct rung - a segment, or what happened without one
 * @segment: which
 * @from: the side that sent it, or where it happened: 0 left, 1 right
 * @sent: the change that sent it, or that happened; NULL if that was not seen
 * @received: the change that it made; NULL if that was not seen
 * @change: for each side the change of state that is shown here, or NULL
 */
struct rung {
	enum segment segment;
	int from;
	const struct tcpstates_record *sent;
	const struct tcpstates_record *received;
	const struct tcpstates_record *change[2];
};

size_t rungs_of_flow(const struct flow *flow, struct rung rungs[RUNGS_MAX]);
size_t rungs_of_last(const struct end *end, int side, struct rung rungs[2]);
__u64 rung_time(const struct rung *rung);

#endif /* _LADDER_RUNGS_H */
