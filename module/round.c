// SPDX-License-Identifier: GPL-2.0
/*
 * A user's position moves past a record when it has been compared with the
 * criteria of all groups of the user that had an armed file. A file that is not
 * woken need not look at that record either, and reports no loss if the record is
 * overwritten: tcps_sleeper.skip_to holds the position for it.
 *
 * A file that is armed during a round looks at the rings afterwards. A record
 * that this look does not find was not complete when the file was armed, so it
 * lies behind the end of the round.
 *
 * While a user has no armed file, its position stays behind. The next round then
 * starts at an older record than necessary; the search stops at the first record
 * that is older than the group's first armed file, so this costs one look for
 * each ring.
 *
 * Calling a waiter cannot be divided. An epoll instance that watches a file may
 * be watched itself, by epoll up to five levels deep, and by select() and poll():
 * the call wakes all of them. fs/eventpoll.c limits the paths from one file to
 * 500, 100, 50 and 10 of length two to five, hence the instances that one call
 * reaches to 661; threads that poll() these are limited by RLIMIT_NPROC, and the
 * entries of each by RLIMIT_NOFILE, as behind any socket. What such a call takes
 * is charged to the user's share of time, in interrupt context too, so calls of
 * this kind cannot follow each other without a pause.
 */
#include "round.h"

#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "match.h"
#include "ring.h"
#include "sleeper.h"
#include "stream.h"

/* About the time that a reader needs to skip a record that does not match. */
#define SEARCH_NS	64
/* Limit of the estimate: a slow reader must not block its user for ever. */
#define SEARCH_NS_MOST	(50ULL * NSEC_PER_MSEC)
/* Rings without new records that cost as much as a look at a record. */
#define RINGS_PER_LOOK	16

static u64 files_woken;	/* since the module was loaded */

/* For each ring, where the current round ends. */
static u64 *round_end(struct tcps_wake_user *user)
{
	return user->shown + tcps_stream_ring_count();
}

/**
 * tcps_round_begin() - begin a round, if there are new records
 * @user: the user; its last round is over
 *
 * Context: any, with tcps_wake_lock held.
 */
void tcps_round_begin(struct tcps_wake_user *user)
{
	bool is_new = false;
	unsigned int i;

	for (i = 0; i < tcps_stream_ring_count(); i++) {
		round_end(user)[i] = tcps_ring_head(tcps_stream_rings()[i]);
		is_new |= round_end(user)[i] != user->shown[i];
	}
	if (!is_new)
		return;
	user->in_round = true;
	list_splice_tail_init(&user->groups, &user->todo);
}

static void end_round(struct tcps_wake_user *user)
{
	unsigned int i;

	for (i = 0; i < tcps_stream_ring_count(); i++)
		user->shown[i] = round_end(user)[i];
	user->in_round = false;
}

/**
 * tcps_round_drop() - take a group out of the round
 * @user: the group's user
 * @group: the group
 *
 * Context: any, with tcps_wake_lock held.
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

/* The search for the group is over in this round. */
static void finish_group(struct tcps_wake_user *user,
			 struct tcps_wake_group *group)
{
	tcps_round_drop(user, group);
	if (list_empty(&group->sleepers))
		return;
	list_add_tail(&group->link, &user->groups);
	user->group_count++;
}

/*
 * Call a waiter, even if it is exclusive (EPOLLEXCLUSIVE): each epoll instance
 * looks at its own events. The waiter may remove itself from its list. Only a
 * blocked reader's function is known to wake nobody else.
 */
static void call_waiter(wait_queue_entry_t *entry, struct tcps_budget *budget)
{
	u64 begun_ns;

	budget->calls--;
	if (likely(entry->func == woken_wake_function)) {
		woken_wake_function(entry, TASK_INTERRUPTIBLE, 0, NULL);
		return;
	}
	begun_ns = ktime_get_ns();
	entry->func(entry, TASK_INTERRUPTIBLE, 0, NULL);
	budget->calls_ns += ktime_get_ns() - begun_ns;
}

/* Call the entries of the queue; those beyond the budget go to @waiters. */
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
		call_waiter(entry, budget);
	}
}

/* A settled file need not look at what its user's position has passed. */
static void disarm_file(struct tcps_sleeper *sleeper)
{
	unsigned int i;

	list_del_init(&sleeper->armed);
	if (!sleeper->is_settled)
		return;
	for (i = 0; i < tcps_stream_ring_count(); i++)
		sleeper->skip_to[i] = sleeper->user->shown[i];
	sleeper->has_skip_to = true;
	sleeper->is_settled = false;
}

/**
 * tcps_round_wake() - call all that wait for a file
 * @sleeper: the file; armed or not
 * @budget: what may be done; reduced by what was done
 *
 * A thread that begins to wait after this call looks for records itself.
 *
 * Context: any, with tcps_wake_lock held and interrupts off.
 */
