// SPDX-License-Identifier: GPL-2.0
/* How lengths of time are distributed. */
#include "records/digest.h"

/* The highest bits of a value say where it is counted. */
static unsigned int slot_of(__u64 ns)
{
	unsigned int shift;

	if (ns < DIGEST_PARTS)
		return ns;
	shift = 63 - __builtin_clzll(ns) - DIGEST_PARTS_BITS;
	return (shift + 1) * DIGEST_PARTS + (ns >> shift) - DIGEST_PARTS;
}

/* The largest value that is counted there. */
static __u64 end_of_slot(unsigned int slot)
{
	unsigned int shift;

	if (slot < DIGEST_PARTS)
		return slot;
	shift = slot / DIGEST_PARTS - 1;
	return ((slot % DIGEST_PARTS + DIGEST_PARTS + 1ULL) << shift) - 1;
}

/** digest_add() - count one */
void digest_add(struct digest *digest, __u64 ns)
{
	digest->counts[slot_of(ns)]++;
	digest->total++;
	if (ns > digest->most)
		digest->most = ns;
}

/**
 * digest_at() - how long it took for the quickest of them
 * @digest: the lengths, at least one
 * @percent: how many of a hundred, from 1 to 100
 *
 * Return: nanoseconds, at most a sixteenth above the truth, and never above the
 * longest.
 */
__u64 digest_at(const struct digest *digest, unsigned int percent)
{
	__u64 wanted = (digest->total * percent + 99) / 100, seen = 0;
	unsigned int i;

	for (i = 0; i < DIGEST_SLOTS; i++) {
		seen += digest->counts[i];
		if (seen >= wanted)
			break;
	}
	if (i == DIGEST_SLOTS || end_of_slot(i) > digest->most)
		return digest->most;
	return end_of_slot(i);
}
