// SPDX-License-Identifier: GPL-2.0
/*
 * The merge works in batches. To open a batch, it reads the time of the last
 * record of each ring; the latest of these times is the horizon. Then it reads
 * the head of each ring again: a record that is not complete by then is not
 * earlier than the horizon (tcps_ring_settled()). So every record up to the
 * horizon is complete, and can be returned in the order of time whatever the
 * other CPUs do. Records after the horizon wait for the next batch.
 *
 * The rings that have records in the batch form a binary heap by the time of
 * their next record. The first ring is read as long as its next record is
 * earlier than those of the two rings below it; no other ring is looked at.
 */
#include "merge.h"

#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "filter.h"

/* A ring that is overwritten that fast cannot be read. */
#define TRIES_FOR_LAST_TIME	4

/*
 * The record at the cursor is overwritten. Continue an eighth of the ring after
 * the oldest record, where the writer will not overtake the reader again at
 * once: one large loss that is reported once is better than many small ones.
 */
static void skip_overwritten(struct tcps_merge *merge, unsigned int i)
{
	const struct tcps_ring *ring = merge->rings[i];
	struct tcps_cursor *cursor = &merge->cursors[i];
	u64 next = tcps_ring_oldest(ring);

	if (tcps_ring_has_slots(ring))
		next += (ring->mask + 1) / 8;
	if (next > cursor->limit)
		cursor->limit = tcps_ring_settled(ring);
	if (next > cursor->limit)
		next = cursor->limit;
	merge->losses += next - cursor->next;
	merge->lost += next - cursor->next;
	cursor->next = next;
}

/*
 * Read the time of the record at the cursor, after skipping overwritten ones.
 * False if the ring has no more records in this batch.
 */
static bool look_ahead(struct tcps_merge *merge, unsigned int i, u64 *boot_ns)
{
	struct tcps_cursor *cursor = &merge->cursors[i];

	while (cursor->next < cursor->limit) {
		if (tcps_ring_read_time(merge->rings[i], cursor->next,
					boot_ns)) {
			if (*boot_ns <= merge->horizon_ns)
				return true;
			merge->beyond = true;
			return false;
		}
		skip_overwritten(merge, i);
	}
	return false;
}

/* At equal times the first CPU goes first. */
static bool is_before(const struct tcps_turn *a, const struct tcps_turn *b)
{
	return a->boot_ns < b->boot_ns ||
	       (a->boot_ns == b->boot_ns && a->ring < b->ring);
}

/* Restore the order of the heap below @i. */
static void sift_down(struct tcps_merge *merge, unsigned int i)
{
	const struct tcps_turn turn = merge->turns[i];
	struct tcps_turn *turns = merge->turns;
	unsigned int below;

	while ((below = 2 * i + 1) < merge->turn_count) {
		if (below + 1 < merge->turn_count &&
		    is_before(&turns[below + 1], &turns[below]))
			below++;
		if (!is_before(&turns[below], &turn))
			break;
		turns[i] = turns[below];
		i = below;
	}
	turns[i] = turn;
}

/* The first ring stays first until the earlier of the two below it. */
static void set_until(struct tcps_merge *merge)
{
	unsigned int i;

	merge->until_ns = merge->horizon_ns + 1;
	for (i = 1; i <= 2 && i < merge->turn_count; i++)
		if (merge->until_ns > merge->turns[i].boot_ns)
			merge->until_ns = merge->turns[i].boot_ns;
}

/* The first ring's cursor has moved: find the ring that is first now. */
static void find_first(struct tcps_merge *merge)
{
	struct tcps_turn *first = merge->turns;

	if (!look_ahead(merge, first->ring, &first->boot_ns))
		*first = merge->turns[--merge->turn_count];
	if (merge->turn_count)
		sift_down(merge, 0);
	set_until(merge);
}

/* The time of the last record of a ring; 0 if it has no new one. */
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

static void open_batch(struct tcps_merge *merge)
{
	struct tcps_turn *turn = merge->turns;
	unsigned int i;

	for (i = 0; i < merge->count; i++) {
		u64 last_ns = last_time(merge->rings[i], &merge->cursors[i]);

		if (merge->horizon_ns < last_ns)
			merge->horizon_ns = last_ns;
	}
	merge->beyond = false;
	merge->has_opened = true;
	for (i = 0; i < merge->count; i++) {
		merge->cursors[i].limit = tcps_ring_settled(merge->rings[i]);
		turn->ring = i;
		if (look_ahead(merge, i, &turn->boot_ns))
			turn++;
	}
	merge->turn_count = turn - merge->turns;
	for (i = merge->turn_count / 2; i-- > 0;)
		sift_down(merge, i);
	set_until(merge);
}

/**
 * tcps_merge_open() - open a batch for tcps_merge_peek(), if none is open
 * @merge: the merge
 *
 * Context: may sleep.
 * Return: false if there is nothing now; tcps_merge_next() would say the same.
 */
bool tcps_merge_open(struct tcps_merge *merge)
{
	while (!merge->turn_count) {
		open_batch(merge);
		if (!merge->beyond)
			break;
	}
	return merge->turn_count || merge->losses;
}

/* Replace @record by one that reports the losses before it. */
static void make_loss(struct tcps_merge *merge,
		      struct tcpstates_record *record)
{
	u64 boot_ns = record->boot_ns, real_ns = record->real_ns;

	memset(record, 0, sizeof(*record));
	record->size = sizeof(*record);
	record->version = TCPSTATES_ABI_VERSION;
	record->event = TCPSTATES_EVENT_LOST;
	record->boot_ns = boot_ns;
	record->real_ns = real_ns;
	record->count = merge->losses;
	merge->losses = 0;
}

