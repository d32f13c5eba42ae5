/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Visits the kernel's TCP sockets of all network namespaces: full sockets,
 * requests and minisocks, as they stand in its hashes.
 *
 * Context: process; one walk at a time.
 */
#ifndef _TCPS_WALK_H
#define _TCPS_WALK_H

#include <linux/types.h>

struct sock;

/**
 * struct tcps_walk - what a walk does
 * @visit: called for each structure, with the lock of its hash bucket held and
 *	bottom halves off
 * @rest: called every few buckets, with nothing held; may sleep. False ends the
 *	walk
 */
struct tcps_walk {
	void (*visit)(struct sock *sk);
	bool (*rest)(void);
};

int tcps_walk_begin(void);
bool tcps_walk_run(const struct tcps_walk *walk);
void tcps_walk_end(void);

/* Context: any, between tcps_walk_begin() and tcps_walk_end(). */
bool tcps_walk_has_netns(u32 netns);

#endif /* _TCPS_WALK_H */
