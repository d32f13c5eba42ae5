/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of records: one writer, any number of readers, the oldest records
 * are overwritten. It knows bytes and running numbers, not TCP, not time.
 *
 *   writer: one at a time. In the kernel that is the ring's own CPU with
 *           interrupts off (stream.c); it never waits for anybody.
 *   reader: any context that may wait for a writer. It owns its position;
 *           readers do not know of each other, nor the writer of them.
 *
 * The ordering between the two sides is described at the top of ring.c.
 */
#ifndef _TCPS_RING_H
#define _TCPS_RING_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

#define TCPS_RECORD_WORDS	(sizeof(struct tcpstates_record) / sizeof(u64))

/**
 * struct tcps_ring - one CPU's ring
 * @slots: @mask + 1 records, or NULL where no memory could be had: then every
 *	record counts as overwritten at once
 * @mask: number of slots - 1; the number of slots is a power of two
 * @reserved: numbers below this one are written or being written
 * @head: numbers below this one are written; @reserved or one less
 *
 * Record number n stands in slot n & @mask. Writer: @reserved, @head, slots.
 * Reader: nothing.
 */
struct tcps_ring {
	struct tcpstates_record *slots;
	u64 mask;
	u64 reserved;
	u64 head;
};

u64 tcps_ring_reserve(struct tcps_ring *ring);
void tcps_ring_commit(struct tcps_ring *ring, u64 number,
		      const struct tcpstates_record *record);

u64 tcps_ring_settled(const struct tcps_ring *ring);
u64 tcps_ring_oldest(const struct tcps_ring *ring);
bool tcps_ring_read(const struct tcps_ring *ring, u64 number,
		    struct tcpstates_record *record);
bool tcps_ring_read_time(const struct tcps_ring *ring, u64 number,
			 u64 *boot_ns);

#endif /* _TCPS_RING_H */
