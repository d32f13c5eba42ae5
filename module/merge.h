/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All rings merged by time for one reader: a position in each ring, the reader's
 * filter, and a record of type TCPSTATES_EVENT_LOST in place of what was
 * overwritten. The module and the library share this file. It knows records and
 * rings; it does not know processes, files, sockets or snapshots.
 *
 * Context: one thread at a time for one merge. In the module that is the holder
 * of the file's mutex, in a context that may sleep.
 */
#ifndef _TCPS_MERGE_H
#define _TCPS_MERGE_H

#include <linux/types.h>

#include "match.h"
#include "ring.h"
#include "uapi/tcpstates.h"

/**
 * struct tcps_cursor - a reader's position in one ring
 * @next: number of the next record to look at
 * @limit: records below this number were complete when the batch was opened
 */
struct tcps_cursor {
	u64 next;
	u64 limit;
};

/**
 * struct tcps_turn - a ring that has records in the current batch
 * @boot_ns: time of the ring's next record
 * @ring: index of the ring
 */
struct tcps_turn {
	u64 boot_ns;
	u32 ring;
};

/**
 * struct tcps_merge - the merged rings, as one reader sees them
 * @rings: the rings, by CPU; they outlive the reader
 * @turns: the rings that have records in the current batch, as a binary heap by
 *	the time of the next record
 * @turn_count: length of @turns
 * @count: length of @rings and of @cursors
 * @until_ns: the first ring in @turns stays first up to this time
 * @horizon_ns: end of the current batch (CLOCK_BOOTTIME)
 * @filtered: @criteria hold something back
 * @beyond: there are complete records after @horizon_ns
 * @has_opened: a batch was opened since tcps_merge_begin_read()
 * @criteria: what the reader may see and wants to see
 * @interpose: asked for each record before it is returned; see
 *	tcps_merge_interpose()
 * @losses: records lost since the last record of type TCPSTATES_EVENT_LOST
 * @lost: all records lost so far
 * @cursors: a position in each ring
 */
struct tcps_merge {
	struct tcps_ring *const *rings;
	struct tcps_turn *turns;
	unsigned int turn_count;
	unsigned int count;
	u64 until_ns;
	u64 horizon_ns;
	bool beyond;
	bool has_opened;
	struct tcps_criteria criteria;
	bool (*interpose)(struct tcps_merge *merge,
			  struct tcpstates_record *record);
	u64 losses;
	u64 lost;
	struct tcps_cursor cursors[];
};

/* Records that do not match before the reader offers its CPU. */
#define TCPS_MERGE_LOOKS	256

/* The result of a search for the next item. */
enum tcps_found {
	TCPS_FOUND_NOTHING,	/* there is nothing now */
	TCPS_FOUND_ITEM,
	TCPS_FOUND_SIGNAL,	/* not known: a signal ended the search */
};

size_t tcps_merge_size(unsigned int count);
void tcps_merge_init(struct tcps_merge *merge, struct tcps_ring *const *rings,
		     unsigned int count, u32 netns, u64 born_ns);
void tcps_merge_set_filter(struct tcps_merge *merge,
			   const struct tcpstates_filter *filter);
void tcps_merge_interpose(struct tcps_merge *merge,
			  bool (*interpose)(struct tcps_merge *merge,
					    struct tcpstates_record *record));

void tcps_merge_skip(struct tcps_merge *merge);
void tcps_merge_skip_until(struct tcps_merge *merge, u64 boot_ns);
void tcps_merge_skip_to(struct tcps_merge *merge, const u64 to[],
			unsigned int first, unsigned int end);
void tcps_merge_rewind(struct tcps_merge *merge);

enum tcps_found tcps_merge_next(struct tcps_merge *merge,
				struct tcpstates_record *record);

/* Records in their slots, to copy them only once. */
bool tcps_merge_open(struct tcps_merge *merge);
const struct tcpstates_record *tcps_merge_peek(struct tcps_merge *merge);
bool tcps_merge_take(struct tcps_merge *merge);
size_t tcps_merge_copy(struct tcps_merge *merge,
		       struct tcpstates_record *records, size_t room);

/**
 * tcps_merge_wants() - whether the reader may see a record and wants it
 * @merge: the merge
 * @record: the record, which may be written to at the same time; then the
 *	result means nothing
 *
 * Context: any.
 * Return: true if it does.
 */
static inline bool tcps_merge_wants(const struct tcps_merge *merge,
				    const struct tcpstates_record *record)
{
	return !merge->criteria.filtered ||
	       tcps_match_record(&merge->criteria, record);
}

/**
 * tcps_merge_begin_read() - a read() begins
 * @merge: the merge
 *
 * Context: any.
 */
static inline void tcps_merge_begin_read(struct tcps_merge *merge)
{
	merge->has_opened = false;
}

/**
 * tcps_merge_is_drained() - whether a read() has returned what there was
 * @merge: the merge
 *
 * Context: any.
 * Return: true if a batch was opened since tcps_merge_begin_read(), all of it
 * has been returned, and it ended with the last complete record. What was
 * recorded since is for the next read().
 */
static inline bool tcps_merge_is_drained(const struct tcps_merge *merge)
{
	return !merge->turn_count && merge->has_opened && !merge->beyond &&
	       !merge->losses && !merge->interpose;
}

#endif /* _TCPS_MERGE_H */
