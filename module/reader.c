// SPDX-License-Identifier: GPL-2.0
/*
 * The merge works in batches. A batch begins with a look at how far each ring
 * is written, and at the time of its last record. The latest of these times is
 * the horizon. Then comes a second look at every ring: a record that is not
 * complete by then is not earlier than the horizon (tcps_ring_settled()). So all
 * that is not later than the horizon is at hand, and can be given out in the
 * order of time whatever the other CPUs do meanwhile. What is complete and lies
 * beyond it waits for the next batch.
 *
 * The rings that have something in the batch form a heap by the time of their
 * next record. The first one goes on as long as it stays before the two below
 * it, without a look at any other ring.
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

/* A ring is overtaken that often only if it is of no use. */
#define TRIES_FOR_LAST_TIME	4

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
	       count * sizeof(struct tcps_turn);
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
	reader->turns = (struct tcps_turn *)&reader->cursors[count];
	reader->count = count;
	reader->netns = netns;
	reader->filtered = netns;
	tcps_reader_skip(reader);
}

/**
 * tcps_reader_set_filter() - choose what to show from here on
 * @reader: the reader
 * @filter: what; tcps_filter_check() has accepted it
 *
 * Context: any.
 */
void tcps_reader_set_filter(struct tcps_reader *reader,
			    const struct tcpstates_filter *filter)
{
	reader->filter = *filter;
	reader->filtered = reader->netns || !tcps_filter_is_empty(filter);
}

static void drop_snapshot(struct tcps_reader *reader)
{
	tcps_snapshot_free(reader->snapshot);
	reader->snapshot = NULL;
	reader->introduced = 0;
}

/* The cursors have been moved: the batch at hand is none any more. */
static void drop_batch(struct tcps_reader *reader)
{
	reader->turn_count = 0;
	reader->beyond = false;
	reader->losses = 0;
}

/*
 * Go past what happened up to @time. What is overwritten already is not gone
 * past, but noticed as a loss later.
 */
static void pass_over(struct tcps_reader *reader, unsigned int i, u64 time)
{
	const struct tcps_ring *ring = reader->rings[i];
	struct tcps_cursor *cursor = &reader->cursors[i];
	u64 boot_ns;

	cursor->limit = tcps_ring_settled(ring);
	while (cursor->next < cursor->limit &&
	       tcps_ring_read_time(ring, cursor->next, &boot_ns) &&
	       boot_ns <= time)
		cursor->next++;
}

/**
 * tcps_reader_skip() - go to this moment
 * @reader: the reader
 *
 * What has not been read is passed over, and counts neither as read nor as
 * lost. A snapshot ends.
 *
 * Context: may sleep.
 */
void tcps_reader_skip(struct tcps_reader *reader)
{
	unsigned int i;

	drop_snapshot(reader);
	for (i = 0; i < reader->count; i++)
		reader->cursors[i].next = tcps_ring_settled(reader->rings[i]);
	drop_batch(reader);
}

/**
 * tcps_reader_pass() - go past records that need no look
 * @reader: the reader; tcps_reader_next() has found nothing since it was moved
 * @to: for each ring the number of the first record to look at; the position
 *	stays where it is beyond that already
 *
 * They count neither as read nor as lost, whether they are overwritten or not.
 *
 * Context: any.
 */
void tcps_reader_pass(struct tcps_reader *reader, const u64 to[])
{
	unsigned int i;

	for (i = 0; i < reader->count; i++)
		if (reader->cursors[i].next < to[i])
			reader->cursors[i].next = to[i];
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
	drop_batch(reader);
	drop_snapshot(reader);
}

/**
 * tcps_reader_snapshot() - begin anew with what is there now
 * @reader: the reader
 * @user: who is charged for the memory
 *
 * What has not been read yet is passed over: it happened before.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM, with all as it was.
 */
