// SPDX-License-Identifier: GPL-2.0
/*
 * A user's position goes past a record when all of his groups that had an armed
 * file have been shown it. So a file that sleeps on need not look at it either,
 * and is not told of a loss if it is overwritten meanwhile: that is what
 * tcps_sleeper.passed is for.
 *
 * A file that is armed during a round looks at the rings afterwards. What it does
 * not see then was not complete when it was armed, hence lies behind where the
 * round goes.
 */
#include "round.h"

#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "ring.h"
#include "stream.h"
#include "wake.h"

/* What a reader takes for a record that it does not want, about. */
#define SEARCH_NS	64
/* No more than that: a reader is slow, and not his user for ever. */
#define SEARCH_NS_MOST	(50ULL * NSEC_PER_MSEC)
/* Rings without news that cost as much as a look at a record. */
#define RINGS_A_LOOK	16

static u64 woken;	/* files, since the module was loaded */

static u64 *goal(struct tcps_wake_user *user)
{
	return user->shown + tcps_stream_ring_count();
}

/**
 * tcps_round_enter() - a user has armed files again
 * @user: who; had none
 *
 * Their looks at the rings are still to come, and see all that is complete.
 *
 * Context: any, the lock of wake.c held.
 */
void tcps_round_enter(struct tcps_wake_user *user)
{
	unsigned int i;

	for (i = 0; i < tcps_stream_ring_count(); i++)
		user->shown[i] = tcps_ring_head(tcps_stream_rings()[i]);
}

/**
 * tcps_round_begin() - begin to show a user's groups what is new now
 * @user: who; the last round is over
 *
 * Context: any, the lock of wake.c held.
 */
void tcps_round_begin(struct tcps_wake_user *user)
{
	bool is_new = false;
	unsigned int i;

	for (i = 0; i < tcps_stream_ring_count(); i++) {
		goal(user)[i] = tcps_ring_head(tcps_stream_rings()[i]);
		is_new |= goal(user)[i] != user->shown[i];
	}
	if (!is_new)
		return;
	user->in_round = true;
	list_splice_tail_init(&user->groups, &user->todo);
}

static void end_round(struct tcps_wake_user *user)
{
	memcpy(user->shown, goal(user),
	       tcps_stream_ring_count() * sizeof(*user->shown));
	user->in_round = false;
}

/**
 * tcps_round_drop() - a group has no armed file any more
 * @user: whose
 * @group: the group
 *
 * Context: any, the lock of wake.c held.
 */
void tcps_round_drop(struct tcps_wake_user *user,
		     struct tcps_wake_group *group)
{
	if (list_empty(&group->link))
		return;
	list_del_init(&group->link);
	user->group_count--;
	group->ring = 0;
	group->inside = false;
	group->is_lost = false;
	group->latest_ns = 0;
}

/* The group has been shown all of this round. */
static void pass_group(struct tcps_wake_user *user,
		       struct tcps_wake_group *group)
{
	tcps_round_drop(user, group);
	if (list_empty(&group->sleepers))
		return;
	list_add_tail(&group->link, &user->groups);
	user->group_count++;
}

/*
 * Call a waiter. All of them are: each one sees its own records
 * (EPOLLEXCLUSIVE). It may take itself off the list.
 */
static void call(wait_queue_entry_t *entry, struct tcps_budget *budget)
{
	entry->func(entry, TASK_INTERRUPTIBLE, 0, NULL);
	budget->calls--;
}

/* Call those on the queue. Who the budget does not do for goes to @waiters. */
static void call_queue(struct tcps_sleeper *sleeper, struct tcps_budget *budget)
{
	struct list_head *queue = &sleeper->queue.head;
	wait_queue_entry_t *entry, *next;
	LIST_HEAD(called);

	list_for_each_entry_safe(entry, next, queue, entry) {
		if (!budget->calls) {
			list_cut_before(&called, queue, &entry->entry);
			list_splice_init(queue, &sleeper->waiters);
			list_splice(&called, queue);
			return;
		}
		call(entry, budget);
	}
}

/**
 * tcps_round_wake() - call all that wait for a file
 * @sleeper: the file; armed or not
 * @budget: what may be done; what is left of it
 *
 * Who comes to wait from here on looks for himself.
 *
 * Context: any, the lock of wake.c held, interrupts off.
 */
void tcps_round_wake(struct tcps_sleeper *sleeper, struct tcps_budget *budget)
{
	struct tcps_wake_user *user = sleeper->user;
	bool is_left;

	if (!list_empty(&sleeper->armed)) {
		list_del_init(&sleeper->armed);
		if (sleeper->is_settled)
			memcpy(sleeper->passed, user->shown,
			       tcps_stream_ring_count() *
			       sizeof(*user->shown));
		sleeper->has_passed |= sleeper->is_settled;
		sleeper->is_settled = false;
	}
	WRITE_ONCE(woken, woken + 1);
	spin_lock(&sleeper->queue.lock);
	if (list_empty(&sleeper->waiters))
		call_queue(sleeper, budget);
	else /* who has been called already is called again */
		list_splice_tail_init(&sleeper->queue.head, &sleeper->waiters);
	is_left = !list_empty(&sleeper->waiters);
	spin_unlock(&sleeper->queue.lock);
	if (is_left && list_empty(&sleeper->telling))
		list_add_tail(&sleeper->telling, &user->telling);
}

