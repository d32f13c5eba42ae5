/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A round: what is new is shown to the files of one user, each distinct
 * (namespace, filter) once, and those files are woken for which something
 * passes. It is done in portions, so that each is short. When a round comes is
 * the business of wake.c, whose lock is held here throughout.
 */
#ifndef _TCPS_ROUND_H
#define _TCPS_ROUND_H

#include <linux/list.h>
#include <linux/types.h>

#include "match.h"

struct tcps_sleeper;

#define TCPS_ROUND_BUCKETS	16

/**
 * struct tcps_budget - what may be done before the lock is let go
 * @looks: records to be looked at, or files to be taken from a group
 * @calls: waiters to be woken
 * @search_ns: not a bound, but about how long the files that have been woken for
 *	a loss will search for what is left
 */
struct tcps_budget {
	unsigned int looks;
	unsigned int calls;
	u64 search_ns;
};

/**
 * struct tcps_wake_group - files of a user that want the same
 * @node: in its user's buckets
 * @wanted: what they want
 * @files: how many there are
 * @link: in its user's groups or todo while some are armed
 * @sleepers: those that are armed, in the order of armed_ns
 * @ring: the ring that is looked at in this round
 * @to: how far, in @ring, if @inside
 * @inside: whether the look has begun
 * @is_lost: records are overwritten that have not been shown
 * @latest_ns: what the look has found so far
 */
struct tcps_wake_group {
	struct hlist_node node;
	struct tcps_criteria wanted;
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
 * struct tcps_wake_user - whoever has opened files
 * @link: in the list of all of them
 * @waiting: in the list of those that something has to be done for
 * @uid: who it is, in the initial user namespace
 * @is_privileged: may see all connections, and so may cost more
 * @files: open files
 * @group_count: groups in @groups and @todo
 * @groups: that have armed files, to be shown what is new in the next round
 * @todo: likewise, in this round
 * @telling: files whose waiters are being called
 * @buckets: all groups by what they want
 * @in_round: a round has begun and is not over
 * @is_heavy: takes all of its share
 * @pass: the last pass of wake.c for which a round has begun
 * @due_ns: when work for it may go on, CLOCK_MONOTONIC
 * @spent_ns: what it has cost since
 * @shown: number of the first record, for each ring, that has not been shown;
 *	behind it, up to where this round goes
 */
struct tcps_wake_user {
	struct list_head link;
	struct list_head waiting;
	u32 uid;
	bool is_privileged;
	unsigned int files;
	unsigned int group_count;
	struct list_head groups;
	struct list_head todo;
	struct list_head telling;
	struct hlist_head buckets[TCPS_ROUND_BUCKETS];
	bool in_round;
	bool is_heavy;
	u64 pass;
	u64 due_ns;
	u64 spent_ns;
	u64 shown[];
};

/* Context: any, the lock of wake.c held. */
void tcps_round_enter(struct tcps_wake_user *user);
void tcps_round_begin(struct tcps_wake_user *user);
bool tcps_round_go_on(struct tcps_wake_user *user, struct tcps_budget *budget);
void tcps_round_wake(struct tcps_sleeper *sleeper,
		     struct tcps_budget *budget);
void tcps_round_drop(struct tcps_wake_user *user,
		     struct tcps_wake_group *group);
u64 tcps_round_woken(void);

#endif /* _TCPS_ROUND_H */
