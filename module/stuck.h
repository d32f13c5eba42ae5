/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections that stay in a state for too long: a STUCK record is written when a
 * connection passes the limit of its state, and again whenever its age has doubled.
 *
 * A transition into a state with a limit marks the chain of its connection as watched
 * (tcps_conn_note_state()): one test, and an atomic instruction if it was not marked.
 * tcps_stuck_pass() visits watched chains only, and unmarks those that hold no
 * connection in a state with a limit. So connections in other states cost nothing,
 * and one that leaves its state before the next pass costs one visit at most.
 */
#ifndef _TCPS_STUCK_H
#define _TCPS_STUCK_H

#include <linux/minmax.h>
#include <linux/types.h>

#include "uapi/tcpstates.h"

/**
 * tcps_stuck_part() - how many records a part of a pass may write
 * @records: size of a ring
 *
 * Context: any.
 * Return: an eighth of a ring, so that readers can keep up.
 */
static inline unsigned int tcps_stuck_part(unsigned int records)
{
	return records / 8;
}

/* Pauses between passes and between parts; the last as a multiple of a part's time. */
#define TCPS_STUCK_PASS_PAUSE_NS	100000000ULL
#define TCPS_STUCK_PART_PAUSE_NS	50000000ULL
#define TCPS_STUCK_PAUSE_SHARE		32

/**
 * tcps_stuck_pause_ns() - how long to pause after a part of a pass
 * @over: it was the last part
 * @took_ns: the time that it has taken
 * @batch_us: least time between two wake-ups of readers
 *
 * Context: any.
 * Return: the shortest pause in nanoseconds.
 */
static inline u64 tcps_stuck_pause_ns(bool over, u64 took_ns,
				      unsigned int batch_us)
{
	u64 part_ns = TCPS_STUCK_PART_PAUSE_NS + 2000ULL * batch_us;
	u64 least_ns = over ? max(part_ns, TCPS_STUCK_PASS_PAUSE_NS) : part_ns;

	return max(least_ns, TCPS_STUCK_PAUSE_SHARE * took_ns);
}

void tcps_stuck_watch(const unsigned int limits[TCPSTATES_STATE_COUNT]);
bool tcps_stuck_pass(unsigned int most, u64 *due_ns);

#endif /* _TCPS_STUCK_H */
