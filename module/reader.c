// SPDX-License-Identifier: GPL-2.0
/*
 * The merge works in batches. A batch begins by reading the clock (the
 * horizon) and then, from every ring, how far it is written. A record that is
 * not complete by then carries a later time (tcps_ring_settled()). So all that
 * is not later than the horizon is at hand, and can be given out in the order
 * of time whatever the other CPUs do meanwhile.
 */
#include "reader.h"

#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "filter.h"
#include "snapshot.h"

/* Records that are not wanted before the reader offers its CPU. */
#define LOOKS_BEFORE_RESCHED	256

/**
 * tcps_reader_size() - memory that a reader needs
 * @count: number of rings
 *
 * Context: any.
 * Return: bytes.
 */
size_t tcps_reader_size(unsigned int count)
{
	return struct_size((struct tcps_reader *)NULL, cursors, count);
}

/**
 * tcps_reader_init() - start a reader at this moment
 * @reader: memory of tcps_reader_size(@count) bytes
 * @rings: the rings by CPU
 * @count: how many
 * @netns: the only namespace to show, or 0 for all
 *
 * Context: may sleep.
 */
void tcps_reader_init(struct tcps_reader *reader,
		      struct tcps_ring *const *rings, unsigned int count,
		      u32 netns)
{
	unsigned int i;

	memset(reader, 0, tcps_reader_size(count));
	reader->rings = rings;
	reader->count = count;
	reader->netns = netns;
	for (i = 0; i < count; i++) {
		reader->cursors[i].next = tcps_ring_settled(rings[i]);
		reader->cursors[i].limit = reader->cursors[i].next;
	}
}

static void drop_snapshot(struct tcps_reader *reader)
{
	tcps_snapshot_free(reader->snapshot);
	reader->snapshot = NULL;
	reader->introduced = 0;
}

/*
 * Go past what happened up to @time. What is overwritten already is not gone
 * past, but noticed as a loss later.
 */
static void pass_over(struct tcps_reader *reader, unsigned int i, u64 time)
{
	const struct tcps_ring *ring = reader->rings[i];
	struct tcps_cursor *cursor = &reader->cursors[i];

	cursor->limit = tcps_ring_settled(ring);
	while (cursor->next < cursor->limit &&
	       tcps_ring_read_time(ring, cursor->next, &cursor->boot_ns) &&
	       cursor->boot_ns <= time)
		cursor->next++;
	/* A batch that is used up: its records may be beyond the horizon. */
	cursor->limit = cursor->next;
}

/**
 * tcps_reader_rewind() - go back to the oldest records there are
 * @reader: the reader
 *
 * Losses that have not been told yet are forgotten: what the rings still hold
 * of them will be read now, and the rest is before the new beginning.
 *
 * Context: any.
 */
void tcps_reader_rewind(struct tcps_reader *reader)
{
	unsigned int i;

	for (i = 0; i < reader->count; i++) {
		reader->cursors[i].next = tcps_ring_oldest(reader->rings[i]);
		reader->cursors[i].limit = reader->cursors[i].next;
	}
	reader->losses = 0;
	drop_snapshot(reader);
}

/**
 * tcps_reader_snapshot() - begin anew with what is there now
 * @reader: the reader
 *
 * What has not been read yet is passed over: it happened before.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int tcps_reader_snapshot(struct tcps_reader *reader)
{
	struct tcps_snapshot *snapshot;
	unsigned int i;

	snapshot = tcps_snapshot_make();
	if (!snapshot)
		return -ENOMEM;
	drop_snapshot(reader);
	reader->snapshot = snapshot;
	/* First the places, then the moment: nothing after it goes unseen. */
	for (i = 0; i < reader->count; i++)
		reader->cursors[i].next = tcps_ring_settled(reader->rings[i]);
	tcps_snapshot_begin(snapshot);
	for (i = 0; i < reader->count; i++)
		pass_over(reader, i, snapshot->moment_ns);
	reader->losses = 0;
	return 0;
}

/**
 * tcps_reader_end() - free what a reader holds, but itself
 * @reader: the reader
 *
 * Context: may sleep.
 */
void tcps_reader_end(struct tcps_reader *reader)
{
	drop_snapshot(reader);
}

/*
 * The record at @cursor is gone. Go on where the writer will not overtake the
 * reader again at once, an eighth of the ring after the oldest record: one
 * large loss that is told once is better than a trickle.
 */
static void skip_overwritten(struct tcps_reader *reader, unsigned int i)
{
	const struct tcps_ring *ring = reader->rings[i];
	struct tcps_cursor *cursor = &reader->cursors[i];
	u64 next = tcps_ring_oldest(ring);

	if (ring->slots)
		next += (ring->mask + 1) / 8;
	if (next > cursor->limit)
		cursor->limit = tcps_ring_settled(ring);
	if (next > cursor->limit)
		next = cursor->limit;
	reader->losses += next - cursor->next;
	reader->lost += next - cursor->next;
	cursor->next = next;
}

