// SPDX-License-Identifier: GPL-2.0
/* A histogram of lengths of time. */
#include "records/histogram.h"

/* The slot of a value: its highest bit, and the four bits below it. */
static unsigned int slot_of(__u64 ns)
{
	unsigned int shift;

	if (ns < HISTOGRAM_PARTS)
		return ns;
	shift = 63 - __builtin_clzll(ns) - HISTOGRAM_PARTS_BITS;
	return (shift + 1) * HISTOGRAM_PARTS + (ns >> shift) - HISTOGRAM_PARTS;
}

/* The largest value of a slot. */
static __u64 end_of_slot(unsigned int slot)
{
	unsigned int shift;

	if (slot < HISTOGRAM_PARTS)
		return slot;
	shift = slot / HISTOGRAM_PARTS - 1;
	return ((slot % HISTOGRAM_PARTS + HISTOGRAM_PARTS + 1ULL) << shift) - 1;
}

/** histogram_add() - count a value */
void histogram_add(struct histogram *histogram, __u64 ns)
{
	histogram->counts[slot_of(ns)]++;
	histogram->total++;
	if (ns > histogram->most)
		histogram->most = ns;
}

/**
 * histogram_percentile() - how long it took for the quickest of them
 * @histogram: the lengths, at least one
 * @percent: how many of a hundred, from 1 to 100
 *
 * Return: nanoseconds, at most a sixteenth above the truth, and never above the
 * longest.
 */
__u64 histogram_percentile(const struct histogram *histogram, unsigned int percent)
{
	__u64 wanted = (histogram->total * percent + 99) / 100, seen = 0;
	unsigned int i;

	for (i = 0; i < HISTOGRAM_SLOTS; i++) {
		seen += histogram->counts[i];
		if (seen >= wanted)
			break;
	}
	if (i == HISTOGRAM_SLOTS || end_of_slot(i) > histogram->most)
		return histogram->most;
	return end_of_slot(i);
}
