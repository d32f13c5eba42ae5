// SPDX-License-Identifier: GPL-2.0
#include "fallback.h"

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "conn.h"
#include "keyset.h"

/*
 * HALF_OPEN and FIN_WAIT2 hold a key for each such connection, the others one
 * for each call that runs, for microseconds.
 */
static const u32 slots[TCPS_FALLBACK_SETS] = {
	[TCPS_FALLBACK_REPLACED] = 4096,
	[TCPS_FALLBACK_CHILD] = 4096,
	[TCPS_FALLBACK_BOUND] = 1024,
	[TCPS_FALLBACK_HALF_OPEN] = 16384,
	[TCPS_FALLBACK_FIN_WAIT2] = 16384,
};

#define MIGRATED_SLOTS	4096

struct tcps_keyset tcps_fallback_sets[TCPS_FALLBACK_SETS];
bool tcps_fallback_used;

/* Requests of which a copy has taken the place: also of those with an entry. */
static struct tcps_keyset migrated;
atomic_t tcps_fallback_migrated;	/* keys in @migrated */

static int alloc_set(struct tcps_keyset *set, u32 size)
{
	set->slots = kvcalloc(size, sizeof(*set->slots), GFP_KERNEL);
	set->mask = size - 1;
	return set->slots ? 0 : -ENOMEM;
}

/**
 * tcps_fallback_init() - allocate the sets
 *
 * Context: process, before any hook is attached.
 * Return: 0 or -ENOMEM.
 */
int tcps_fallback_init(void)
{
	unsigned int i;
	int ret;

	ret = alloc_set(&migrated, MIGRATED_SLOTS);
	for (i = 0; i < TCPS_FALLBACK_SETS && !ret; i++)
		ret = alloc_set(&tcps_fallback_sets[i], slots[i]);
	if (ret)
		tcps_fallback_exit();
	return ret;
}

/**
 * tcps_fallback_exit() - free the sets
 *
 * Context: process, after all hooks are detached.
 */
void tcps_fallback_exit(void)
{
	unsigned int i;

	for (i = 0; i < TCPS_FALLBACK_SETS; i++)
		kvfree(tcps_fallback_sets[i].slots);
	kvfree(migrated.slots);
}

/**
 * tcps_fallback_add() - add a key, if it is not there
 * @set: which set
 * @key: the key
 *
 * A key for which there is no room is counted, see tcps_fallback_overflows().
 *
 * Context: any.
 */
void tcps_fallback_add(enum tcps_fallback set, u64 key)
{
	struct tcps_keyset *keys = &tcps_fallback_sets[set];

	WRITE_ONCE(tcps_fallback_used, true);
	if (!tcps_keyset_has(keys, key))
		tcps_keyset_add(keys, key);
}

/**
 * tcps_fallback_has() - search for a key
 * @set: which set
 * @key: the key
 *
 * Context: any.
 * Return: true if it is there.
 */
bool tcps_fallback_has(enum tcps_fallback set, u64 key)
{
	return tcps_fallback_in_use() &&
	       tcps_keyset_has(&tcps_fallback_sets[set], key);
}

/**
 * tcps_fallback_add_migrated() - note that a copy takes a request's place
 * @req: the request
 *
 * Context: any.
 */
void tcps_fallback_add_migrated(const void *req)
{
	if (tcps_keyset_add(&migrated, (unsigned long)req))
		atomic_inc(&tcps_fallback_migrated);
}

/**
 * tcps_fallback_remove_migrated() - tcps_fallback_take_migrated() if there are any
 * @req: the request, at its end
 *
 * Context: any.
 * Return: true if it was there.
 */
bool tcps_fallback_remove_migrated(const void *req)
{
	if (!tcps_keyset_remove(&migrated, (unsigned long)req))
		return false;
	atomic_dec(&tcps_fallback_migrated);
	return true;
}

static void empty_set(struct tcps_keyset *set)
{
	memset(set->slots, 0, (set->mask + 1) * sizeof(*set->slots));
}

/**
 * tcps_fallback_learned() - empty the sets: every connection has an entry
 *
 * Nothing happens if there was no memory for some entry. To be called some time
 * after the table became complete: calls that were running then still use the
 * sets.
 *
 * Context: process; one call at a time.
 */
void tcps_fallback_learned(void)
{
	unsigned int i;

	if (tcps_conn_short())
		return;
	WRITE_ONCE(tcps_fallback_used, false);
	/* Wait for handlers that still read tcps_fallback_used as true. */
	synchronize_rcu();
	if (tcps_fallback_in_use())
		return;
	for (i = 0; i < TCPS_FALLBACK_SETS; i++)
		empty_set(&tcps_fallback_sets[i]);
}

/**
 * tcps_fallback_overflows() - count the keys for which there was no room
 *
 * Context: any.
 * Return: the number since loading, approximate while CPUs add at once.
 */
u64 tcps_fallback_overflows(void)
{
	u64 sum = READ_ONCE(migrated.overflows);
	unsigned int i;

	for (i = 0; i < TCPS_FALLBACK_SETS; i++)
		sum += READ_ONCE(tcps_fallback_sets[i].overflows);
	return sum;
}
