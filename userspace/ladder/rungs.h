/* SPDX-License-Identifier: GPL-2.0 */
/* The rows of a picture of a connection, as text or SVG. */
#ifndef _LADDER_RUNGS_H
#define _LADDER_RUNGS_H

#include "ladder/flow.h"
#include "ladder/segment.h"

/* A change may be caused by one segment and send another one. */
#define RUNGS_MAX	(4 * END_RECORDS)

/**
 * struct rung - a row: a segment, or a change without one
 * @segment: the segment, or SEGMENT_NONE
 * @from: side of the sender, or of the change: 0 left, 1 right
 * @sent: change that sent the segment, or change without one; NULL if not seen
 * @received: change that the segment caused; NULL if not seen
 * @change: change shown in this row, for each side; or NULL
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
