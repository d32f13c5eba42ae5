/* SPDX-License-Identifier: GPL-2.0 */
/* How lengths of time are distributed, in little memory however many there are. */
#ifndef _RECORDS_DIGEST_H
#define _RECORDS_DIGEST_H

#include <linux/types.h>

/*
 * Each power of two is in so many parts, so that what is told is at most a
 * sixteenth above the truth.
 */
#define DIGEST_PARTS_BITS	4
#define DIGEST_PARTS		16U
#define DIGEST_SLOTS		((65U - DIGEST_PARTS_BITS) * DIGEST_PARTS)

/**
 * struct digest - some lengths of time
 * @total: how many
 * @most: the longest
 * @counts: how many there are of each length
 */
struct digest {
	__u64 total;
	__u64 most;
	__u64 counts[DIGEST_SLOTS];
};

void digest_add(struct digest *digest, __u64 ns);
__u64 digest_at(const struct digest *digest, unsigned int percent);

#endif /* _RECORDS_DIGEST_H */
