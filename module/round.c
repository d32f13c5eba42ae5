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
 */
#include "round.h"

#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>

#include "match.h"
#include "ring.h"
#include "sleeper.h"
#include "stream.h"
#include "wake_call.h"

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

/* Have those called that wait for a file, armed or not. */
static void wake_file(struct tcps_sleeper *sleeper)
{
	WRITE_ONCE(files_woken, files_woken + 1);
	tcps_wake_call_add(sleeper);
}

/**
 * tcps_round_wake_now() - have those called that wait for a file, without a record
 * @sleeper: the file; armed or not
 *
 * A settled file stays armed: what it need not look at would have to be copied
 * for each ring.
 *
 * Context: any, with tcps_wake_lock held.
 */
void tcps_round_wake_now(struct tcps_sleeper *sleeper)
{
	lockdep_assert_held(&tcps_wake_lock);
	if (!sleeper->is_settled)
		list_del_init(&sleeper->armed);
	wake_file(sleeper);
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
		disarm_file(sleeper);
		wake_file(sleeper);
		if (group->is_lost) {
			budget->search_ns += estimate_search_ns();
			return false;
		}
	}
	return true;
}

/* Search for a group, and wake its files. False if the budget is used up first. */
static bool continue_group(struct tcps_wake_user *user,
			   struct tcps_budget *budget)
{
	struct tcps_wake_group *group;

	if (!budget->looks)
		return false;
	spend_on_rings(budget);
	group = list_first_entry(&user->todo, struct tcps_wake_group, link);
	if (!search_rings(user, group, budget) || !wake_files(group, budget))
		return false;
	finish_group(user, group);
	return true;
}

/**
 * tcps_round_continue() - continue to call waiters, and continue the round
 * @user: the user; nobody else calls waiters of its files
 * @budget: what may be done; reduced by what was done
 *
 * Context: any, with tcps_wake_lock held and interrupts off; the lock is released
 * while waiters are called.
 * Return: true if there is nothing left to do.
 */
bool tcps_round_continue(struct tcps_wake_user *user,
			 struct tcps_budget *budget)
{
	while (tcps_wake_call_all(user, budget)) {
		if (!user->in_round)
			return true;
		if (list_empty(&user->todo)) {
			end_round(user);
		} else if (!continue_group(user, budget)) {
			tcps_wake_call_all(user, budget);
			return false;
		}
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
