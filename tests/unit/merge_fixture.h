/* SPDX-License-Identifier: GPL-2.0 */
/* Rings to write to and a merge of them, for the tests of merges. */
#ifndef _TCPS_MERGE_FIXTURE_H
#define _TCPS_MERGE_FIXTURE_H

#include "unit.h"

#include <linux/ktime.h>
#include <linux/sched.h>

#include "merge.h"

#define RINGS	3
#define SLOTS	16
#define NETNS	7U

/* 0: the real clock, for tests with threads. */
static u64 now = 1;

u64 ktime_get_boottime_ns(void)
{
	struct timespec time;

	if (now)
		return now;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

u64 ktime_get_real_ns(void)
{
	return ktime_get_boottime_ns() + SHIM_REAL_OFFSET;
}

struct bench {
	struct tcps_ring *rings[RINGS];
	struct tcps_merge *merge;
};

static inline struct tcps_merge *new_merge(const struct bench *bench, u32 netns)
{
	struct tcps_merge *merge = malloc(tcps_merge_size(RINGS));

	must(merge);
	tcps_merge_init(merge, bench->rings, RINGS, netns, 0);
	return merge;
}

static inline void set_up(struct bench *bench, u64 slots, u64 first)
{
	unsigned int i;

	now = 1;
	for (i = 0; i < RINGS; i++)
		bench->rings[i] = make_ring(slots, first);
	bench->merge = new_merge(bench, 0);
}

static inline void tear_down(struct bench *bench)
{
	unsigned int i;

	free(bench->merge);
	for (i = 0; i < RINGS; i++)
		free_ring(bench->rings[i]);
}

static inline void put_record(struct bench *bench, unsigned int cpu, u64 boot_ns,
			      u32 netns)
{
	struct tcps_ring *ring = bench->rings[cpu];
	struct tcpstates_record record = {
		.size = sizeof(record),
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.old_state = TCPSTATES_LISTEN,
		.new_state = TCPSTATES_SYN_RECV,
		.boot_ns = boot_ns,
		.real_ns = boot_ns + 1000,
		.netns = netns,
		.cpu = cpu,
	};

	record.seq = begin_record(ring);
	write_slot(ring, record.seq, &record);
	end_record(ring, record.seq);
	if (now && now < boot_ns)
		now = boot_ns;
}

static inline void put(struct bench *bench, unsigned int cpu, u64 boot_ns)
{
	put_record(bench, cpu, boot_ns, NETNS);
}

static inline void put_many(struct bench *bench, unsigned int cpu, u64 boot_ns,
			    unsigned int count)
{
	while (count--)
		put(bench, cpu, boot_ns++);
}

static inline void expect(struct bench *bench, unsigned int cpu, u64 boot_ns)
{
	struct tcpstates_record record;

	assert_true(tcps_merge_next(bench->merge, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_TRANSITION);
	assert_int_equal(record.boot_ns, boot_ns);
	assert_int_equal(record.cpu, cpu);
}

/* Returns the time of the loss. */
static inline u64 expect_lost(struct bench *bench, u64 count)
{
	struct tcpstates_record record, expected;

	assert_true(tcps_merge_next(bench->merge, &record));
	memset(&expected, 0, sizeof(expected));
	expected.size = sizeof(expected);
	expected.version = TCPSTATES_ABI_VERSION;
	expected.event = TCPSTATES_EVENT_LOST;
	expected.boot_ns = record.boot_ns;
	expected.real_ns = record.boot_ns + 1000;
	expected.count = count;
	assert_memory_equal(&record, &expected, sizeof(expected));
	return record.boot_ns;
}

static inline void expect_end(struct bench *bench)
{
	struct tcpstates_record record;

	assert_false(tcps_merge_next(bench->merge, &record));
}

/*
 * Reads to the end; no record may be earlier than the one before. Returns the
 * number of records, and adds losses to @lost.
 */
static inline u64 drain(struct bench *bench, u64 *lost)
{
	struct tcpstates_record record;
	u64 received = 0, last_ns = 0;

	while (tcps_merge_next(bench->merge, &record)) {
		assert_true(record.boot_ns >= last_ns);
		last_ns = record.boot_ns;
		if (record.event == TCPSTATES_EVENT_LOST)
			*lost += record.count;
		else
			received++;
	}
	return received;
}

static struct bench *slow_bench;
static unsigned int slow;
static u64 meanwhile_ns;

/* What happens while the reader waits for ring @slow, which has been entered. */
static inline void write_and_leave(void)
{
	shim_resched = NULL;
	put(slow_bench, (slow + 1) % RINGS, meanwhile_ns + 1);
	put(slow_bench, (slow + 2) % RINGS, meanwhile_ns);
	tcps_ring_leave(slow_bench->rings[slow]);
}

static inline void enter_slowly(struct bench *bench, unsigned int cpu, u64 boot_ns)
{
	slow_bench = bench;
	slow = cpu;
	meanwhile_ns = boot_ns;
	tcps_ring_enter(bench->rings[cpu]);
	shim_resched = write_and_leave;
}

#endif /* _TCPS_MERGE_FIXTURE_H */
