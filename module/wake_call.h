/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls of those who wait for a file: blocked readers, poll(), epoll instances.
 *
 * Context: any, with tcps_wake_lock held and interrupts off.
 */
#ifndef _TCPS_WAKE_CALL_H
#define _TCPS_WAKE_CALL_H

#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/types.h>

struct tcps_sleeper;
struct tcps_wake_user;

/* A call that takes longer is not made in an interrupt again. */
#define TCPS_WAKE_LONG_NS	(20 * NSEC_PER_USEC)

/**
 * struct tcps_budget - what may be done in one portion
 * @looks: records to look at, or files to take from a group
 * @calls: waiters to call
 * @may_wait: for the lock of a file's queue; false in interrupts
 * @search_ns: no limit, but an estimate of how long the files that were woken
 *	for a loss will search for what is left
 * @calls_ns: how long calls have taken that may wake others in turn; none
 *	follows after TCPS_WAKE_LONG_NS
 * @longest_ns: the longest of these
 */
struct tcps_budget {
	unsigned int looks;
	unsigned int calls;
	bool may_wait;
	u64 search_ns;
	u64 calls_ns;
	u64 longest_ns;
};

/*
 * Protects sleepers, groups and users, and changes of tcps_stream_waiting. Taken
 * in hard interrupts, so no waiter is called with it held.
 */
extern spinlock_t tcps_wake_lock;

void tcps_wake_call_add(struct tcps_sleeper *sleeper);
bool tcps_wake_call_all(struct tcps_wake_user *user,
			struct tcps_budget *budget);
void tcps_wake_call_remove(struct tcps_sleeper *sleeper);

#endif /* _TCPS_WAKE_CALL_H */
