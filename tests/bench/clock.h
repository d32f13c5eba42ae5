/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time as the number of executed instructions: under QEMU's
 * -icount shift=0 an instruction takes one nanosecond, and only idling takes
 * time without any. So busy time is what passed less what was idle.
 */
#ifndef _BENCH_CLOCK_H
#define _BENCH_CLOCK_H

/**
 * struct stamp - a point in time
 * @now: CLOCK_MONOTONIC
 * @idle: how long the processor has idled since the boot
 * @recorded: what the module has recorded, 0 if it is not loaded
 *
 * All are in nanoseconds but the last.
 */
struct stamp {
	long long now;
	long long idle;
	unsigned long long recorded;
};

/* What the stamps themselves cost is outside of what lies between them. */
void clock_begin(struct stamp *stamp);
void clock_end(struct stamp *stamp);

long long clock_busy(const struct stamp *begin, const struct stamp *end);

#endif /* _BENCH_CLOCK_H */
