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
struct tcps_user;

/**
 * struct tcps_cursor - a reader's place in one ring
 * @next: number of the next record to look at
 * @limit: records below this number were complete when the batch began
 */
struct tcps_cursor {
	u64 next;
	u64 limit;
};

/**
 * struct tcps_turn - when it is a ring's turn
 * @boot_ns: time of the ring's next record
 * @ring: which ring
 */
struct tcps_turn {
	u64 boot_ns;
	u32 ring;
};

/**
 * struct tcps_reader - a reader
 * @rings: the rings, by CPU; they outlive the reader
 * @turns: the rings that have records in the current batch, as a heap: the
 *	first is the earliest, and no other is later than the two under it
 * @turn_count: how many
 * @count: number of rings and of @cursors
 * @until_ns: the first in @turns goes on as long as it stays before this time
 * @horizon_ns: the current batch reaches up to this time (CLOCK_BOOTTIME)
 * @netns: show this namespace only; 0 shows all. Not the reader's to change
 * @filtered: not everything is shown
 * @beyond: there are complete records beyond @horizon_ns
 * @filter: what to show; see tcps_reader_set_filter()
 * @snapshot: what is to go before the live records, or NULL
 * @introduced: connection whose row has been given just now, to go before its
 *	next record, or 0
 * @losses: records lost since the last one of type TCPSTATES_EVENT_LOST
 * @lost: all records lost so far
 * @cursors: a place in each ring
 */
struct tcps_reader {
	struct tcps_ring *const *rings;
	struct tcps_turn *turns;
	unsigned int turn_count;
	unsigned int count;
	u64 until_ns;
	u64 horizon_ns;
	u32 netns;
	bool filtered;
	bool beyond;
	struct tcpstates_filter filter;
	struct tcps_snapshot *snapshot;
	u64 introduced;
	u64 losses;
	u64 lost;
	struct tcps_cursor cursors[];
};

/* Records that are not wanted before the reader offers its CPU. */
#define TCPS_READER_LOOKS	256

/* What tcps_reader_next() has found. */
enum tcps_found {
	TCPS_FOUND_NOTHING,	/* there is nothing now */
	TCPS_FOUND_ITEM,
	TCPS_FOUND_SIGNAL,	/* it does not know: a signal came first */
};

size_t tcps_reader_size(unsigned int count);
void tcps_reader_init(struct tcps_reader *reader,
		      struct tcps_ring *const *rings, unsigned int count,
		      u32 netns);
void tcps_reader_set_filter(struct tcps_reader *reader,
			    const struct tcpstates_filter *filter);
enum tcps_found tcps_reader_next(struct tcps_reader *reader,
				 struct tcpstates_record *record);
void tcps_reader_skip(struct tcps_reader *reader);
void tcps_reader_pass(struct tcps_reader *reader, const u64 to[]);
void tcps_reader_rewind(struct tcps_reader *reader);
int tcps_reader_snapshot(struct tcps_reader *reader, struct tcps_user *user);
void tcps_reader_end(struct tcps_reader *reader);

/* Records where they stand, to copy them only once. */
const struct tcpstates_record *tcps_reader_peek(struct tcps_reader *reader);
bool tcps_reader_take(struct tcps_reader *reader);
size_t tcps_reader_copy(struct tcps_reader *reader,
			struct tcpstates_record *records, size_t room);

#endif /* _TCPS_READER_H */
