/* SPDX-License-Identifier: GPL-2.0 */
/* Counts of what was seen, for the end of a watch. */
#ifndef _RECORDS_SUMMARY_H
#define _RECORDS_SUMMARY_H

#include <stdbool.h>

#include "libtcpstates.h"
#include "records/histogram.h"

/**
 * struct summary - the counts
 * @changes: state changes
 * @opened: handshakes begun by this host (active open)
 * @arrived: handshakes begun by peers (passive open)
 * @handshakes: durations of handshakes, active and passive
 * @ended: ended connections, by cause
 * @stuck: stuck events
 * @lost: lost records
 * @hidden: rows hidden by a rate limit
 */
struct summary {
	unsigned long long changes;
	unsigned long long opened;
	unsigned long long arrived;
	struct histogram handshakes[2];
	unsigned long long ended[TCPSTATES_CAUSE_COUNT];
	unsigned long long stuck;
	unsigned long long lost;
	unsigned long long hidden;
};

void summary_add(struct summary *summary, const struct tcpstates_record *record);
bool summary_is_good_end(unsigned int cause);
char *summary_text(const struct summary *summary);

#endif /* _RECORDS_SUMMARY_H */
