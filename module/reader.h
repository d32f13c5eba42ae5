/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One reader's view of all rings: a position in each, merged by time, the
 * reader's filter applied, losses told in their place. It knows records, not
 * processes, files or sockets.
 *
 * Context: everything here is called by one thread at a time (the file's
 * mutex in device.c), in a context that may sleep.
 */
#ifndef _TCPS_READER_H
#define _TCPS_READER_H

#include <linux/types.h>

#include "ring.h"
#include "uapi/tcpstates.h"

struct tcps_snapshot;

/**
 * struct tcps_cursor - a reader's place in one ring
 * @next: number of the next record to look at
 * @limit: records below this number belong to the current batch
 * @boot_ns: time of record @next, if @next < @limit
 */
struct tcps_cursor {
	u64 next;
	u64 limit;
	u64 boot_ns;
};

/**
 * struct tcps_reader - a reader
 * @rings: the rings, by CPU; they outlive the reader
 * @filter: what to show
 * @netns: show this namespace only; 0 shows all. Not the reader's to change
 * @filtered: @filter or @netns may leave something out
 * @count: number of rings, and of @cursors
 * @active: number of rings that have something in the batch
 * @heap: these rings, as a heap: the one with the earliest next record first
 * @introduced: connection whose row has been given just now, to go before its
 *	next record, or 0
 * @snapshot: what is to go before the live records, or NULL
 * @horizon: the current batch reaches up to this time (CLOCK_BOOTTIME, ns)
 * @losses: records lost since the last one of type TCPSTATES_EVENT_LOST
 * @lost: all records lost so far
 * @cursors: a place in each ring
 */
struct tcps_reader {
	struct tcps_ring *const *rings;
	struct tcpstates_filter filter;
	u32 netns;
	bool filtered;
	unsigned int count;
	unsigned int active;
	u32 *heap;
	struct tcps_snapshot *snapshot;
	u64 introduced;
	u64 horizon;
	u64 losses;
	u64 lost;
	struct tcps_cursor cursors[];
};

size_t tcps_reader_size(unsigned int count);
void tcps_reader_init(struct tcps_reader *reader,
		      struct tcps_ring *const *rings, unsigned int count,
		      u32 netns);
void tcps_reader_set_filter(struct tcps_reader *reader,
			    const struct tcpstates_filter *filter);
bool tcps_reader_next(struct tcps_reader *reader,
		      struct tcpstates_record *record);
const struct tcpstates_record *tcps_reader_peek(struct tcps_reader *reader);
bool tcps_reader_take(struct tcps_reader *reader);
void tcps_reader_rewind(struct tcps_reader *reader);
void tcps_reader_skip(struct tcps_reader *reader);
int tcps_reader_snapshot(struct tcps_reader *reader);
void tcps_reader_end(struct tcps_reader *reader);

#endif /* _TCPS_READER_H */
