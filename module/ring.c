// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: a ring of records between one writer and any number of readers
 *
 * Three counters and the slots are shared. Only the writer stores to them.
 *
 *   @entered   odd while the writer may be about to write, even else
 *   @reserved  how many numbers have been given out
 *   @head      how many records are complete; equal to @reserved, or one less
 *              while the writer fills a slot
 *
 * Giving out number n destroys record n - size, whose slot it takes.
 *
 *   writer                              reader
 *   ------                              ------
 *   entered++, odd, release   (J)       read the clock
 *   full barrier              (A)       smp_mb()             (E)
 *   read the clock                      wait while @entered stays odd
 *   reserved = n + 1                    load head            (B)
 *   smp_wmb()                 (I)       if head <= n: nothing there yet
 *   fill the slot                       copy the slot
 *   head = n + 1, release     (D)       smp_rmb()            (C)
 *   entered++, even, release  (J)       load reserved
 *                                       if reserved > n + size: overwritten
 *
 * Pairs:
 *   D with B  a reader that sees head > n sees all of record n.
 *   I with C  a reader that copied a word of a later record n + size sees
 *             reserved > n + size, hence knows that its copy is spoiled.
 *   A with E  whoever finds @entered even knows that the next record's clock is
 *             read later than his own clock before E; and whoever finds it odd
 *             waits until it has changed, and sees by J what was written. This
 *             gives readers the global order.
 *   A with F  (stream.c) either the reader that is about to sleep sees @entered
 *             odd, or the writer sees that a reader waits.
 *
 * The full barrier is not here: a writer takes a lock between entering and the
 * clock, and a locked instruction is one already.
 *
 * The writer writes in place, with plain stores: a reader may meet it in a slot,
 * and then throws its copy away. Readers copy word by word with READ_ONCE().
 */
#include "ring.h"

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <asm/barrier.h>
#include <asm/processor.h>

/* Looks at a writer that fills a slot before the reader offers its CPU. */
#define SPINS_BEFORE_RESCHED	1024

/* What tcps_filter_match() looks at stands in these first words of a record. */
#define HEAD_WORDS	12

/**
 * tcps_ring_settled() - wait for a record being written, then give the head
 * @ring: the ring
 *
 * Every record that gets a number from here on will have a clock later than
 * any clock that the caller read before this call. The writer runs with
 * interrupts off for some hundred instructions, so the wait is short.
 *
 * Context: any that may sleep.
 * Return: numbers below this one are complete.
 */
u64 tcps_ring_settled(const struct tcps_ring *ring)
{
	const struct tcpstates_ring *shared = ring->shared;
	unsigned int spins = 0;
	u64 entered;

	/* E: the caller's clock before the counters. Pairs with A. */
	smp_mb();
	/* J: the counter before the head. Pairs with J in ring.h. */
	entered = smp_load_acquire(&shared->entered);
	while (entered & 1) {
		cpu_relax();
		if (++spins % SPINS_BEFORE_RESCHED == 0)
			cond_resched();
		/* J: likewise, and again. Pairs with J in ring.h. */
		if (smp_load_acquire(&shared->entered) != entered)
			break;
	}
	/* B: the number before the record. Pairs with D. */
	return smp_load_acquire(&shared->head);
}

/**
 * tcps_ring_oldest() - number of the oldest record not yet overwritten
 * @ring: the ring
 *
 * Context: any. It may be overwritten as soon as the call returns.
 * Return: the number; equal to the head if the ring holds nothing.
 */
u64 tcps_ring_oldest(const struct tcps_ring *ring)
{
	u64 reserved = READ_ONCE(ring->shared->reserved);

	if (!tcps_ring_has_slots(ring))
		return reserved;
	return reserved > ring->mask + 1 ? reserved - (ring->mask + 1) : 0;
}

/**
 * tcps_ring_holds() - whether a record has not been overwritten
 * @ring: the ring, with slots
 * @number: which one; below what tcps_ring_settled() returned
 *
 * Context: any.
 * Return: true if the slot held it while all loads before were done.
 */
bool tcps_ring_holds(const struct tcps_ring *ring, u64 number)
{
	/* C: the slot's words before the counter. Pairs with I. */
	smp_rmb();
	return READ_ONCE(ring->shared->reserved) <= number + ring->mask + 1;
}

/* The first words of a record; @count is a multiple of four. */
static __always_inline void copy_words(u64 *to, const struct tcps_ring *ring,
				       u64 number, unsigned int count)
{
	const u64 *from = (const u64 *)tcps_ring_slot(ring, number);
	unsigned int i;

	for (i = 0; i < count; i += 4) {
		to[i] = READ_ONCE(from[i]);
		to[i + 1] = READ_ONCE(from[i + 1]);
		to[i + 2] = READ_ONCE(from[i + 2]);
		to[i + 3] = READ_ONCE(from[i + 3]);
	}
}

/**
 * tcps_ring_read() - copy a record
 * @ring: the ring
 * @number: which one; below what tcps_ring_settled() returned
 * @record: where to; undefined if the record was overwritten
 *
 * Context: any.
 * Return: false if the record is overwritten.
 */
bool tcps_ring_read(const struct tcps_ring *ring, u64 number,
		    struct tcpstates_record *record)
{
	BUILD_BUG_ON(TCPS_RECORD_WORDS % 4);
	if (!tcps_ring_has_slots(ring))
		return false;
	copy_words((u64 *)record, ring, number, TCPS_RECORD_WORDS);
	return tcps_ring_holds(ring, number);
}

/**
 * tcps_ring_read_head() - copy what a filter looks at
 * @ring: the ring
 * @number: as for tcps_ring_read()
 * @record: where to; the members up to @known
 *
 * Context: any.
 * Return: false if the record is overwritten.
 */
bool tcps_ring_read_head(const struct tcps_ring *ring, u64 number,
			 struct tcpstates_record *record)
{
	BUILD_BUG_ON(HEAD_WORDS * sizeof(u64) !=
		     offsetofend(struct tcpstates_record, known));
	if (!tcps_ring_has_slots(ring))
		return false;
	copy_words((u64 *)record, ring, number, HEAD_WORDS);
	return tcps_ring_holds(ring, number);
}

/**
 * tcps_ring_read_time() - look at a record's time
 * @ring: the ring
 * @number: which one; below what tcps_ring_settled() returned
 * @boot_ns: where to; undefined if the record was overwritten
 *
 * Context: any.
 * Return: false if the record is overwritten.
 */
bool tcps_ring_read_time(const struct tcps_ring *ring, u64 number,
			 u64 *boot_ns)
{
	if (!tcps_ring_has_slots(ring))
		return false;
	*boot_ns = READ_ONCE(tcps_ring_slot(ring, number)->boot_ns);
	return tcps_ring_holds(ring, number);
}
