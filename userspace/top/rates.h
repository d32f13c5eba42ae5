/* SPDX-License-Identifier: GPL-2.0 */
/* Events and states of each second of the last minute. */
#ifndef _TOP_RATES_H
#define _TOP_RATES_H

#include "records/histogram.h"
#include "top/entries.h"

#define RATES_SECONDS	60
#define RATES_HISTOGRAMS	2

/* Kinds of events. */
enum rate_kind {
	RATE_OPENED,		/* by connect() */
	RATE_ARRIVED,		/* by a SYN */
	RATE_ENDED,		/* in an orderly way */
	RATE_FAILED,
	RATE_KINDS,
};

/**
 * struct rates - rings of counts per second
 * @second: the current second of CLOCK_BOOTTIME
 * @events: number of events of each kind in each second
 * @states: number of connections in each state at the end of each second
 * @handshakes: durations in this half minute and the one before, of active and passive
 *	opens
 * @half: number of the current half minute
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