void tcps_round_wake(struct tcps_sleeper *sleeper, struct tcps_budget *budget)
{
	struct tcps_wake_user *user = sleeper->user;
	bool is_left;

	if (!list_empty(&sleeper->armed))
		disarm_file(sleeper);
	WRITE_ONCE(files_woken, files_woken + 1);
	spin_lock(&sleeper->queue.lock);
	if (list_empty(&sleeper->waiters))
		call_queue(sleeper, budget);
	else /* entries that have been called already are called again */
		list_splice_tail_init(&sleeper->queue.head, &sleeper->waiters);
	is_left = !list_empty(&sleeper->waiters);
	spin_unlock(&sleeper->queue.lock);
	if (is_left && list_empty(&sleeper->calling))
		list_add_tail(&sleeper->calling, &user->calling);
}

/*
 * Call some of the waiters that are left. An entry is put back on the queue
 * before it is called; its owner removes it from either list under the same lock.
 * False if not all could be called.
 */
static bool call_waiters(struct tcps_sleeper *sleeper,
			 struct tcps_budget *budget)
{
	wait_queue_entry_t *entry;
	bool is_done;

	spin_lock(&sleeper->queue.lock);
	while (budget->calls && !list_empty(&sleeper->waiters)) {
		entry = list_first_entry(&sleeper->waiters, wait_queue_entry_t,
					 entry);
		list_move_tail(&entry->entry, &sleeper->queue.head);
		call_waiter(entry, budget);
	}
	is_done = list_empty(&sleeper->waiters);
	spin_unlock(&sleeper->queue.lock);
	return is_done;
}

static bool call_all_waiters(struct tcps_wake_user *user,
			     struct tcps_budget *budget)
{
	struct tcps_sleeper *sleeper;

	while (!list_empty(&user->calling)) {
		sleeper = list_first_entry(&user->calling, struct tcps_sleeper,
					   calling);
		if (!call_waiters(sleeper, budget))
			return false;
		list_del_init(&sleeper->calling);
	}
	return true;
}

/* Search one ring for a group. False if the budget is used up before the end. */
static bool search_ring(struct tcps_wake_user *user,
			struct tcps_wake_group *group,
			struct tcps_budget *budget)
{
	const struct tcps_ring *ring = tcps_stream_rings()[group->ring];
	u64 from = user->shown[group->ring], found_ns;
	struct tcps_sleeper *first;

	if (!group->inside)
		group->to = round_end(user)[group->ring];
	group->inside = true;
	if (group->to == from)
		return true;
	first = list_first_entry(&group->sleepers, struct tcps_sleeper, armed);
	found_ns = tcps_match_latest(ring, from, &group->to, first->armed_ns,
				     &group->criteria, &budget->looks);
	group->latest_ns = max(group->latest_ns, found_ns);
	return found_ns || group->to == from;
}

/*
 * Going over all rings once, which is done for each group and for each file, costs
 * a few instructions for each ring.
 */
static void spend_on_rings(struct tcps_budget *budget)
{
	unsigned int cost = 1 + tcps_stream_ring_count() / RINGS_PER_LOOK;

	budget->looks -= min(budget->looks, cost);
}

/* Search all rings for a group. False if the budget is used up before the end. */
static bool search_rings(struct tcps_wake_user *user,
			 struct tcps_wake_group *group,
			 struct tcps_budget *budget)
{
	unsigned int count = tcps_stream_ring_count();

	while (group->ring < count && group->latest_ns != TCPS_MATCH_LOST &&
	       !list_empty(&group->sleepers)) {
		if (!search_ring(user, group, budget))
			return false;
		group->inside = false;
		group->ring++;
	}
	return true;
}

/* The time that a reader needs to skip all records that the rings hold. */
static u64 estimate_search_ns(void)
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
 * Wake the files that were armed before the latest record that matches. False if
 * the budget is used up before the end; for a loss, one file at a time uses it up.
 */
static bool wake_files(struct tcps_wake_group *group,
		       struct tcps_budget *budget)
{
	struct tcps_sleeper *sleeper;

	/* A file that is armed from here on finds the loss itself. */
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
		spend_on_rings(budget);
		tcps_round_wake(sleeper, budget);
		if (group->is_lost) {
			budget->search_ns += estimate_search_ns();
			return false;
		}
	}
	return true;
}

/**
 * tcps_round_continue() - continue to call waiters, and continue the round
 * @user: the user
 * @budget: what may be done; reduced by what was done
 *
 * Context: any, with tcps_wake_lock held and interrupts off.
 * Return: true if there is nothing left to do.
 */
bool tcps_round_continue(struct tcps_wake_user *user,
			 struct tcps_budget *budget)
{
	struct tcps_wake_group *group;

	while (call_all_waiters(user, budget)) {
		if (!user->in_round)
			return true;
		if (list_empty(&user->todo)) {
			end_round(user);
			continue;
		}
		if (!budget->looks)
			return false;
		spend_on_rings(budget);
		group = list_first_entry(&user->todo, struct tcps_wake_group,
					 link);
		if (!search_rings(user, group, budget) || !wake_files(group, budget))
			return false;
		finish_group(user, group);
	}
	return false;
}

/**
 * tcps_round_woken() - number of files woken since the module was loaded
 *
 * Context: any.
 * Return: the number.
 */
u64 tcps_round_woken(void)
{
	return READ_ONCE(files_woken);
}
