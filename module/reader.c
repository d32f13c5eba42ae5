// SPDX-License-Identifier: GPL-2.0
/*
 * The merge works in batches. A batch begins by reading the clock (the
 * horizon) and then, from every ring, how far it is written. A record that is
 * not complete by then carries a later time (tcps_ring_settled()). So all that
 * is not later than the horizon is at hand, and can be given out in the order
 * of time whatever the other CPUs do meanwhile.
 */
#include "reader.h"

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "filter.h"
#include "snapshot.h"
#include "uninitialized.h"

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
	return struct_size((struct tcps_reader *)NULL, cursors, count) +
	       array_size(count, sizeof(u32));
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
	memset(reader, 0, tcps_reader_size(count));
	reader->rings = rings;
	reader->count = count;
	reader->heap = (u32 *)&reader->cursors[count];
	reader->netns = netns;
	reader->filtered = netns;
	tcps_reader_skip(reader);
}

/**
 * tcps_reader_set_filter() - choose what is shown from here on
 * @reader: the reader
 * @filter: the filter; tcps_filter_check() has accepted it
 *
 * Context: any.
 */
void tcps_reader_set_filter(struct tcps_reader *reader,
			    const struct tcpstates_filter *filter)
{
	static const struct tcpstates_filter all;

	reader->filter = *filter;
	reader->filtered = reader->netns || memcmp(filter, &all, sizeof(all));
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
}

/* Begin anew at the cursors: nothing is at hand, and nothing to be told. */
static void restart(struct tcps_reader *reader)
{
	unsigned int i;

	for (i = 0; i < reader->count; i++)
		reader->cursors[i].limit = reader->cursors[i].next;
	reader->active = 0;
	reader->losses = 0;
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

	for (i = 0; i < reader->count; i++)
		reader->cursors[i].next = tcps_ring_oldest(reader->rings[i]);
	restart(reader);
	drop_snapshot(reader);
}

/**
 * tcps_reader_skip() - go to this moment
 * @reader: the reader
 *
 * What has not been read is passed over, and so is what has been lost.
 *
 * Context: may sleep.
 */
