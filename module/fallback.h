/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is remembered of connections that have no entry in the table: sets of
 * keys in place of the entry's members. They are used from the first such
 * connection on, and while the connections older than the module are learned.
 *
 * Each key is removed by the end of its object at the latest, in a hook that is
 * attached before the hook that adds it, and detached after it.
 *
 * Context of adding and taking: any, several CPUs at once.
 */
#ifndef _TCPS_FALLBACK_H
#define _TCPS_FALLBACK_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include "keyset.h"

/* The sets, by what their keys are. */
enum tcps_fallback {
	/* Cookies of full sockets that a minisock has replaced, until CLOSE. */
	TCPS_FALLBACK_REPLACED,
	/* Cookies of requests whose child has not taken over yet. */
	TCPS_FALLBACK_CHILD,
	/*
	 * Sockets that were bound before connect() or listen(), until that has
	 * passed the point at which others choose their port.
	 */
	TCPS_FALLBACK_BOUND,
	/* Cookies of requests that have neither ended nor become a child. */
	TCPS_FALLBACK_HALF_OPEN,
	/* Minisocks in FIN_WAIT2. */
	TCPS_FALLBACK_FIN_WAIT2,
	TCPS_FALLBACK_SETS,
};

extern struct tcps_keyset tcps_fallback_sets[TCPS_FALLBACK_SETS];
extern bool tcps_fallback_used;
extern atomic_t tcps_fallback_migrated;

struct tcpstates_stats;

int tcps_fallback_init(void);
void tcps_fallback_exit(void);
void tcps_fallback_add(enum tcps_fallback set, u64 key);
bool tcps_fallback_has(enum tcps_fallback set, u64 key);
void tcps_fallback_learned(void);
u64 tcps_fallback_overflows(void);

void tcps_fallback_add_migrated(const void *req);
bool tcps_fallback_remove_migrated(const void *req);

/**
 * tcps_fallback_in_use() - whether the sets hold keys, or did
 *
 * Context: any.
 * Return: true if hooks search them.
 */
static inline bool tcps_fallback_in_use(void)
{
	return READ_ONCE(tcps_fallback_used);
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
	return unlikely(tcps_fallback_in_use()) &&
	       tcps_keyset_remove(&tcps_fallback_sets[set], key);
}

/**
 * tcps_fallback_take_migrated() - whether a copy of a request lives on
 * @req: the request, at its end
 *
 * Context: any.
 * Return: true for the first call after tcps_fallback_add_migrated(@req).
 */
static __always_inline bool tcps_fallback_take_migrated(const void *req)
{
	return unlikely(atomic_read(&tcps_fallback_migrated)) &&
	       tcps_fallback_remove_migrated(req);
}

#endif /* _TCPS_FALLBACK_H */
