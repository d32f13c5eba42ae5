/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections that are in a state for too long, each told when it passes the
 * limit of its state, and again whenever its age has doubled.
 *
 * A transition into a state that has a limit puts a mark on the chain of its
 * connection: a test, and an atomic instruction if there is no mark yet. All else
 * is done by tcps_stuck_pass(), which looks at marked chains only and takes back
 * the marks of those where nothing is left to be watched. So connections in states
 * without a limit cost nothing here, and one that has left its state before the
 * next pass costs one look at most.
 */
#ifndef _TCPS_STUCK_H
#define _TCPS_STUCK_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "conn.h"
#include "uapi/tcpstates.h"

/* A bit for each state that has a limit. */
extern u32 tcps_stuck_states;

/**
 * tcps_stuck_note() - a connection is in a state from now on
 * @chain: the connection's chain, locked
 * @state: the state
 *
 * Context: interrupts off.
 */
static __always_inline void tcps_stuck_note(const struct hlist_bl_head *chain,
					    u8 state)
{
	if (unlikely(READ_ONCE(tcps_stuck_states) & BIT(state)))
		tcps_conn_mark(chain);
}

/**
 * tcps_stuck_part() - how many may be told before readers have had a chance
 * @records: of a ring
 *
 * Context: any.
 * Return: the number; an eighth of a ring.
 */
static inline unsigned int tcps_stuck_part(unsigned int records)
{
	return records / 8;
}

/* Between two passes, two parts of a pass, and as a multiple of what one took. */
#define TCPS_STUCK_PASS_PAUSE_NS	100000000ULL
#define TCPS_STUCK_PART_PAUSE_NS	50000000ULL
#define TCPS_STUCK_PAUSE_SHARE		32

/**
 * tcps_stuck_pause_ns() - how long to wait after a pass, or a part of one
 * @over: which of them
 * @took_ns: how long it has taken
 * @batch_us: between two wake-ups of readers
 *
 * Context: any.
 * Return: the least pause.
 */
static inline u64 tcps_stuck_pause_ns(bool over, u64 took_ns,
				      unsigned int batch_us)
{
	u64 part_ns = TCPS_STUCK_PART_PAUSE_NS + 2000ULL * batch_us;
	u64 least_ns = over ? max(part_ns, TCPS_STUCK_PASS_PAUSE_NS) : part_ns;

	return max(least_ns, TCPS_STUCK_PAUSE_SHARE * took_ns);
}

/* Context: process; one call of these at a time. */
void tcps_stuck_watch(const unsigned int limits[TCPSTATES_STATE_COUNT]);
bool tcps_stuck_pass(unsigned int most, u64 *due_ns);

#endif /* _TCPS_STUCK_H */
