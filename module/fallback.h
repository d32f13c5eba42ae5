/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is remembered of connections that have no entry in the table: sets of
 * keys in place of the entry's members. MIGRATED and those that say so are used
 * for other connections as well.
 *
 * Each key is removed by the end of its object at the latest, in a hook that is
 * attached before the hook that adds it, and detached after it. Nothing else
 * removes keys, so none is lost or left behind when the table becomes complete,
 * wherever a handler was preempted; while there are none, nothing is searched.
 *
 * Context, unless stated otherwise: any, several CPUs at once.
 */
#ifndef _TCPS_FALLBACK_H
#define _TCPS_FALLBACK_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

/* The sets, by what their keys are. */
enum tcps_fallback {
	/* Cookies of full sockets that a minisock has replaced, until CLOSE. */
	TCPS_FALLBACK_REPLACED,
	/*
	 * The same before the tracepoint is attached. Most of these sockets go
	 * to CLOSE unseen: see tcps_fallback_loaded().
	 */
	TCPS_FALLBACK_REPLACED_EARLY,
	/* Cookies of requests whose child has not taken over yet. */
	TCPS_FALLBACK_CHILD,
	/*
	 * Cookies of full sockets whose step to SYN_SENT or LISTEN has been
	 * recorded, until they leave that state.
	 */
	TCPS_FALLBACK_OPENED,
	/* Cookies of requests that have neither ended nor become a child. */
	TCPS_FALLBACK_HALF_OPEN,
	/* Minisocks in FIN_WAIT2. */
	TCPS_FALLBACK_FIN_WAIT2,
	/* Requests whose place a copy has taken; also of those with an entry. */
	TCPS_FALLBACK_MIGRATED,
	TCPS_FALLBACK_SETS,
};

/* Keys in all sets. At least the number of keys that a handler may look for. */
extern atomic_t tcps_fallback_keys;

int tcps_fallback_init(void);
void tcps_fallback_exit(void);
void tcps_fallback_loaded(void);
void tcps_fallback_add(enum tcps_fallback set, u64 key);
bool tcps_fallback_search(enum tcps_fallback set, u64 key);
bool tcps_fallback_remove(enum tcps_fallback set, u64 key);
u64 tcps_fallback_overflows(void);

/**
 * tcps_fallback_in_use() - whether there are keys
 *
 * What orders the addition of a key before its removal, a lock or a reference of
 * the object, also orders the count.
 *
 * Context: any.
 * Return: true if there are some.
 */
static __always_inline bool tcps_fallback_in_use(void)
{
	return unlikely(atomic_read(&tcps_fallback_keys));
}

/**
 * tcps_fallback_has() - search for a key
 * @set: which set
 * @key: the key
 *
 * Context: any.
 * Return: true if it is there.
 */
static __always_inline bool tcps_fallback_has(enum tcps_fallback set, u64 key)
{
	return tcps_fallback_in_use() && tcps_fallback_search(set, key);
}

/**
 * tcps_fallback_take() - remove a key
 * @set: which set
 * @key: the key
 *
 * Context: any.
 * Return: true if the key was in the set, and this call removed it.
 */
static __always_inline bool tcps_fallback_take(enum tcps_fallback set, u64 key)
{
	return tcps_fallback_in_use() && tcps_fallback_remove(set, key);
}

#endif /* _TCPS_FALLBACK_H */
