/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bounded set of 64-bit keys that several CPUs change at once without a lock.
 * If two CPUs remove the same key, one of them succeeds. A key that finds no free
 * slot is counted; nothing waits.
 */
#ifndef _TCPS_KEYSET_H
#define _TCPS_KEYSET_H

#include <linux/types.h>

/**
 * struct tcps_keyset - the set
 * @slots: @mask + 1 keys, 0 is free
 * @mask: number of slots - 1, a power of two of at least TCPS_KEYSET_MIN slots
 * @overflows: keys that found no place; approximate while CPUs add at once
 */
struct tcps_keyset {
	u64 *slots;
	u64 mask;
	u64 overflows;
};

#define TCPS_KEYSET_MIN		16U

bool tcps_keyset_add(struct tcps_keyset *set, u64 key);
bool tcps_keyset_remove(struct tcps_keyset *set, u64 key);
unsigned int tcps_keyset_clear(struct tcps_keyset *set);
bool tcps_keyset_has(const struct tcps_keyset *set, u64 key);

#endif /* _TCPS_KEYSET_H */
