// SPDX-License-Identifier: GPL-2.0
/*
 * Where a merge starts to read, and moving that position. How records are merged
 * from there on is in merge.c.
 */
#include "merge.h"

#include <linux/overflow.h>
#include <linux/string.h>

/**
 * tcps_merge_size() - memory that a merge needs
 * @count: number of rings
 *
 * Context: any.
 * Return: bytes.
 */
size_t tcps_merge_size(unsigned int count)
{
	return struct_size((struct tcps_merge *)NULL, cursors, count) +
	       count * sizeof(struct tcps_turn);
}

/**
 * tcps_merge_init() - start at this moment
 * @merge: memory of tcps_merge_size(@count) bytes
 * @rings: the rings by CPU
 * @count: number of rings
 * @netns: inode number of the only namespace to show, or 0 for all
 * @born_ns: when that namespace was created (CLOCK_BOOTTIME)
 *
 * Context: may sleep.
 */
void tcps_merge_init(struct tcps_merge *merge, struct tcps_ring *const *rings,
		     unsigned int count, u32 netns, u64 born_ns)
{
	memset(merge, 0, tcps_merge_size(count));
	merge->rings = rings;
	merge->turns = (struct tcps_turn *)&merge->cursors[count];
	merge->count = count;
	merge->criteria.netns = netns;
	merge->criteria.born_ns = born_ns;
	merge->criteria.filtered = netns;
	tcps_merge_skip(merge);
}

/**
 * tcps_merge_set_filter() - choose what to show from here on
 * @merge: the merge
 * @filter: the filter; tcps_filter_check() has accepted it
 *
 * Context: any.
 */
void tcps_merge_set_filter(struct tcps_merge *merge,
			   const struct tcpstates_filter *filter)
{
	tcps_criteria_init(&merge->criteria, merge->criteria.netns,
			   merge->criteria.born_ns, filter);
}

/**
 * tcps_merge_interpose() - have records go before the live ones
 * @merge: the merge
 * @interpose: called with a sound copy of each record before it is returned,
 *	whether it matches or not. It returns true if it has put another record
 *	in its place, which is returned if it matches; the function is then
 *	called again with the first record. NULL for none.
 *
 * Context: any.
 */
void tcps_merge_interpose(struct tcps_merge *merge,
			  bool (*interpose)(struct tcps_merge *merge,
					    struct tcpstates_record *record))
{
	merge->interpose = interpose;
}

/* The cursors have been moved, so the current batch ends. */
static void drop_batch(struct tcps_merge *merge)
{
	merge->turn_count = 0;
	merge->beyond = false;
	merge->losses = 0;
}

/*
 * Skip records of ring @i up to @time. Overwritten records are not skipped: they
 * are counted as lost later.
 */
static void skip_ring_until(struct tcps_merge *merge, unsigned int i, u64 time)
{
	const struct tcps_ring *ring = merge->rings[i];
	struct tcps_cursor *cursor = &merge->cursors[i];
	u64 boot_ns;

	cursor->limit = tcps_ring_settled(ring);
	while (cursor->next < cursor->limit &&
	       tcps_ring_read_time(ring, cursor->next, &boot_ns) &&
	       boot_ns <= time)
		cursor->next++;
}

/**
 * tcps_merge_skip() - go to this moment
 * @merge: the merge
 *
 * Records that have not been read are skipped. They count neither as read nor as
 * lost.
 *
 * Context: may sleep.
 */
void tcps_merge_skip(struct tcps_merge *merge)
{
	unsigned int i;

	for (i = 0; i < merge->count; i++)
		merge->cursors[i].next = tcps_ring_settled(merge->rings[i]);
	drop_batch(merge);
}

/**
 * tcps_merge_skip_until() - go to a moment in the past
 * @merge: the merge, after tcps_merge_skip()
 * @boot_ns: records up to this time (CLOCK_BOOTTIME) are skipped
 *
 * Context: may sleep.
 */
void tcps_merge_skip_until(struct tcps_merge *merge, u64 boot_ns)
{
	unsigned int i;

	for (i = 0; i < merge->count; i++)
		skip_ring_until(merge, i, boot_ns);
}

/**
 * tcps_merge_skip_to() - skip records that are known not to match
 * @merge: the merge; no batch is open
 * @to: for each ring the number of the first record to look at; a position that
 *	is beyond it stays
 * @first: index of the first ring to do this for
 * @end: index after the last one
 *
 * They count neither as read nor as lost, whether they are overwritten or not.
 *
 * Context: any.
 */
void tcps_merge_skip_to(struct tcps_merge *merge, const u64 to[],
			unsigned int first, unsigned int end)
{
	unsigned int i;

	for (i = first; i < end; i++)
		if (merge->cursors[i].next < to[i])
			merge->cursors[i].next = to[i];
}

/**
 * tcps_merge_rewind() - go back to the oldest records that the rings hold
 * @merge: the merge
 *
 * Losses that have not been reported yet are forgotten: what the rings still
 * hold of these records will be read now, and the rest is before the new
 * position.
 *
 * Context: any.
 */
void tcps_merge_rewind(struct tcps_merge *merge)
{
	unsigned int i;

	for (i = 0; i < merge->count; i++)
		merge->cursors[i].next = tcps_ring_oldest(merge->rings[i]);
	drop_batch(merge);
}
