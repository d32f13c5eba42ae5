/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The data of wake-ups: open files, groups of files with the same criteria, and
 * users. wake.c says how they are used.
 */
#ifndef _TCPS_SLEEPER_H
#define _TCPS_SLEEPER_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "match.h"

#define TCPS_WAKE_BUCKETS	16

/**
 * struct tcps_sleeper - an open file, as far as wake-ups are concerned
 * @queue: blocked readers, poll() and the like
 * @user: the user who opened it
 * @group: the files of @user with the same criteria
 * @armed: in @group's list of armed files; a file is armed from a look for
 *	records until it is woken
 * @calling: in @user's list of files with waiters to call
 * @waiters: entries of @queue that have not been called yet; under its lock
 * @armed_ns: CLOCK_BOOTTIME when it was armed; the look that follows finds all
 *	records before this time
 * @generation: number of times it has been armed
 * @is_woken: all of @queue are to be called
 * @is_settled: nothing has been found since it was armed, so @user's position
 *	does not go past a record that matches while the file stays armed
 * @has_skip_to: @skip_to is valid
 * @skip_to: for each ring the number of the first record to look at
 *
 * All but @queue and @waiters is protected by tcps_wake_lock; @skip_to, while
 * @is_settled is false, by the file's mutex.
 */
struct tcps_sleeper {
	wait_queue_head_t queue;
	struct tcps_wake_user *user;
	struct tcps_wake_group *group;
	struct list_head armed;
	struct list_head calling;
	struct list_head waiters;
	u64 armed_ns;
	u64 generation;
	bool is_woken;
	bool is_settled;
	bool has_skip_to;
	u64 *skip_to;
};

/**
 * struct tcps_wake_group - files of a user that have the same criteria
 * @node: in its user's buckets
 * @criteria: the criteria
 * @files: number of files
 * @link: in its user's groups or todo, while some of them are armed
 * @sleepers: the armed ones, in the order of armed_ns
 * @ring: index of the ring that is searched in this round
 * @to: the search in @ring has come down to this number, if @inside
 * @inside: the search in @ring has begun
 * @is_lost: records were overwritten before they were searched
 * @latest_ns: time of the latest match so far, or 0
 */
struct tcps_wake_group {
	struct hlist_node node;
	struct tcps_criteria criteria;
	unsigned int files;
	struct list_head link;
	struct list_head sleepers;
	unsigned int ring;
	u64 to;
	bool inside;
	bool is_lost;
	u64 latest_ns;
};

/**
 * struct tcps_wake_user - a user with open files
 * @node: in the table of users
 * @waiting: in the list of users that something is to be done for
 * @uid: user id in the initial user namespace
 * @is_privileged: may see all connections, and so gets a larger share of time
 * @files: number of open files
 * @group_count: number of groups in @groups and @todo
 * @groups: groups with armed files, to be searched for in the next round
 * @todo: the same, in the current round
 * @calling: files with waiters to call
 * @called: the file whose waiters are being called now, with tcps_wake_lock
 *	released; NULL if none
 * @groups_lock: protects @buckets and the numbers of files of groups
 * @buckets: all groups, by criteria
 * @in_round: a round has begun and is not over
 * @is_heavy: uses its whole share of time
 * @is_slow: interrupts do not call its waiters
 * @pass: the last pass for which a round has begun
 * @due_ns: when work for it may continue (CLOCK_MONOTONIC)
 * @spent_ns: time that work for it has taken since the last pause, less its share
 *	of the time that has gone by
 * @charged_ns: from when on that share counts (CLOCK_MONOTONIC)
 * @slow_until_ns: when it ceases to be slow (CLOCK_MONOTONIC)
 * @shown: for each ring the number of the first record that has not been
 *	searched; behind it, for each ring, where the current round ends
 */
struct tcps_wake_user {
	struct hlist_node node;
	struct list_head waiting;
	u32 uid;
	bool is_privileged;
	unsigned int files;
	unsigned int group_count;
	struct list_head groups;
	struct list_head todo;
	struct list_head calling;
	struct tcps_sleeper *called;
	spinlock_t groups_lock;	/* @buckets */
	struct hlist_head buckets[TCPS_WAKE_BUCKETS];
	bool in_round;
	bool is_heavy;
	bool is_slow;
	u64 pass;
	u64 due_ns;
	u64 spent_ns;
	u64 charged_ns;
	u64 slow_until_ns;
	u64 shown[];
};

#endif /* _TCPS_SLEEPER_H */
