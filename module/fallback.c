// SPDX-License-Identifier: GPL-2.0
#include "fallback.h"

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "keyset.h"

/*
 * OPENED, HALF_OPEN and FIN_WAIT2 hold a key for each such connection, the others
 * one for each call that runs, for microseconds.
 */
static const u32 slots[TCPS_FALLBACK_SETS] = {
	[TCPS_FALLBACK_REPLACED] = 4096,
	[TCPS_FALLBACK_REPLACED_EARLY] = 4096,
	[TCPS_FALLBACK_CHILD] = 4096,
	[TCPS_FALLBACK_OPENED] = 16384,
	[TCPS_FALLBACK_HALF_OPEN] = 16384,
	[TCPS_FALLBACK_FIN_WAIT2] = 16384,
	[TCPS_FALLBACK_MIGRATED] = 4096,
};

static struct tcps_keyset sets[TCPS_FALLBACK_SETS];
atomic_t tcps_fallback_keys;

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
	int ret = 0;

	for (i = 0; i < TCPS_FALLBACK_SETS && !ret; i++)
		ret = alloc_set(&sets[i], slots[i]);
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

	for (i = 0; i < TCPS_FALLBACK_SETS; i++) {
		kvfree(sets[i].slots);
		sets[i].slots = NULL;
	}
}

/**
 * tcps_fallback_add() - add a key, if it is not there
 * @set: which set
 * @key: the key
 *
 * A key for which there is no room is counted, see tcps_fallback_overflows(). If two
 * CPUs add the same key at once it may be there twice.
 *
 * Context: any.
 */
void tcps_fallback_add(enum tcps_fallback set, u64 key)
{
	if (tcps_keyset_has(&sets[set], key))
		return;
	/* Counted before it is there: a key that is there can be found. */
	atomic_inc(&tcps_fallback_keys);
	if (!tcps_keyset_add(&sets[set], key))
		atomic_dec(&tcps_fallback_keys);
}

/**
 * tcps_fallback_search() - tcps_fallback_has() if there are keys at all
 * @set: which set
 * @key: the key
 *
 * Context: any.
 * Return: true if it is there.
 */
bool tcps_fallback_search(enum tcps_fallback set, u64 key)
{
	return tcps_keyset_has(&sets[set], key);
}

/**
 * tcps_fallback_remove() - tcps_fallback_take() if there are keys at all
 * @set: which set
 * @key: the key; removed as often as it is there
 *
 * Context: any.
 * Return: true if it was there, and this call removed it.
 */
bool tcps_fallback_remove(enum tcps_fallback set, u64 key)
{
	int removed = 0;

	while (tcps_keyset_remove(&sets[set], key))
		removed++;
	if (!removed)
		return false;
	atomic_sub(removed, &tcps_fallback_keys);
	return true;
}

/**
 * tcps_fallback_loaded() - remove the keys of TCPS_FALLBACK_REPLACED_EARLY
 *
 * A socket that was replaced before the tracepoint was attached is in this set. If
 * it went to CLOSE before as well, which follows at once, its key would stay. To
 * be called some time after the tracepoint was attached, so that sockets that
 * were between the two at that moment have passed the second. Handlers may remove
 * the same keys at the same time.
 *
 * Context: process.
 */
void tcps_fallback_loaded(void)
{
	atomic_sub(tcps_keyset_clear(&sets[TCPS_FALLBACK_REPLACED_EARLY]),
		   &tcps_fallback_keys);
}

/**
 * tcps_fallback_overflows() - count the keys for which there was no room
 *
 * Context: any.
 * Return: the number since loading, approximate while CPUs add at once.
 */
u64 tcps_fallback_overflows(void)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < TCPS_FALLBACK_SETS; i++)
		sum += READ_ONCE(sets[i].overflows);
	return sum;
}
