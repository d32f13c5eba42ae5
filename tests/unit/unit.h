/* SPDX-License-Identifier: GPL-2.0 */
/* What the unit tests share: the harness, and rings to write to. */
#ifndef _TCPS_UNIT_H
#define _TCPS_UNIT_H

#include <linux/compiler.h>
#include <linux/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ring.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* For other threads than the main one, where cmocka's jumps lead nowhere. */
#define must(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not true: %s\n", \
				__FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* As if @first records had been written, and nobody had read them. */
static inline struct tcps_ring *make_ring(u64 slots, u64 first)
{
	struct tcps_ring *ring = calloc(1, sizeof(*ring));

	must(ring);
	ring->shared = calloc(1, sizeof(*ring->shared));
	must(ring->shared);
	ring->mask = slots - 1;
	ring->shared->reserved = first;
	ring->shared->head = first;
	ring->shared->records = slots;
	ring->slots = calloc(slots, sizeof(*ring->slots));
	must(ring->slots);
	return ring;
}

static inline void free_ring(struct tcps_ring *ring)
{
	free(ring->slots);
	free(ring->shared);
	free(ring);
}

/*
 * Writes the slot of @number, which has been given out. The module uses plain
 * stores there; in here each word is a store of its own, so that what judges
 * the ring's barriers sees them, and finds no fault in a reader that meets the
 * writer in a slot and throws its copy away.
 */
static inline void write_slot(struct tcps_ring *ring, u64 number,
			      const struct tcpstates_record *record)
{
	const u64 *from = (const u64 *)record;
	unsigned int i;
	u64 *to;

	if (!ring->slots)
		return;
	to = (u64 *)tcps_ring_slot(ring, number);
	for (i = 0; i < TCPS_RECORD_WORDS; i++)
		WRITE_ONCE(to[i], from[i]);
}

/*
 * Begins a record as a writer of the module does, whose lock is the full
 * barrier. Returns its number.
 */
static inline u64 begin_record(struct tcps_ring *ring)
{
	tcps_ring_enter(ring);
	smp_mb(); /* the entry before clock and slot */
	return tcps_ring_reserve(ring);
}

static inline void end_record(struct tcps_ring *ring, u64 number)
{
	tcps_ring_commit(ring, number);
	tcps_ring_leave(ring);
}

/* A CPU without memory for its ring. */
static inline void take_slots(struct tcps_ring *ring)
{
	free(ring->slots);
	ring->slots = NULL;
	ring->shared->records = 0;
}

/* A pause of other length each time, to shift the threads' phases. */
static inline void pause_some(u64 number)
{
	struct timespec a_little = {
		.tv_nsec = (number * 0x9E3779B97F4A7C15ULL) >> 48,
	};

	nanosleep(&a_little, NULL);
}

#endif /* _TCPS_UNIT_H */