int tcps_reader_snapshot(struct tcps_reader *reader, struct tcps_user *user)
{
	struct tcps_snapshot *snapshot;
	unsigned int i;

	snapshot = tcps_snapshot_make(user);
	if (!snapshot)
		return -ENOMEM;
	/* First the places, then the moment: nothing after it goes unseen. */
	tcps_reader_skip(reader);
	reader->snapshot = snapshot;
	tcps_snapshot_begin(snapshot);
	for (i = 0; i < reader->count; i++)
		pass_over(reader, i, snapshot->moment_ns);
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
 * The record at the cursor is gone. Go on where the writer will not overtake the
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

/*
 * Fetch the time of the record at the cursor, past what is overwritten. False
 * if the ring has no more in this batch.
 */
static bool look_ahead(struct tcps_reader *reader, unsigned int i, u64 *boot_ns)
{
	struct tcps_cursor *cursor = &reader->cursors[i];

	while (cursor->next < cursor->limit) {
		if (tcps_ring_read_time(reader->rings[i], cursor->next,
					boot_ns)) {
			if (*boot_ns <= reader->horizon_ns)
				return true;
			reader->beyond = true;
			return false;
		}
		skip_overwritten(reader, i);
	}
	return false;
}

/* At equal times the first CPU goes first. */
static bool is_before(const struct tcps_turn *a, const struct tcps_turn *b)
{
	return a->boot_ns < b->boot_ns ||
	       (a->boot_ns == b->boot_ns && a->ring < b->ring);
}

/* Move a turn down the heap to its place. */
static void sink(struct tcps_reader *reader, unsigned int i)
{
	const struct tcps_turn turn = reader->turns[i];
	struct tcps_turn *turns = reader->turns;
	unsigned int below;

	while ((below = 2 * i + 1) < reader->turn_count) {
		if (below + 1 < reader->turn_count &&
		    is_before(&turns[below + 1], &turns[below]))
			below++;
		if (!is_before(&turns[below], &turn))
			break;
		turns[i] = turns[below];
		i = below;
	}
	turns[i] = turn;
}

/* The first turn has been found; up to where is it the first? */
static void set_until(struct tcps_reader *reader)
{
	unsigned int i;

	reader->until_ns = reader->horizon_ns + 1;
	for (i = 1; i <= 2 && i < reader->turn_count; i++)
		if (reader->until_ns > reader->turns[i].boot_ns)
			reader->until_ns = reader->turns[i].boot_ns;
}

/* The first ring goes on from its cursor, if it has more in this batch. */
static void resume(struct tcps_reader *reader)
{
	struct tcps_turn *first = reader->turns;

	if (!look_ahead(reader, first->ring, &first->boot_ns))
		*first = reader->turns[--reader->turn_count];
	if (reader->turn_count)
		sink(reader, 0);
	set_until(reader);
}

/* The time up to which a ring is complete, if it has something new. */
static u64 last_time(const struct tcps_ring *ring, const struct tcps_cursor *cursor)
{
	u64 head = tcps_ring_head(ring), boot_ns;
	unsigned int tries = TRIES_FOR_LAST_TIME;

	if (head == cursor->next)
		return 0;
	while (tries--) {
		if (tcps_ring_read_time(ring, head - 1, &boot_ns))
			return boot_ns;
		head = tcps_ring_head(ring);
	}
	return ktime_get_boottime_ns();
}

static void open_batch(struct tcps_reader *reader)
{
	struct tcps_turn *turn = reader->turns;
	unsigned int i;

	for (i = 0; i < reader->count; i++) {
		u64 last_ns = last_time(reader->rings[i], &reader->cursors[i]);

		if (reader->horizon_ns < last_ns)
			reader->horizon_ns = last_ns;
	}
	reader->beyond = false;
	for (i = 0; i < reader->count; i++) {
		reader->cursors[i].limit = tcps_ring_settled(reader->rings[i]);
		turn->ring = i;
		if (look_ahead(reader, i, &turn->boot_ns))
			turn++;
	}
	reader->turn_count = turn - reader->turns;
	for (i = reader->turn_count / 2; i-- > 0;)
		sink(reader, i);
	set_until(reader);
}

/* Of a record that may be written to at the same time. */
static bool wanted(const struct tcps_reader *reader,
		   const struct tcpstates_record *record)
{
	if (reader->netns && reader->netns != READ_ONCE(record->netns))
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
static enum tcps_found next_row(struct tcps_reader *reader,
				struct tcpstates_record *row)
{
	struct tcps_snapshot *snapshot = reader->snapshot;
	unsigned int looked_at = 0;

	if (!snapshot || snapshot->end_ns)
		return TCPS_FOUND_NOTHING;
	while (tcps_snapshot_next(snapshot, row)) {
		if (wanted(reader, row) && tcps_snapshot_give(snapshot, row))
			return TCPS_FOUND_ITEM;
		if (++looked_at % TCPS_READER_LOOKS == 0 &&
		    signal_pending(current))
			return TCPS_FOUND_SIGNAL;
	}
	reader->losses += snapshot->lost;
	reader->lost += snapshot->lost;
	return TCPS_FOUND_NOTHING;
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

/* Where the earliest record of the batch stands; there must be one. */
static const struct tcpstates_record *first_slot(const struct tcps_reader *reader)
{
	unsigned int i = reader->turns->ring;

	return tcps_ring_slot(reader->rings[i], reader->cursors[i].next);
}

/**
 * tcps_reader_peek() - the next record of this reader, where it stands
 * @reader: the reader
 *
 * The record may be written to at the same time. The caller copies it, word by
 * word with READ_ONCE(), and asks tcps_reader_take() whether it got it; or
 * leaves it, and looks again later.
 *
 * Context: any.
 * Return: the record; NULL if tcps_reader_next() has to be called.
 */
const struct tcpstates_record *tcps_reader_peek(struct tcps_reader *reader)
{
	const struct tcpstates_record *slot;
	unsigned int looked_at = 0;

	while (reader->turn_count && !reader->losses && !reader->snapshot) {
		slot = first_slot(reader);
		if (!reader->filtered || wanted(reader, slot))
			return slot;
		if (++looked_at == TCPS_READER_LOOKS)
			break;
		tcps_reader_take(reader);
	}
	return NULL;
}

/**
 * tcps_reader_take() - go past the record that tcps_reader_peek() has returned
 * @reader: the reader
 *
 * Context: may sleep.
 * Return: true if what was copied of it is sound; else it was overwritten in
 * between, and counts as lost.
 */
bool tcps_reader_take(struct tcps_reader *reader)
{
	struct tcps_turn *first = reader->turns;
	const struct tcps_ring *ring = reader->rings[first->ring];
	struct tcps_cursor *cursor = &reader->cursors[first->ring];
	u64 next = cursor->next + 1, boot_ns;
	bool sound;

	/* One check for both, as the slot of @next is overwritten later. */
	boot_ns = READ_ONCE(tcps_ring_slot(ring, next)->boot_ns);
	sound = tcps_ring_holds(ring, cursor->next);
	if (likely(sound)) {
		cursor->next = next;
		if (likely(next < cursor->limit && boot_ns < reader->until_ns))
			return true;
	}
	resume(reader);
	return sound;
}

/**
 * tcps_reader_copy() - copy what tcps_reader_peek() would give
 * @reader: the reader
 * @records: where to
 * @room: for how many
 *
 * That is what goes on of one ring, if there is no filter, at the price of the
 * copy and little more.
 *
 * Context: may sleep.
 * Return: how many; after 0 tcps_reader_peek() has to be called.
 */
size_t tcps_reader_copy(struct tcps_reader *reader,
			struct tcpstates_record *records, size_t room)
{
	const u64 until_ns = reader->until_ns;
	struct tcps_cursor *cursor;
	struct tcps_ring ring;
	size_t count;
	u64 next;

	if (!room || !reader->turn_count || reader->losses ||
	    reader->snapshot || reader->filtered)
		return 0;
	ring = *reader->rings[reader->turns->ring];
	cursor = &reader->cursors[reader->turns->ring];
	next = cursor->next;
	for (count = 0; count < room; count++) {
		tcps_ring_copy(tcps_ring_slot(&ring, next++), &records[count]);
		if (next == cursor->limit ||
		    READ_ONCE(tcps_ring_slot(&ring, next)->boot_ns) >= until_ns ||
		    !tcps_ring_holds(&ring, next - 1)) {
			cursor->next = next - 1;
			return count + tcps_reader_take(reader);
		}
	}
	cursor->next = next;
	return count;
}

/* The same with losses and rows, for which the record must be sound before. */
static bool take_with_care(struct tcps_reader *reader,
			   struct tcpstates_record *record)
{
	unsigned int i = reader->turns->ring;

	if (!tcps_ring_read(reader->rings[i], reader->cursors[i].next, record)) {
		reader->introduced = 0;
		resume(reader);
		return false;
	}
	if (reader->losses) {
		tell_loss(reader, record);
		return true;
	}
	if (!introduce(reader, record)) {
		reader->introduced = 0;
		reader->cursors[i].next++;
		resume(reader);
	}
	return wanted(reader, record);
}

/* One step in the batch at hand: true if it gives an item. */
static bool take(struct tcps_reader *reader, struct tcpstates_record *record)
{
	const struct tcpstates_record *slot;
	bool is_wanted;

	if (reader->losses || reader->snapshot)
		return take_with_care(reader, record);
	slot = first_slot(reader);
	is_wanted = !reader->filtered || wanted(reader, slot);
	if (is_wanted)
		tcps_ring_copy(slot, record);
	return tcps_reader_take(reader) && is_wanted;
}

/*
 * A batch that was opened after the walk of the snapshot, if there is one, is read
 * to its end: no record to come can lack a row.
 */
static enum tcps_found has_nothing(struct tcps_reader *reader)
{
	drop_snapshot(reader);
	return TCPS_FOUND_NOTHING;
}

/**
 * tcps_reader_next() - the next item for this reader
 * @reader: the reader
 * @record: where to; holds nothing of use if there is none
 *
 * Context: may sleep. A signal ends a long search, which goes on at the next
 * call.
 * Return: which of the three it is.
 */
enum tcps_found tcps_reader_next(struct tcps_reader *reader,
				 struct tcpstates_record *record)
{
	unsigned int looked_at = 0;
	enum tcps_found found;
	bool fresh = false;

	found = next_row(reader, record);
	if (found != TCPS_FOUND_NOTHING)
		return found;
	for (;;) {
		if (++looked_at % TCPS_READER_LOOKS == 0) {
			cond_resched();
			if (signal_pending(current))
				return TCPS_FOUND_SIGNAL;
		}
		if (reader->turn_count) {
			if (take(reader, record))
				return TCPS_FOUND_ITEM;
		} else if (!fresh || reader->beyond) {
			/* Beyond: its writer may not know that we will wait. */
			open_batch(reader);
			fresh = true;
		} else if (reader->losses) {
			/* Nothing survived: a CPU without memory for a ring. */
			record->boot_ns = reader->horizon_ns;
			record->real_ns = ktime_get_real_ns();
			tell_loss(reader, record);
			return TCPS_FOUND_ITEM;
		} else {
			return has_nothing(reader);
		}
	}
}