void tcps_reader_skip(struct tcps_reader *reader)
{
	unsigned int i;

	for (i = 0; i < reader->count; i++)
		reader->cursors[i].next = tcps_ring_settled(reader->rings[i]);
	restart(reader);
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
	restart(reader);
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

	if (tcps_ring_has_slots(ring))
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

/* Whether ring @i has something in the batch: not what is beyond the horizon. */
static __always_inline bool is_active(const struct tcps_reader *reader,
				      unsigned int i)
{
	const struct tcps_cursor *cursor = &reader->cursors[i];

	return cursor->next < cursor->limit &&
	       cursor->boot_ns <= reader->horizon;
}

/* What happened in the same nanosecond comes in the order of CPUs. */
static __always_inline bool is_earlier(const struct tcps_reader *reader, u32 i,
				       u32 j)
{
	u64 i_ns = reader->cursors[i].boot_ns, j_ns = reader->cursors[j].boot_ns;

	return i_ns < j_ns || (i_ns == j_ns && i < j);
}

/* Put the heap's entry @at in its place among those behind it. */
static void sift_down(struct tcps_reader *reader, unsigned int at)
{
	u32 *heap = reader->heap, moved = heap[at];
	unsigned int child;

	while ((child = 2 * at + 1) < reader->active) {
		if (child + 1 < reader->active &&
		    is_earlier(reader, heap[child + 1], heap[child]))
			child++;
		if (is_earlier(reader, moved, heap[child]))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

/* The first ring's cursor has moved: keep the heap in order. */
static __always_inline void moved(struct tcps_reader *reader)
{
	if (unlikely(!is_active(reader, reader->heap[0])))
		reader->heap[0] = reader->heap[--reader->active];
	if (reader->active > 1)
		sift_down(reader, 0);
}

static void open_batch(struct tcps_reader *reader)
{
	unsigned int i;

	reader->horizon = ktime_get_boottime_ns();
	reader->active = 0;
	for (i = 0; i < reader->count; i++) {
		reader->cursors[i].limit = tcps_ring_settled(reader->rings[i]);
		look_ahead(reader, i);
		if (is_active(reader, i))
			reader->heap[reader->active++] = i;
	}
	for (i = reader->active / 2; i-- > 0;)
		sift_down(reader, i);
}

/* Go past the earliest record of the batch. */
static __always_inline void advance(struct tcps_reader *reader)
{
	u32 i = reader->heap[0];

	reader->cursors[i].next++;
	look_ahead(reader, i);
	moved(reader);
}

/* The earliest record has been overwritten: find another one. */
static noinline void lose(struct tcps_reader *reader)
{
	look_ahead(reader, reader->heap[0]);
	moved(reader);
}

static bool wanted(const struct tcps_reader *reader,
		   const struct tcpstates_record *record)
{
	if (!reader->filtered)
		return true;
	if (reader->netns && reader->netns != record->netns)
		return false;
	return tcps_filter_match(&reader->filter, record);
}

/*
 * Go past what is not wanted, by what the filter looks at, so that only the rest
 * is copied whole; up to a loss. Returns false if a signal came.
 */
static noinline bool skip_unwanted(struct tcps_reader *reader)
{
	struct tcpstates_record tcps_uninitialized head;
	unsigned int looked_at = 0;

	while (reader->active && !reader->losses) {
		u32 i = reader->heap[0];

		if (!tcps_ring_read_head(reader->rings[i],
					 reader->cursors[i].next, &head)) {
			lose(reader);
			break;
		}
		if (wanted(reader, &head))
			break;
		advance(reader);
		if (++looked_at % LOOKS_BEFORE_RESCHED == 0) {
			cond_resched();
			if (signal_pending(current))
				return false;
		}
	}
	return true;
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

/* Nothing survived: a CPU without memory for a ring. */
static void tell_bare_loss(struct tcps_reader *reader,
			   struct tcpstates_record *record)
{
	record->boot_ns = reader->horizon;
	record->real_ns = ktime_get_real_ns();
	tell_loss(reader, record);
}

/* Copy the earliest record of the batch. Returns false if there is none. */
static __always_inline bool copy_first(struct tcps_reader *reader,
				       struct tcpstates_record *record)
{
	while (reader->active) {
		u32 i = reader->heap[0];

		if (likely(tcps_ring_read(reader->rings[i],
					  reader->cursors[i].next, record)))
			return true;
		lose(reader);
	}
	return false;
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
		/* A snapshot may have rows to go before what is not wanted. */
		if (reader->filtered && !reader->snapshot &&
		    !skip_unwanted(reader))
			return false;
		if (copy_first(reader, record)) {
			if (reader->losses) {
				tell_loss(reader, record);
				return true;
			}
			if (!introduce(reader, record)) {
				reader->introduced = 0;
				advance(reader);
			}
			if (wanted(reader, record))
				return true;
			if (++looked_at % LOOKS_BEFORE_RESCHED == 0) {
				cond_resched();
				if (signal_pending(current))
					return false;
			}
		} else if (!fresh) {
			open_batch(reader);
			fresh = true;
		} else if (reader->losses) {
			tell_bare_loss(reader, record);
			return true;
		} else {
			return false;
		}
	}
}

/**
 * tcps_reader_peek() - where the next record stands, if that is all there is to it
 * @reader: the reader
 *
 * Context: may sleep.
 * Return: the record's slot, in which it may be overwritten at any time; words
 * that were read from it are the record's if tcps_reader_take() says so then.
 * NULL if tcps_reader_next() must be asked.
 */
const struct tcpstates_record *tcps_reader_peek(struct tcps_reader *reader)
{
	u32 i;

	if (reader->snapshot || (reader->filtered && !skip_unwanted(reader)) ||
	    !reader->active || reader->losses)
		return NULL;
	i = reader->heap[0];
	return tcps_ring_slot(reader->rings[i], reader->cursors[i].next);
}

/**
 * tcps_reader_take() - go past the record that was peeked at
 * @reader: the reader
 *
 * Context: may sleep.
 * Return: false if it was overwritten meanwhile; then it counts as lost.
 */
bool tcps_reader_take(struct tcps_reader *reader)
{
	u32 i = reader->heap[0];

	if (!tcps_ring_holds(reader->rings[i], reader->cursors[i].next)) {
		lose(reader);
		return false;
	}
	advance(reader);
	return true;
}
