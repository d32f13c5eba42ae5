// SPDX-License-Identifier: GPL-2.0
/*
 * After a snapshot the reader first returns the rows that the walk over the
 * table finds, then the live records. A connection that changed before the walk
 * came to it has no row yet: its row is returned directly before its first live
 * record. snapshot.c explains why that is exact.
 */
#include "reader.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/stddef.h>

#include "snapshot.h"

/**
 * tcps_reader_size() - memory that a reader needs
 * @count: number of rings
 *
 * Context: any.
 * Return: bytes.
 */
size_t tcps_reader_size(unsigned int count)
{
	return offsetof(struct tcps_reader, merge) + tcps_merge_size(count);
}

/**
 * tcps_reader_init() - start a reader at this moment
 * @reader: memory of tcps_reader_size(@count) bytes
 * @rings: the rings by CPU
 * @count: number of rings
 * @netns: inode number of the only namespace to show, or 0 for all
 * @born_ns: when that namespace was created (CLOCK_BOOTTIME)
 *
 * Context: process; may sleep.
 */
void tcps_reader_init(struct tcps_reader *reader,
		      struct tcps_ring *const *rings, unsigned int count,
		      u32 netns, u64 born_ns)
{
	reader->snapshot = NULL;
	tcps_merge_init(&reader->merge, rings, count, netns, born_ns);
}

static void drop_snapshot(struct tcps_reader *reader)
{
	tcps_snapshot_free(reader->snapshot);
	reader->snapshot = NULL;
	tcps_merge_interpose(&reader->merge, NULL);
}

/**
 * tcps_reader_skip() - go to this moment
 * @reader: the reader
 *
 * Records that have not been read are skipped. They count neither as read nor as
 * lost. A snapshot ends.
 *
 * Context: process, with the file's mutex held; may sleep.
 */
void tcps_reader_skip(struct tcps_reader *reader)
{
	drop_snapshot(reader);
	tcps_merge_skip(&reader->merge);
}

/**
 * tcps_reader_rewind() - go back to the oldest records that the rings hold
 * @reader: the reader
 *
 * A snapshot ends.
 *
 * Context: process, with the file's mutex held; may sleep.
 */
void tcps_reader_rewind(struct tcps_reader *reader)
{
	tcps_merge_rewind(&reader->merge);
	drop_snapshot(reader);
}

/*
 * Called for each live record before it is returned. If its connection has no
 * row yet, put the row in @record's place and return true: the record follows at
 * the next call.
 */
static bool interpose_row(struct tcps_merge *merge,
			  struct tcpstates_record *record)
{
	struct tcps_reader *reader = container_of(merge, struct tcps_reader,
						  merge);

	/* After the end of the walk no record can lack a row. */
	if (record->boot_ns > reader->snapshot->end_ns) {
		drop_snapshot(reader);
		return false;
	}
	if ((reader->row_seq == record->seq && reader->row_cpu == record->cpu) ||
	    !tcps_snapshot_lacks(reader->snapshot, record))
		return false;
	reader->row_seq = record->seq;
	reader->row_cpu = record->cpu;
	tcps_snapshot_row_before(record, record);
	return true;
}

/**
 * tcps_reader_snapshot() - begin again with the connections that exist now
 * @reader: the reader
 * @user: the user to charge for the memory
 *
 * Records that have not been read are skipped: they are older than the snapshot.
 *
 * Context: process, with the file's mutex held; may sleep.
 * Return: 0; -ENOMEM if the user's share is used up or there is no memory, and
 * nothing has changed.
 */
int tcps_reader_snapshot(struct tcps_reader *reader, struct tcps_user *user)
{
	struct tcps_snapshot *snapshot;

	snapshot = tcps_snapshot_make(user);
	if (!snapshot)
		return -ENOMEM;
	/* Positions first, then the moment: nothing after it is skipped. */
	tcps_reader_skip(reader);
	reader->snapshot = snapshot;
	reader->row_seq = U64_MAX;
	tcps_snapshot_begin(snapshot);
	tcps_merge_skip_until(&reader->merge, snapshot->moment_ns);
	tcps_merge_interpose(&reader->merge, interpose_row);
	return 0;
}

/**
 * tcps_reader_end() - free what a reader holds, but not the reader
 * @reader: the reader
 *
 * Context: process; may sleep.
 */
void tcps_reader_end(struct tcps_reader *reader)
{
	drop_snapshot(reader);
}

/* The next row of the snapshot's walk that matches the reader's criteria. */
static enum tcps_found next_row(struct tcps_reader *reader,
				struct tcpstates_record *row)
{
	struct tcps_snapshot *snapshot = reader->snapshot;
	struct tcps_merge *merge = &reader->merge;
	unsigned int looked_at = 0;

	if (snapshot->end_ns)
		return TCPS_FOUND_NOTHING;
	while (tcps_snapshot_next(snapshot, row)) {
		if (tcps_merge_wants(merge, row) &&
		    tcps_snapshot_note(snapshot, row))
			return TCPS_FOUND_ITEM;
		if (++looked_at % TCPS_MERGE_LOOKS == 0 &&
		    signal_pending(current))
			return TCPS_FOUND_SIGNAL;
	}
	merge->losses += snapshot->lost;
	merge->lost += snapshot->lost;
	return TCPS_FOUND_NOTHING;
}

/**
 * tcps_reader_next_with_rows() - tcps_reader_next() while there is a snapshot
 * @reader: the reader
 * @record: receives the item; undefined if there is none
 *
 * Context: process, with the file's mutex held; may sleep.
 * Return: see enum tcps_found.
 */
enum tcps_found tcps_reader_next_with_rows(struct tcps_reader *reader,
					   struct tcpstates_record *record)
{
	enum tcps_found found = next_row(reader, record);

	if (found != TCPS_FOUND_NOTHING)
		return found;
	found = tcps_merge_next(&reader->merge, record);
	/*
	 * The last batch was opened after the end of the walk and has been read
	 * to its end: no later record can lack a row.
	 */
	if (found == TCPS_FOUND_NOTHING)
		drop_snapshot(reader);
	return found;
}