/*
 * Call some of those that are left. Who has been called is on the queue again,
 * unless he has taken himself off; who takes himself off while he is among them
 * does it under the same lock. False if not all could be called.
 */
static bool tell(struct tcps_sleeper *sleeper, struct tcps_budget *budget)
{
	wait_queue_entry_t *entry;
	bool is_done;

	spin_lock(&sleeper->queue.lock);
	while (budget->calls && !list_empty(&sleeper->waiters)) {
		entry = list_first_entry(&sleeper->waiters, wait_queue_entry_t,
					 entry);
		list_move_tail(&entry->entry, &sleeper->queue.head);
		call(entry, budget);
	}
	is_done = list_empty(&sleeper->waiters);
	spin_unlock(&sleeper->queue.lock);
	return is_done;
}

static bool tell_all(struct tcps_wake_user *user, struct tcps_budget *budget)
{
	struct tcps_sleeper *sleeper;

	while (!list_empty(&user->telling)) {
		sleeper = list_first_entry(&user->telling, struct tcps_sleeper,
					   telling);
		if (!tell(sleeper, budget))
			return false;
		list_del_init(&sleeper->telling);
	}
	return true;
}

/* Show a group what is new in one ring. False if the budget does not do. */
static bool look_at_ring(struct tcps_wake_user *user,
			 struct tcps_wake_group *group,
			 struct tcps_budget *budget)
{
	const struct tcps_ring *ring = tcps_stream_rings()[group->ring];
	u64 from = user->shown[group->ring], found_ns;
	struct tcps_sleeper *first;

	if (!group->inside)
		group->to = goal(user)[group->ring];
	group->inside = true;
	if (group->to == from)
		return true;
	first = list_first_entry(&group->sleepers, struct tcps_sleeper, armed);
	found_ns = tcps_match_latest(ring, from, &group->to, first->armed_ns,
				    &group->wanted, &budget->looks);
	group->latest_ns = max(group->latest_ns, found_ns);
	return found_ns || group->to == from;
}

/*
 * What it costs to go over all rings once, and that is done for each group and each
 * file: some instructions for a ring that has nothing new.
 */
static void spend(struct tcps_budget *budget)
{
	unsigned int cost = 1 + tcps_stream_ring_count() / RINGS_A_LOOK;

	budget->looks -= min(budget->looks, cost);
}

static bool look(struct tcps_wake_user *user, struct tcps_wake_group *group,
		 struct tcps_budget *budget)
{
	unsigned int count = tcps_stream_ring_count();

	while (group->ring < count && group->latest_ns != TCPS_MATCH_LOST &&
	       !list_empty(&group->sleepers)) {
		if (!look_at_ring(user, group, budget))
			return false;
		group->inside = false;
		group->ring++;
	}
	return true;
}

/* Of a reader that finds all records new which the rings hold. */
static u64 search_ns(void)
{
	u64 records = 0;
	unsigned int i;

	for (i = 0; i < tcps_stream_ring_count(); i++) {
		const struct tcps_ring *ring = tcps_stream_rings()[i];

		if (tcps_ring_has_slots(ring))
			records += tcps_ring_head(ring) -
				   tcps_ring_oldest(ring);
	}
	return min_t(u64, SEARCH_NS * records, SEARCH_NS_MOST);
}

/*
 * Wake the files that were armed before the latest record that passes. False if
 * the budget does not do: for losses one file is enough at a time.
 */
static bool take_files(struct tcps_wake_group *group,
		       struct tcps_budget *budget)
{
	struct tcps_sleeper *sleeper;

	/* Who is armed again from here on sees himself what he has lost. */
	if (group->latest_ns == TCPS_MATCH_LOST) {
		group->latest_ns = ktime_get_boottime_ns();
		group->is_lost = true;
	}
	group->ring = tcps_stream_ring_count();
	while (!list_empty(&group->sleepers)) {
		sleeper = list_first_entry(&group->sleepers,
					   struct tcps_sleeper, armed);
		if (!group->latest_ns || sleeper->armed_ns > group->latest_ns)
			break;
		if (!budget->looks)
			return false;
		spend(budget);
		tcps_round_wake(sleeper, budget);
		if (group->is_lost) {
			budget->search_ns += search_ns();
			return false;
		}
	}
	return true;
}

/**
 * tcps_round_go_on() - go on with a round, and with calling who waits
 * @user: whose
 * @budget: what may be done; what is left of it
 *
 * Context: any, the lock of wake.c held, interrupts off.
 * Return: true if there is nothing left to do.
 */
bool tcps_round_go_on(struct tcps_wake_user *user, struct tcps_budget *budget)
{
	struct tcps_wake_group *group;

	while (tell_all(user, budget)) {
		if (!user->in_round)
			return true;
		if (list_empty(&user->todo)) {
			end_round(user);
			continue;
		}
		if (!budget->looks)
			return false;
		spend(budget);
		group = list_first_entry(&user->todo, struct tcps_wake_group,
					 link);
		if (!look(user, group, budget) || !take_files(group, budget))
			return false;
		pass_group(user, group);
	}
	return false;
}

/**
 * tcps_round_woken() - how many files have been woken
 *
 * Context: any.
 * Return: their number since the module was loaded.
 */
u64 tcps_round_woken(void)
{
	return READ_ONCE(woken);
}
