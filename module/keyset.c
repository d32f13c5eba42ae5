// SPDX-License-Identifier: GPL-2.0
/*
 * A key lives in one of TCPS_KEYSET_MIN slots after its hash (two cache lines),
 * and every search looks at all of them; so a removal leaves no tombstone.
 *
 * cmpxchg() orders fully. Callers order a key against their own data by the
 * locks of the kernel object that the key stands for.
 */
#include "keyset.h"

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/hash.h>

static u64 first_slot(u64 key)
{
	return hash_64(key, 32);
}

/**
 * tcps_keyset_add() - put a key in
 * @set: the set
 * @key: not 0, and not in the set
 *
 * Context: any.
 * Return: false if there is no place for it.
 */
bool tcps_keyset_add(struct tcps_keyset *set, u64 key)
{
	u64 first = first_slot(key);
	unsigned int i;

	for (i = 0; i < TCPS_KEYSET_MIN; i++) {
		u64 *slot = &set->slots[(first + i) & set->mask];

		if (!READ_ONCE(*slot) && !cmpxchg(slot, 0ULL, key))
			return true;
	}
	WRITE_ONCE(set->overflows, READ_ONCE(set->overflows) + 1);
	return false;
}

/**
 * tcps_keyset_remove() - take a key out
 * @set: the set
 * @key: not 0
 *
 * Context: any.
 * Return: true if this call took it out.
 */
bool tcps_keyset_remove(struct tcps_keyset *set, u64 key)
{
	u64 first = first_slot(key);
	unsigned int i;

	for (i = 0; i < TCPS_KEYSET_MIN; i++) {
		u64 *slot = &set->slots[(first + i) & set->mask];

		if (READ_ONCE(*slot) == key && cmpxchg(slot, key, 0ULL) == key)
			return true;
	}
	return false;
}

/**
 * tcps_keyset_has() - whether a key is in
 * @set: the set
 * @key: not 0
 *
 * Context: any.
 * Return: true if it was there at some moment during the call.
 */
bool tcps_keyset_has(const struct tcps_keyset *set, u64 key)
{
	u64 first = first_slot(key);
	unsigned int i;

	for (i = 0; i < TCPS_KEYSET_MIN; i++)
		if (READ_ONCE(set->slots[(first + i) & set->mask]) == key)
			return true;
	return false;
}

/**
 * tcps_keyset_clear() - take all keys out
 * @set: the set
 *
 * A key that is put in meanwhile may stay.
 *
 * Context: any; others may remove the same keys at the same time.
 * Return: how many keys this call took out.
 */
unsigned int tcps_keyset_clear(struct tcps_keyset *set)
{
	unsigned int cleared = 0;
	u64 i;

	for (i = 0; i <= set->mask; i++) {
		u64 key = READ_ONCE(set->slots[i]);

		if (key && cmpxchg(&set->slots[i], key, 0ULL) == key)
			cleared++;
	}
	return cleared;
}
