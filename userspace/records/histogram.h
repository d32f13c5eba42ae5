/* SPDX-License-Identifier: GPL-2.0 */
/* A histogram of lengths of time, with a bounded relative error. */
#ifndef _RECORDS_HISTOGRAM_H
#define _RECORDS_HISTOGRAM_H

#include <linux/types.h>

/*
 * Each power of two is divided into 16 slots: a percentile is at most 1/16 too
 * high.
 */
#define HISTOGRAM_PARTS_BITS	4
#define HISTOGRAM_PARTS		16U
#define HISTOGRAM_SLOTS		((65U - HISTOGRAM_PARTS_BITS) * HISTOGRAM_PARTS)

/**
 * struct histogram - the distribution of some lengths of time
 * @total: number of values
 * @most: the largest value
 * @counts: number of values in each slot
 */
struct histogram {
	__u64 total;
	__u64 most;
	__u64 counts[HISTOGRAM_SLOTS];
};

void histogram_add(struct histogram *histogram, __u64 ns);
__u64 histogram_percentile(const struct histogram *histogram, unsigned int percent);

#endif /* _RECORDS_HISTOGRAM_H */
