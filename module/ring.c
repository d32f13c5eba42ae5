// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: a ring of records between one writer and any number of readers
 *
 * Three counters and the slots are shared. Only the writer stores to them.
 *
 *   @entered   odd while the writer may be about to write, else even
 *   @reserved  number of records that have been reserved
 *   @head      number of records that are complete: equal to @reserved, or one
 *              less while the writer fills a slot
 *
 * Reserving number n destroys record n - size, which is in the same slot.
 *
 *   writer                              reader
 *   ------                              ------
 *   entered++, odd, release   (J)       learn a time
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
 *             reserved > n + size, so it knows that its copy is spoiled.
 *   A with E  a reader that finds @entered even knows that the clock of the next
 *             record is not earlier than a time that the reader has read before
 *             E, from a record or from its own clock. A reader that finds it odd
 *             waits until it has changed, and sees by J what was written. This
 *             gives readers the global order.
 *   S with S  (stream.c) a reader that sees that a ring has slots sees where they
 *             are.
 *   A with F  (wake.c) either a reader that is about to sleep sees @entered odd,
 *             or it sees the record, or the writer sees that a reader waits.
 *   A with G  (wake_pass.c) the same for a pass that searches new records: if it
 *             sees neither, the writer sees that a pass is wanted.
 *   L with M  (file.c) either a thread that finds a file's lock taken gets it at
 *             its second try, or the holder sees the thread's request.
 *
 * tests/litmus has a litmus test for each of these, and tries all executions.
 *
 * The full barrier is not in this file: a writer takes a lock between entering and
 * the clock, and a locked instruction is a full barrier.
 *
 * The writer writes in place, with plain stores. A reader may copy a slot at the
 * same time, word by word with READ_ONCE(), and then discards its copy.
 */
#include "ring.h"

#include <linux/compiler.h>
#include <linux/sched.h>
#include <asm/barrier.h>
#include <asm/processor.h>

/* Looks at a busy writer before the reader offers its CPU. */
#define SPINS_BEFORE_RESCHED	1024

/**
 * tcps_ring_settled() - wait for a record being written, then return the head
 * @ring: the ring
 *
 * No record that gets a number from here on is earlier than a clock or a record
 * that the caller has read before this call. The writer runs with
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

	/* E: the caller's time before the counters. Pairs with A. */
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
	return tcps_ring_head(ring);
}

/**
 * tcps_ring_oldest() - number of the oldest record that is not overwritten
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
 * tcps_ring_read() - copy a record
 * @ring: the ring
 * @number: number of the record; below what tcps_ring_settled() returned
 * @record: receives the copy; undefined if the record was overwritten
 *
 * Context: any.
 * Return: false if the record is overwritten.
 */
bool tcps_ring_read(const struct tcps_ring *ring, u64 number,
		    struct tcpstates_record *record)
{
	if (!tcps_ring_has_slots(ring))
		return false;
	tcps_ring_copy(tcps_ring_slot(ring, number), record);
	return tcps_ring_holds(ring, number);
}

/**
 * tcps_ring_read_time() - read a record's time
 * @ring: the ring
 * @number: number of the record; below what tcps_ring_settled() returned
 * @boot_ns: receives the time (CLOCK_BOOTTIME); undefined if the record was
 *	overwritten
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
