/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wake-ups: where readers sleep, and who wakes them. Each open file has a
 * queue of its own, and is woken when a record comes that passes its filter and
 * namespace. It knows files as sleepers, not what they are.
 *
 * Context: process, where nothing else is said.
 */
#ifndef _TCPS_WAKE_H
#define _TCPS_WAKE_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "uapi/tcpstates.h"

struct tcps_reader;
struct tcps_wake_group;
struct tcps_wake_user;

/**
 * struct tcps_sleeper - an open file, as far as it is to be woken
 * @queue: who waits for it: blocked readers, poll() and its like
 * @user: who opened it
 * @group: of those files of @user that want the same
 * @armed: in @group's sleepers, from when somebody looks whether the file has
 *	anything until it has been woken
 * @telling: in @user's telling, until all of @waiters have been called
 * @waiters: entries of @queue that have not been called yet; under its lock
 * @armed_ns: CLOCK_BOOTTIME when it was armed: records before it are seen by
 *	the look that follows
 * @generation: how often it has been armed
 * @is_settled: nothing was found since it was armed last: so whatever comes
 *	from then on is examined before @user's position goes past it
 * @has_passed: @passed is filled in
 * @passed: number of the record, for each ring, up to which the file need not
 *	look
 *
 * All but @queue and @waiters is under the lock in wake.c.
 */
struct tcps_sleeper {
	wait_queue_head_t queue;
	struct tcps_wake_user *user;
	struct tcps_wake_group *group;
	struct list_head armed;
	struct list_head telling;
	struct list_head waiters;
	u64 armed_ns;
	u64 generation;
	bool is_settled;
	bool has_passed;
	u64 *passed;
};

int tcps_wake_init(void);
void tcps_wake_exit(void);

int tcps_wake_add(struct tcps_sleeper *sleeper, u32 uid, u32 netns);
void tcps_wake_remove(struct tcps_sleeper *sleeper);
int tcps_wake_choose(struct tcps_sleeper *sleeper, u32 netns,
		     const struct tcpstates_filter *filter);

void tcps_wake_arm(struct tcps_sleeper *sleeper);
u64 tcps_wake_look(struct tcps_sleeper *sleeper, struct tcps_reader *reader);
void tcps_wake_settle(struct tcps_sleeper *sleeper, u64 generation);
void tcps_wake_rouse(struct tcps_sleeper *sleeper);

u64 tcps_wake_count(void);

#endif /* _TCPS_WAKE_H */
