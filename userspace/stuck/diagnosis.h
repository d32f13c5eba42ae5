/* SPDX-License-Identifier: GPL-2.0 */
/* Why a connection stays in its state, and what to do about it. */
#ifndef _STUCK_DIAGNOSIS_H
#define _STUCK_DIAGNOSIS_H

#include "libtcpstates.h"

/**
 * enum diagnosis - why a connection can be stuck
 *
 * In the order in which they are shown: first those that this host can fix.
 */
enum diagnosis {
	DIAGNOSIS_NONE,		/* no connection gets stuck in its state */
	DIAGNOSIS_NOT_CLOSED,
	DIAGNOSIS_NOT_ACCEPTED,
	DIAGNOSIS_NO_SYN_ACK,
	DIAGNOSIS_NO_ACK_OF_SYN_ACK,
	DIAGNOSIS_NO_ACK_OF_FIN,
	DIAGNOSIS_PEER_NOT_CLOSED,
	DIAGNOSIS_PEER_NOT_CLOSED_ORPHAN,
	DIAGNOSIS_NO_ACK_OF_LAST_FIN,
	DIAGNOSIS_NO_ACK_OF_CROSSED_FIN,
	DIAGNOSIS_COUNT
};

enum diagnosis diagnosis_of(const struct tcpstates_record *record);
const char *diagnosis_text(enum diagnosis diagnosis);
const char *diagnosis_advice(enum diagnosis diagnosis);

#endif /* _STUCK_DIAGNOSIS_H */
