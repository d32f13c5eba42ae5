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

/* Context: process; one call of these at a time. */
void tcps_stuck_watch(const unsigned int limits[TCPSTATES_STATE_COUNT]);
u64 tcps_stuck_pass(void);

#endif /* _TCPS_STUCK_H */