/* Fetch the time of the record at the cursor, past what is overwritten. */
static void look_ahead(struct tcps_reader *reader, unsigned int i)
{
	struct tcps_cursor *cursor = &reader->cursors[i];

	while (cursor->next < cursor->limit &&
	       !tcps_ring_read_time(reader->rings[i], cursor->next,
				    &cursor->boot_ns))
		skip_overwritten(reader, i);
}

static void open_batch(struct tcps_reader *reader)
{
	unsigned int i;

	reader->horizon = ktime_get_boottime_ns();
	for (i = 0; i < reader->count; i++) {
		reader->cursors[i].limit = tcps_ring_settled(reader->rings[i]);
		look_ahead(reader, i);
	}
}

/* The ring whose next record is the earliest of the batch, or @count. */
static unsigned int earliest(const struct tcps_reader *reader)
{
	unsigned int i, best = reader->count;
	u64 best_ns = reader->horizon;

	for (i = 0; i < reader->count; i++) {
		const struct tcps_cursor *cursor = &reader->cursors[i];

		if (cursor->next < cursor->limit &&
		    (cursor->boot_ns < best_ns ||
		     (cursor->boot_ns == best_ns && best == reader->count))) {
			best = i;
			best_ns = cursor->boot_ns;
		}
	}
	return best;
}

/*
 * Copy the earliest record of the batch, without going past it. Returns its
 * ring, or @count if the batch is used up.
 */
static unsigned int peek(struct tcps_reader *reader,
			 struct tcpstates_record *record)
{
	for (;;) {
		unsigned int i = earliest(reader);

		if (i == reader->count ||
		    tcps_ring_read(reader->rings[i], reader->cursors[i].next,
				   record))
			return i;
		look_ahead(reader, i);
	}
}

static bool wanted(const struct tcps_reader *reader,
		   const struct tcpstates_record *record)
{
	if (reader->netns && reader->netns != record->netns)
		return false;
	return tcps_filter_match(&reader->filter, record);
}

/* Put in @record's place what stands for the records missing before it. */
static void tell_loss(struct tcps_reader *reader,
		      struct tcpstates_record *record)
{
	u64 boot_ns = record->boot_ns, real_ns = record->real_ns;

	memset(record, 0, sizeof(*record));
	record->size = sizeof(*record);
	record->version = TCPSTATES_ABI_VERSION;
	record->event = TCPSTATES_EVENT_LOST;
	record->boot_ns = boot_ns;
	record->real_ns = real_ns;
	record->count = reader->losses;
	reader->losses = 0;
}

/* The next row of the snapshot that this reader may see, if any. */
static bool next_row(struct tcps_reader *reader, struct tcpstates_record *row)
{
	struct tcps_snapshot *snapshot = reader->snapshot;

	if (!snapshot || snapshot->end_ns)
		return false;
	while (tcps_snapshot_next(snapshot, row))
		if (wanted(reader, row))
			return true;
	reader->losses += snapshot->lost;
	reader->lost += snapshot->lost;
	return false;
}

/*
 * Whether the snapshot has a row to go before the live @record, which it puts
 * in its place then. Past the walk's end no record can lack one.
 */
static bool introduce(struct tcps_reader *reader,
		      struct tcpstates_record *record)
{
	if (!reader->snapshot)
		return false;
	if (record->boot_ns > reader->snapshot->end_ns) {
		drop_snapshot(reader);
		return false;
	}
	if (reader->introduced == record->conn ||
	    !tcps_snapshot_lacks(reader->snapshot, record))
		return false;
	reader->introduced = record->conn;
	tcps_snapshot_introduce(record, record);
	return true;
}

/**
 * tcps_reader_next() - the next item for this reader
 * @reader: the reader
 * @record: where to; holds nothing of use if there is none
 *
 * Context: may sleep. A signal ends a long search, which goes on at the next
 * call.
 * Return: false if there is nothing now.
 */
bool tcps_reader_next(struct tcps_reader *reader,
		      struct tcpstates_record *record)
{
	unsigned int looked_at = 0;
	bool fresh = false;

	if (next_row(reader, record))
		return true;
	for (;;) {
		unsigned int i = peek(reader, record);

		if (++looked_at % LOOKS_BEFORE_RESCHED == 0) {
			cond_resched();
			if (signal_pending(current))
				return false;
		}

		if (i < reader->count) {
			if (reader->losses) {
				tell_loss(reader, record);
				return true;
			}
			if (!introduce(reader, record)) {
				reader->introduced = 0;
				reader->cursors[i].next++;
				look_ahead(reader, i);
			}
			if (wanted(reader, record))
				return true;
		} else if (!fresh) {
			open_batch(reader);
			fresh = true;
		} else if (reader->losses) {
			/* Nothing survived: a CPU without memory for a ring. */
			record->boot_ns = reader->horizon;
			record->real_ns = ktime_get_real_ns();
			tell_loss(reader, record);
			return true;
		} else {
			return false;
		}
	}
}
