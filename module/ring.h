/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of records: one writer, any number of readers; new records overwrite the
 * oldest ones. It knows bytes and sequence numbers, but neither TCP nor time.
 *
 *   writer: one at a time. In the kernel that is the ring's own CPU with
 *           interrupts off (stream.c); it never waits.
 *   reader: any context that may wait for a writer. Each reader keeps its own
 *           position; readers and the writer do not know each other.
 *
 * The ordering between the two sides is described at the top of ring.c.
 */
#ifndef _TCPS_RING_H
#define _TCPS_RING_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/barrier.h>

#include "uapi/tcpstates.h"

#define TCPS_RECORD_WORDS	(sizeof(struct tcpstates_record) / sizeof(u64))

/**
 * struct tcps_ring - one CPU's ring
 * @shared: the counters, which may be mapped into user space
 * @slots: @mask + 1 records; NULL if there was no memory, and every record counts
 *	as overwritten at once
 * @mask: number of slots - 1; the number of slots is a power of two
 *
 * Record number n is in slot n & @mask. Only the writer writes to @shared and to
 * the slots.
 */
struct tcps_ring {
	struct tcpstates_ring *shared;
	struct tcpstates_record *slots;
	u64 mask;
};

/**
 * tcps_ring_enter() - announce that a record may be written
 * @ring: the ring
 *
 * Until tcps_ring_leave(), readers that need the order of time wait for the
 * caller. It must not be interrupted by another writer of @ring.
 *
 * After this call, and before it reads the record's clock or checks whether
 * readers wait, the caller executes a full barrier (A in ring.c), which may be
 * that of a lock.
 *
 * Context: the ring's one writer.
 */
static inline void tcps_ring_enter(struct tcps_ring *ring)
{
	/*
	 * J: for a waiting reader that misses the even number before this one.
	 * Pairs with J in ring.c.
	 */
	smp_store_release(&ring->shared->entered, ring->shared->entered + 1);
}

/**
 * tcps_ring_reserve() - reserve the next number
 * @ring: the ring, entered
 *
 * Context: the ring's one writer.
 * Return: the number of the record to be written.
 */
static inline u64 tcps_ring_reserve(struct tcps_ring *ring)
{
	u64 number = ring->shared->head;

	WRITE_ONCE(ring->shared->reserved, number + 1);
	/* I: the number before the slot. Pairs with C. */
	smp_wmb();
	return number;
}

/**
 * tcps_ring_commit() - publish the record of a number
 * @ring: the ring, entered
 * @number: what tcps_ring_reserve() returned; its slot has been written
 *
 * Context: the ring's one writer.
 */
static inline void tcps_ring_commit(struct tcps_ring *ring, u64 number)
{
	/* D: the record before its number. Pairs with B. */
	smp_store_release(&ring->shared->head, number + 1);
}

/**
 * tcps_ring_leave() - let waiting readers continue
 * @ring: the ring, entered; what was reserved has been committed
 *
 * Context: the ring's one writer.
 */
static inline void tcps_ring_leave(struct tcps_ring *ring)
{
	/* J: the head before the counter. Pairs with J in ring.c. */
	smp_store_release(&ring->shared->entered, ring->shared->entered + 1);
}

/* The slot of a record. The ring must have slots. */
static inline struct tcpstates_record *
tcps_ring_slot(const struct tcps_ring *ring, u64 number)
{
	return &ring->slots[number & ring->mask];
}

/**
 * tcps_ring_give_slots() - give a ring its slots
 * @ring: the ring, which has none
 * @slots: @mask + 1 zeroed records
 *
 * Context: before the first record.
 */
static inline void tcps_ring_give_slots(struct tcps_ring *ring,
					struct tcpstates_record *slots)
{
	ring->slots = slots;
	/* S: the slots before their number. Pairs with S below. */
	smp_store_release(&ring->shared->records, ring->mask + 1);
}

/**
 * tcps_ring_has_slots() - whether records can be read
 * @ring: the ring
 *
 * Context: any.
 * Return: false while the ring has no memory, and every record counts as
 * overwritten. Once it is true it stays true, and @slots may be used.
 */
static inline bool tcps_ring_has_slots(const struct tcps_ring *ring)
{
	/* S: the number of slots before the slots. Pairs with S above. */
	return smp_load_acquire(&ring->shared->records);
}

/**
 * tcps_ring_head() - number after the last complete record
 * @ring: the ring
 *
 * Context: any.
 * Return: numbers below this one are complete.
 */
static inline u64 tcps_ring_head(const struct tcps_ring *ring)
{
	/* B: the number before the record. Pairs with D. */
	return smp_load_acquire(&ring->shared->head);
}

/**
 * tcps_ring_is_entered() - whether the ring's writer is at work
 * @ring: the ring
 *
 * Context: any.
 * Return: false if all records that the writer has begun are complete, and below
 * what tcps_ring_head() returns from here on.
 */
static inline bool tcps_ring_is_entered(const struct tcps_ring *ring)
{
	/* J: the counter before the head. Pairs with J in tcps_ring_leave(). */
	return smp_load_acquire(&ring->shared->entered) & 1;
}

/**
 * tcps_ring_holds() - whether a record has not been overwritten
 * @ring: the ring, with slots
 * @number: number of the record; below what tcps_ring_head() returned
 *
 * Context: any.
 * Return: true if the slot held the record during all earlier loads. So did the
 * slots of later numbers below the head.
 */
static inline bool tcps_ring_holds(const struct tcps_ring *ring, u64 number)
{
	/* C: the slot's words before the counter. Pairs with I. */
	smp_rmb();
	return READ_ONCE(ring->shared->reserved) <= number + ring->mask + 1;
}

/*
 * The unit of a copy. It need not be atomic, since any part that the writer has
 * changed spoils the whole copy; so user space may use a wider one.
 */
#ifndef TCPS_RING_CHUNK
#define TCPS_RING_CHUNK		u64
#endif

/* Copy a record from its slot, which may be written to at the same time. */
static __always_inline void
tcps_ring_copy(const struct tcpstates_record *slot,
	       struct tcpstates_record *record)
{
	const TCPS_RING_CHUNK *from = (const TCPS_RING_CHUNK *)slot;
	TCPS_RING_CHUNK *to = (TCPS_RING_CHUNK *)record;
	unsigned int i;

	BUILD_BUG_ON(sizeof(*record) % (6 * sizeof(*to)));
	for (i = 0; i < sizeof(*record) / sizeof(*to); i += 6) {
		to[i] = READ_ONCE(from[i]);
		to[i + 1] = READ_ONCE(from[i + 1]);
		to[i + 2] = READ_ONCE(from[i + 2]);
		to[i + 3] = READ_ONCE(from[i + 3]);
		to[i + 4] = READ_ONCE(from[i + 4]);
		to[i + 5] = READ_ONCE(from[i + 5]);
	}
}

u64 tcps_ring_settled(const struct tcps_ring *ring);
u64 tcps_ring_oldest(const struct tcps_ring *ring);
bool tcps_ring_read(const struct tcps_ring *ring, u64 number,
		    struct tcpstates_record *record);
bool tcps_ring_read_time(const struct tcps_ring *ring, u64 number,
			 u64 *boot_ns);

#endif /* _TCPS_RING_H */
