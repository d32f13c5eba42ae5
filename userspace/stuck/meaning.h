/* SPDX-License-Identifier: GPL-2.0 */
/* What it means that a connection stays in its state, in plain words. */
#ifndef _STUCK_MEANING_H
#define _STUCK_MEANING_H

#include "libtcpstates.h"

/**
 * enum meaning - why a connection can be stuck
 *
 * In the order in which they are shown: first what this host can do something
 * about.
 */
enum meaning {
	MEANING_NONE,		/* its state is none to be stuck in */
	MEANING_NOT_CLOSED,
	MEANING_NOT_ACCEPTED,
	MEANING_NO_SYN_ACK,
	MEANING_NO_ACK_OF_SYN_ACK,
	MEANING_NO_ACK_OF_FIN,
	MEANING_PEER_NOT_CLOSED,
	MEANING_PEER_NOT_CLOSED_ORPHAN,
	MEANING_NO_ACK_OF_LAST_FIN,
	MEANING_NO_ACK_OF_CROSSED_FIN,
	MEANING_COUNT
};

enum meaning meaning_of(const struct tcpstates_record *record);
const char *meaning_text(enum meaning meaning);
const char *meaning_advice(enum meaning meaning);

#endif /* _STUCK_MEANING_H */
