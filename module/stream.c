// SPDX-License-Identifier: GPL-2.0
/*
 * A record is written with interrupts off on one CPU, from begin to commit. So
 * each ring has one writer at a time, whatever context the transition comes from
 * (process, softirq, a softirq that interrupts a process, all preemptible on RT),
 * and the times in a ring never go backwards.
 */
#include "stream.h"

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Default number of records for all CPUs, and for one; see choose_records(). */
#define ALL_RECORDS	524288U
#define MOST_RECORDS	131072U
#define LEAST_RECORDS	16384U
#define SCARCE_RECORDS	1024U
#define MEMORY_SHARE	64

DEFINE_PER_CPU_ALIGNED(struct tcps_stream_cpu, tcps_stream_cpus);

struct tcps_ring **tcps_stream_all;	/* one for each possible CPU */
unsigned int tcps_stream_count;
static unsigned int ring_records;
static enum cpuhp_state hotplug_state;

unsigned int tcps_stream_batch_us = 1000;
enum tcps_stream_wait tcps_stream_waiting __read_mostly;

/*
 * Memory for a CPU that comes up. Without it, the CPU's records count as lost. There
 * is no second attempt when the CPU comes up again: the slots of its past numbers
 * would never have been written.
 */
static int prepare_cpu(unsigned int cpu)
{
	struct tcps_ring *ring = &per_cpu(tcps_stream_cpus, cpu).ring;
	struct tcpstates_record *slots = NULL;

	if (ring->slots)
		return 0;
	if (!ring->shared->reserved)
		slots = vzalloc_node(array_size(ring_records, sizeof(*slots)),
				     cpu_to_node(cpu));
	if (slots)
		tcps_ring_give_slots(ring, slots);
	else
		pr_warn("no memory for the ring of CPU %u: what it records is lost\n",
			cpu);
	return 0;
}

static void free_rings(void)
{
	unsigned int i;

	for (i = 0; i < tcps_stream_count; i++) {
		vfree(tcps_stream_all[i]->slots);
		free_page((unsigned long)tcps_stream_all[i]->shared);
	}
	kfree(tcps_stream_all);
}

/* The counters of all possible CPUs, each in a page of its own for mmap(). */
static int make_rings(void)
{
	unsigned int cpu;

	tcps_stream_all = kcalloc(num_possible_cpus(), sizeof(*tcps_stream_all), GFP_KERNEL);
	if (!tcps_stream_all)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct tcps_stream_cpu *stream = per_cpu_ptr(&tcps_stream_cpus,
							     cpu);

		stream->cpu = cpu;
		stream->offset_at = jiffies - 1;
		stream->ring.mask = ring_records - 1;
		stream->ring.shared = (void *)get_zeroed_page(GFP_KERNEL);
		if (!stream->ring.shared)
			goto err_free_rings;
		tcps_stream_all[tcps_stream_count++] = &stream->ring;
	}
	return 0;

err_free_rings:
	free_rings();
	return -ENOMEM;
}

/*
 * Room for a burst of connections that readers are slow to read, on all CPUs
 * together, and on a single one if there are few; but not more memory than the
 * machine can spare.
 */
static unsigned int choose_records(void)
{
	u64 spare = ((u64)totalram_pages() << PAGE_SHIFT) / MEMORY_SHARE;
	unsigned int cpus = num_online_cpus();
	unsigned int records;

	records = clamp(ALL_RECORDS / cpus, LEAST_RECORDS, MOST_RECORDS);
	records = rounddown_pow_of_two(records);
	while (records > SCARCE_RECORDS &&
	       (u64)records * cpus * sizeof(struct tcpstates_record) > spare)
		records /= 2;
	return records;
}

/**
 * tcps_stream_init() - allocate the rings
 * @records: records in each ring, rounded up to a power of two; 0 chooses
 *
 * Context: process, before anything is recorded.
 * Return: 0; -EINVAL if @records is out of range; -ENOMEM, or an error of
 * cpuhp_setup_state().
 */
int tcps_stream_init(unsigned int records)
{
	unsigned int cpu;
	int ret;

	if (!records)
		records = choose_records();
	if (records < TCPS_STREAM_RECORDS_MIN ||
	    records > TCPS_STREAM_RECORDS_MAX) {
		pr_err("ring_records=%u: must be 0 or %u to %u\n", records,
		       TCPS_STREAM_RECORDS_MIN, TCPS_STREAM_RECORDS_MAX);
		return -EINVAL;
	}
	ring_records = roundup_pow_of_two(records);
	ret = make_rings();
	if (ret)
		return ret;
	ret = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "tcpstates:ring",
				prepare_cpu, NULL);
	if (ret < 0)
		goto err_free_rings;
	hotplug_state = ret;
	/*
	 * Some kernels forget the CPUs that are up already (5.10 does). Drop
	 * when the minimum is 6.10.
	 */
	cpus_read_lock();
	for_each_online_cpu(cpu)
		prepare_cpu(cpu);
	cpus_read_unlock();
	return 0;

err_free_rings:
	free_rings();
	return ret;
}

/**
 * tcps_stream_exit() - free the rings
 *
 * Context: process; nothing is recorded, and no file is open.
 */
void tcps_stream_exit(void)
{
	cpuhp_remove_state(hotplug_state);
	free_rings();
}

/**
 * tcps_stream_set_offset() - compute CLOCK_REALTIME - CLOCK_BOOTTIME
 * @stream: this CPU's part
 *
 * Context: interrupts off.
 */
void tcps_stream_set_offset(struct tcps_stream_cpu *stream)
{
	stream->offset_at = jiffies;
	stream->real_offset =
		ktime_to_ns(ktime_mono_to_any(0, TK_OFFS_REAL)) -
		ktime_to_ns(ktime_mono_to_any(0, TK_OFFS_BOOT));
}

/**
 * tcps_stream_tell() - report a record to tracers, and to wake_pass.c if it waits
 * @stream: this CPU's part
 * @record: the record, which is published
 *
 * Context: process or softirq, interrupts off; any locks may be held but those of
 * the module.
 */
void tcps_stream_tell(struct tcps_stream_cpu *stream,
		      const struct tcpstates_record *record)
{
	/* The trace event covers transitions only. */
	if (record->event == TCPSTATES_EVENT_TRANSITION)
		trace_transition(record);
	/* One CPU does it, or all would contend for tcps_wake_lock. */
	if (READ_ONCE(tcps_stream_waiting) == TCPS_WAIT_RECORD &&
	    cmpxchg(&tcps_stream_waiting, TCPS_WAIT_RECORD,
		    TCPS_WAIT_CLAIMED) == TCPS_WAIT_RECORD)
		irq_work_queue(&stream->wake);
}

/**
 * tcps_stream_ring_records() - size of a ring
 *
 * Context: any.
 * Return: the number of records that a ring holds.
 */
unsigned int tcps_stream_ring_records(void)
{
	return ring_records;
}

/**
 * tcps_stream_stats() - fill in the statistics of the rings
 * @stats: recorded, overwritten and ring_bytes are written
 *
 * Context: process.
 */
void tcps_stream_stats(struct tcpstates_stats *stats)
{
	unsigned int i;

	for (i = 0; i < tcps_stream_count; i++) {
		const struct tcps_ring *ring = tcps_stream_all[i];

		stats->recorded += READ_ONCE(ring->shared->head);
		stats->overwritten += tcps_ring_oldest(ring);
		if (tcps_ring_has_slots(ring))
			stats->ring_bytes += (u64)ring_records *
					     sizeof(*ring->slots);
	}
}
