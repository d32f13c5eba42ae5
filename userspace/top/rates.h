/* SPDX-License-Identifier: GPL-2.0 */
/* What happens a second, and did in the last minute. */
#ifndef _TOP_RATES_H
#define _TOP_RATES_H

#include "records/histogram.h"
#include "top/entries.h"

#define RATES_SECONDS	60
#define RATES_HISTOGRAMS	2

/* What is counted. */
enum rate_kind {
	RATE_OPENED,		/* by connect() */
	RATE_ARRIVED,		/* by a SYN */
	RATE_ENDED,		/* as it should be */
	RATE_FAILED,
	RATE_KINDS,
};

/**
 * struct rates - counts of each second, as rings
 * @second: the second that is being counted
 * @events: how often each kind happened in a second
 * @states: how many were in each state at the end of a second
 * @handshakes: how long those took in this half of a minute and in the one before, of
 *	those opened here, and by others
 * @half: the half of a minute that this is
 */
struct rates {
	__u64 second;
	unsigned int events[RATE_KINDS][RATES_SECONDS];
	unsigned int states[TCPSTATES_STATE_COUNT][RATES_SECONDS];
	struct histogram handshakes[RATES_HISTOGRAMS][2];
	__u64 half;
};

void rates_advance(struct rates *rates, const struct entries *entries,
		   __u64 now_ns);
void rates_add(struct rates *rates, const struct tcpstates_record *record);
unsigned int rates_events(const struct rates *rates, enum rate_kind kind,
			  unsigned int ago);
unsigned int rates_in_state(const struct rates *rates, unsigned int state,
			    unsigned int ago);
void rates_handshakes(const struct rates *rates, int side, struct histogram *sum);

#endif /* _TOP_RATES_H */
