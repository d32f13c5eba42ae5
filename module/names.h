/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words for the numbers of a record: states, events, causes, flags. Pure
 * tables; the module and the library have them from this one file.
 *
 * Context of all functions: any.
 */
#ifndef _TCPS_NAMES_H
#define _TCPS_NAMES_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

/**
 * struct tcps_name - a word of at most 15 letters
 * @text: padded with NUL, of which there is one at least
 * @length: without these
 *
 * The size is fixed so that a word is copied whole, with two moves.
 */
struct tcps_name {
	char text[16];
	__u64 length;
};

/* By number, 0 is "-"; flags by the number of their bit. */
extern const struct tcps_name tcps_states[TCPSTATES_STATE_COUNT];
extern const struct tcps_name tcps_events[TCPSTATES_EVENT_COUNT];
extern const struct tcps_name tcps_causes[TCPSTATES_CAUSE_COUNT];
extern const struct tcps_name tcps_flags[];

/* The flags that have a name: a row of bits from the first on. */
#define TCPS_FLAGS	(TCPSTATES_FLAG_V4MAPPED | TCPSTATES_FLAG_UNACCEPTED | \
			 TCPSTATES_FLAG_ORPHAN | TCPSTATES_FLAG_ATLEAST | \
			 TCPSTATES_FLAG_SYNCOOKIE | TCPSTATES_FLAG_TFO | \
			 TCPSTATES_FLAG_MPTCP)

/* For a number that has no name: "-". */

static inline const struct tcps_name *tcps_name_state(__u8 state)
{
	return &tcps_states[state < TCPSTATES_STATE_COUNT ? state : 0];
}

static inline const struct tcps_name *tcps_name_event(__u8 event)
{
	return &tcps_events[event < TCPSTATES_EVENT_COUNT ? event : 0];
}

static inline const struct tcps_name *tcps_name_cause(__u8 cause)
{
	return &tcps_causes[cause < TCPSTATES_CAUSE_COUNT ? cause : 0];
}

#endif /* _TCPS_NAMES_H */