/* The slot of the earliest record of the batch, which is not empty. */
static const struct tcpstates_record *first_slot(const struct tcps_merge *merge)
{
	unsigned int i = merge->turns->ring;

	return tcps_ring_slot(merge->rings[i], merge->cursors[i].next);
}

/**
 * tcps_merge_peek() - the next matching record, in its slot
 * @merge: the merge
 *
 * The record may be written to at the same time. The caller copies it, word by
 * word with READ_ONCE(), and calls tcps_merge_take(), which says whether the
 * copy is sound; or it leaves the record where it is.
 *
 * Context: any.
 * Return: the record; NULL if tcps_merge_next() has to be called.
 */
const struct tcpstates_record *tcps_merge_peek(struct tcps_merge *merge)
{
	const struct tcpstates_record *slot;
	unsigned int looked_at = 0;

	while (merge->turn_count && !merge->losses && !merge->interpose) {
		slot = first_slot(merge);
		if (tcps_merge_wants(merge, slot))
			return slot;
		if (++looked_at == TCPS_MERGE_LOOKS)
			break;
		tcps_merge_take(merge);
	}
	return NULL;
}

/**
 * tcps_merge_take() - go past the record that tcps_merge_peek() has returned
 * @merge: the merge
 *
 * Context: may sleep.
 * Return: true if the copy that was made of it is sound; false if the record was
 * overwritten, and counts as lost.
 */
bool tcps_merge_take(struct tcps_merge *merge)
{
	struct tcps_turn *first = merge->turns;
	const struct tcps_ring *ring = merge->rings[first->ring];
	struct tcps_cursor *cursor = &merge->cursors[first->ring];
	u64 next = cursor->next + 1, boot_ns;
	bool sound;

	/* One check does for both: the slot of @next is overwritten later. */
	boot_ns = READ_ONCE(tcps_ring_slot(ring, next)->boot_ns);
	sound = tcps_ring_holds(ring, cursor->next);
	if (likely(sound)) {
		cursor->next = next;
		if (likely(next < cursor->limit && boot_ns < merge->until_ns))
			return true;
	}
	find_first(merge);
	return sound;
}

/**
 * tcps_merge_copy() - copy records of the first ring in one go
 * @merge: the merge
 * @records: receives the records
 * @room: number of records that fit
 *
 * It costs the copy and little more, and does nothing if there is a filter.
 *
 * Context: may sleep.
 * Return: the number of records; after 0, tcps_merge_peek() has to be called.
 */
size_t tcps_merge_copy(struct tcps_merge *merge,
		       struct tcpstates_record *records, size_t room)
{
	const u64 until_ns = merge->until_ns;
	struct tcps_cursor *cursor;
	struct tcps_ring ring;
	size_t count;
	u64 next;

	if (!room || !merge->turn_count || merge->losses ||
	    merge->interpose || merge->criteria.filtered)
		return 0;
	ring = *merge->rings[merge->turns->ring];
	cursor = &merge->cursors[merge->turns->ring];
	next = cursor->next;
	for (count = 0; count < room; count++) {
		tcps_ring_copy(tcps_ring_slot(&ring, next++), &records[count]);
		if (next == cursor->limit ||
		    READ_ONCE(tcps_ring_slot(&ring, next)->boot_ns) >= until_ns ||
		    !tcps_ring_holds(&ring, next - 1)) {
			cursor->next = next - 1;
			return count + tcps_merge_take(merge);
		}
	}
	cursor->next = next;
	return count;
}

/*
 * Return true with an item. The record is copied and checked first, since a loss
 * or an interposed record takes its time and connection from it.
 */
static bool take_checked(struct tcps_merge *merge,
			 struct tcpstates_record *record)
{
	unsigned int i = merge->turns->ring;

	if (!tcps_ring_read(merge->rings[i], merge->cursors[i].next, record)) {
		find_first(merge);
		return false;
	}
	if (merge->losses) {
		make_loss(merge, record);
		return true;
	}
	if (!merge->interpose || !merge->interpose(merge, record)) {
		merge->cursors[i].next++;
		find_first(merge);
	}
	return tcps_merge_wants(merge, record);
}

/* One step in the current batch: true with an item. */
static bool take_step(struct tcps_merge *merge, struct tcpstates_record *record)
{
	const struct tcpstates_record *slot;
	bool is_wanted;

	if (merge->losses || merge->interpose)
		return take_checked(merge, record);
	slot = first_slot(merge);
	is_wanted = tcps_merge_wants(merge, slot);
	if (is_wanted)
		tcps_ring_copy(slot, record);
	return tcps_merge_take(merge) && is_wanted;
}

/**
 * tcps_merge_next() - the next item
 * @merge: the merge
 * @record: receives the item; undefined if there is none
 *
 * A signal ends a long search; the next call continues it.
 *
 * Context: may sleep.
 * Return: see enum tcps_found.
 */
enum tcps_found tcps_merge_next(struct tcps_merge *merge,
				struct tcpstates_record *record)
{
	unsigned int looked_at = 0;
	bool fresh = false;

	for (;;) {
		if (++looked_at % TCPS_MERGE_LOOKS == 0) {
			cond_resched();
			if (signal_pending(current))
				return TCPS_FOUND_SIGNAL;
		}
		if (merge->turn_count) {
			if (take_step(merge, record))
				return TCPS_FOUND_ITEM;
		} else if (!fresh || merge->beyond) {
			/* Beyond: its writer may not know that we will wait. */
			open_batch(merge);
			fresh = true;
		} else if (merge->losses) {
			/* No record survived: a CPU has no memory for a ring. */
			record->boot_ns = merge->horizon_ns;
			record->real_ns = ktime_get_real_ns();
			make_loss(merge, record);
			return TCPS_FOUND_ITEM;
		} else {
			return TCPS_FOUND_NOTHING;
		}
	}
}
