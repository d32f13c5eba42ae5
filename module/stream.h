/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stream: a ring for each CPU, the recording of a transition, and the report
 * to wake_pass.c that there is a record. On the hot path, this follows after the
 * hooks have determined what a transition is.
 *
 * Context: process, where nothing else is said.
 */
#ifndef _TCPS_STREAM_H
#define _TCPS_STREAM_H

#include <linux/compiler.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>
#include <linux/tracepoint-defs.h>
#include <linux/types.h>

#include "ring.h"
#include "uapi/tcpstates.h"

#define TCPS_STREAM_RECORDS_MIN		64U
#define TCPS_STREAM_RECORDS_MAX		4194304U

/* Minimum time between two wake-ups in microseconds; may change at any time. */
extern unsigned int tcps_stream_batch_us;

/*
 * What wake_pass.c waits for: nothing, the next record, the irq_work that the writer
 * of a record has queued, or its own timer.
 */
enum tcps_stream_wait {
	TCPS_WAIT_NONE,
	TCPS_WAIT_RECORD,
	TCPS_WAIT_CLAIMED,
	TCPS_WAIT_TIMER,
};

extern enum tcps_stream_wait tcps_stream_waiting;

DECLARE_TRACEPOINT(transition);

/**
 * struct tcps_stream_cpu - one CPU's part of the stream, written by this CPU only
 * @ring: the ring
 * @cpu: its number
 * @real_offset: CLOCK_REALTIME - CLOCK_BOOTTIME, in ns
 * @offset_at: the jiffy in which it was computed last
 * @wake: reports a record to wake_pass.c, queued by this CPU
 * @nowhere: the slot of all records if there is no memory for the ring
 */
struct tcps_stream_cpu {
	struct tcps_ring ring;
	u32 cpu;
	s64 real_offset;
	unsigned long offset_at;
	struct irq_work wake;
	struct tcpstates_record nowhere;
};

DECLARE_PER_CPU_ALIGNED(struct tcps_stream_cpu, tcps_stream_cpus);

int tcps_stream_init(unsigned int records);
void tcps_stream_exit(void);

/*
 * Writers: any context but NMI and hard interrupt, with interrupts off from
 * tcps_stream_enter() to tcps_stream_leave().
 */

void tcps_stream_set_offset(struct tcps_stream_cpu *stream);
void tcps_stream_tell(struct tcps_stream_cpu *stream,
		      const struct tcpstates_record *record);

/**
 * tcps_stream_enter() - announce that a record may be written
 *
 * The caller executes a full barrier next; see A in ring.c.
 *
 * Return: this CPU's part of the stream.
 */
static inline struct tcps_stream_cpu *tcps_stream_enter(void)
{
	struct tcps_stream_cpu *stream = this_cpu_ptr(&tcps_stream_cpus);

	lockdep_assert_irqs_disabled();
	tcps_ring_enter(&stream->ring);
	return stream;
}

/**
 * tcps_stream_begin() - begin a record
 * @stream: this CPU's part, entered; no other record is begun
 * @number: receives the record's number
 *
 * Return: the slot. All members have to be written: it holds an older record.
 */
static inline struct tcpstates_record *
tcps_stream_begin(struct tcps_stream_cpu *stream, u64 *number)
{
	*number = tcps_ring_reserve(&stream->ring);
	return likely(stream->ring.slots) ?
	       tcps_ring_slot(&stream->ring, *number) : &stream->nowhere;
}

/**
 * tcps_stream_real_ns() - CLOCK_REALTIME
 * @stream: entered
 * @boot_ns: CLOCK_BOOTTIME now
 *
 * When the clock is set, records show it from the next jiffy on.
 *
 * Return: the time in ns.
 */
static inline u64 tcps_stream_real_ns(struct tcps_stream_cpu *stream,
				      u64 boot_ns)
{
	if (unlikely(jiffies - stream->offset_at))
		tcps_stream_set_offset(stream);
	return boot_ns + stream->real_offset;
}

/**
 * tcps_stream_commit() - publish a record
 * @stream: this CPU's part, entered
 * @number: number of the record, which is complete
 */
static inline void tcps_stream_commit(struct tcps_stream_cpu *stream,
				      u64 number)
{
	tcps_ring_commit(&stream->ring, number);
}

/**
 * tcps_stream_leave() - let readers continue, and report the record
 * @stream: this CPU's part, entered
 * @record: the record that has been committed, or NULL
 *
 * The caller holds no lock of the module.
 */
static inline void tcps_stream_leave(struct tcps_stream_cpu *stream,
				     const struct tcpstates_record *record)
{
	tcps_ring_leave(&stream->ring);
	/* After A: the writer's side of F and G in ring.c. */
	if (record &&
	    (unlikely(READ_ONCE(tcps_stream_waiting) == TCPS_WAIT_RECORD) ||
	     tracepoint_enabled(transition)))
		tcps_stream_tell(stream, record);
}

/* Readers. Context: process, where nothing else is said. */
extern struct tcps_ring **tcps_stream_all;
extern unsigned int tcps_stream_count;

/**
 * tcps_stream_rings() - the rings of all possible CPUs
 *
 * Context: any.
 * Return: tcps_stream_ring_count() rings, which exist until the module is unloaded.
 */
static inline struct tcps_ring *const *tcps_stream_rings(void)
{
	return tcps_stream_all;
}

/**
 * tcps_stream_ring_count() - number of rings
 *
 * Context: any.
 * Return: the number.
 */
static inline unsigned int tcps_stream_ring_count(void)
{
	return tcps_stream_count;
}

unsigned int tcps_stream_ring_records(void);
void tcps_stream_stats(struct tcpstates_stats *stats);

#endif /* _TCPS_STREAM_H */
