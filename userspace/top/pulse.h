/* SPDX-License-Identifier: GPL-2.0 */
/* What happens a second, and did in the last minute. */
#ifndef _TOP_PULSE_H
#define _TOP_PULSE_H

#include "records/digest.h"
#include "top/entries.h"

#define PULSE_SECONDS	60
#define PULSE_DIGESTS	2

/* What is counted. */
enum pulse_kind {
	PULSE_OPENED,		/* by connect() */
	PULSE_ARRIVED,		/* by a SYN */
	PULSE_ENDED,		/* as it should be */
	PULSE_FAILED,
	PULSE_KINDS,
};

/**
 * struct pulse - counts of each second, as rings
 * @second: the second that is being counted
 * @beats: how often each kind happened in a second
 * @states: how many were in each state at the end of a second
 * @handshakes: how long those took in this half of a minute and in the one before, of
 *	those opened here, and by others
 * @half: the half of a minute that this is
 */
struct pulse {
	__u64 second;
	unsigned int beats[PULSE_KINDS][PULSE_SECONDS];
	unsigned int states[TCPSTATES_STATE_COUNT][PULSE_SECONDS];
	struct digest handshakes[PULSE_DIGESTS][2];
	__u64 half;
};

void pulse_advance(struct pulse *pulse, const struct entries *entries,
		   __u64 now_ns);
void pulse_add(struct pulse *pulse, const struct tcpstates_record *record);
unsigned int pulse_beat(const struct pulse *pulse, enum pulse_kind kind,
			unsigned int ago);
unsigned int pulse_state(const struct pulse *pulse, unsigned int state,
			 unsigned int ago);
void pulse_handshakes(const struct pulse *pulse, int side, struct digest *sum);

#endif /* _TOP_PULSE_H */
