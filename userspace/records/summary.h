/* SPDX-License-Identifier: GPL-2.0 */
/* What has been seen, in a few figures. */
#ifndef _RECORDS_SUMMARY_H
#define _RECORDS_SUMMARY_H

#include <stdbool.h>

#include "libtcpstates.h"
#include "records/histogram.h"

/**
 * struct summary - counts
 * @changes: changes of state
 * @opened: handshakes begun here, by connect()
 * @arrived: handshakes begun by others
 * @handshakes: how long they took, of those begun here, and by others
 * @ended: ends, by cause
 * @stuck: lines of connections that are stuck
 * @lost: records lost
 * @hidden: rows that were not shown
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
