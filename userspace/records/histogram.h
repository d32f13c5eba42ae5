/* SPDX-License-Identifier: GPL-2.0 */
/* How lengths of time are distributed, in little memory however many there are. */
#ifndef _RECORDS_HISTOGRAM_H
#define _RECORDS_HISTOGRAM_H

#include <linux/types.h>

/*
 * Each power of two is in so many parts, so that what is told is at most a
 * sixteenth above the truth.
 */
#define HISTOGRAM_PARTS_BITS	4
#define HISTOGRAM_PARTS		16U
#define HISTOGRAM_SLOTS		((65U - HISTOGRAM_PARTS_BITS) * HISTOGRAM_PARTS)

/**
 * struct histogram - some lengths of time
 * @total: how many
 * @most: the longest
 * @counts: how many there are of each length
 */
struct histogram {
	__u64 total;
	__u64 most;
	__u64 counts[HISTOGRAM_SLOTS];
};

void histogram_add(struct histogram *histogram, __u64 ns);
__u64 histogram_percentile(const struct histogram *histogram, unsigned int percent);

#endif /* _RECORDS_HISTOGRAM_H */
