// SPDX-License-Identifier: GPL-2.0
/*
 * How files are woken:
 *
 *   - A file is armed when a thread looks whether there is something to read,
 *     and stays armed until it is woken. While any file is armed, writers are
 *     asked in @tcps_stream_waiting to report the next record.
 *   - A writer that sees the request queues an irq_work, since it may hold any
 *     lock of the network stack. The irq_work begins a pass (wake_pass.c) if the
 *     last pass is tcps_stream_batch_us ago, else it starts a timer for it. So
 *     under load there is one pass for all records of that time, and after a
 *     silence it comes at once. Until then, writers report nothing more.
 *   - A pass gives each user with armed files a round (round.c), which searches
 *     the new records once for each group of files with the same criteria
 *     (match.c), and wakes files: wake_call.c calls those who wait for them. Time
 *     is charged to the user (wake_share.c). wake_user.c keeps users and groups.
 *
 * No record is missed. A thread arms its file first, and looks at the rings then;
 * a pass writes its request first, and looks at the rings then (F and G in
 * ring.c). If both miss a record, its writer sees the request, or is still inside
 * its ring, and another pass follows. A file that is armed before a pass takes the
 * lock is seen by the pass; a file that is armed later sees in its own look what
 * the pass saw. A user whose waiters are being called at that moment is served by
 * the caller, who takes the lock afterwards and sees that there was a pass (G). An
 * entry of a file's queue is there before the file is armed, so whoever wakes the
 * file finds it, though later and under the queue's lock only.
 */
#include "wake.h"

#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <asm/barrier.h>

#include "match.h"
#include "merge.h"
#include "round.h"
#include "sleeper.h"
#include "stream.h"
#include "wake_call.h"
#include "wake_pass.h"
#include "wake_user.h"

/* Positions that are moved before the lock is released. */
#define RINGS_AT_ONCE	64U

/**
 * tcps_wake_init() - be ready to wake files
 *
 * Context: process; there are rings, and nothing is recorded yet.
 * Return: 0 or -ENOMEM.
 */
int tcps_wake_init(void)
{
	return tcps_wake_pass_init();
}

/**
 * tcps_wake_exit() - wake no files any more
 *
 * Context: process; no file is open and nothing is recorded.
 */
void tcps_wake_exit(void)
{
	tcps_wake_pass_exit();
}

/**
 * tcps_wake_add() - a file is opened
 * @sleeper: the file, zeroed, but for @sleeper->skip_to, an array with an element for
 *	each ring
 * @uid: user id that it counts for, in the initial user namespace
 * @netns: inode number of the only namespace that it may see, or 0 for all
 *
 * It has no filter yet.
 *
 * Context: process; may sleep.
 * Return: 0, or -ENOMEM and nothing has to be undone.
 */
int tcps_wake_add(struct tcps_sleeper *sleeper, u32 uid, u32 netns)
{
	struct tcps_criteria criteria = { .netns = netns, .filtered = netns };

	init_waitqueue_head(&sleeper->queue);
	INIT_LIST_HEAD(&sleeper->armed);
	INIT_LIST_HEAD(&sleeper->calling);
	INIT_LIST_HEAD(&sleeper->waiters);
	sleeper->user = tcps_wake_user_get(uid, !netns);
	if (!sleeper->user)
		return -ENOMEM;
	sleeper->group = tcps_wake_group_get(sleeper->user, &criteria);
	if (!sleeper->group)
		goto err_put_user;
	return 0;

err_put_user:
	tcps_wake_user_put(sleeper->user);
	return -ENOMEM;
}

/**
 * tcps_wake_remove() - a file is closed
 * @sleeper: the file; no thread waits for it or calls one of the functions below
 *
 * Context: process; may sleep.
 */
void tcps_wake_remove(struct tcps_sleeper *sleeper)
{
	spin_lock_irq(&tcps_wake_lock);
	list_del_init(&sleeper->armed);
	tcps_wake_call_remove(sleeper);
	spin_unlock_irq(&tcps_wake_lock);
	tcps_wake_group_put(sleeper->user, sleeper->group);
	tcps_wake_user_put(sleeper->user);
}

/**
 * tcps_wake_now() - wake those who wait for a file, without a new record
 * @sleeper: the file
 *
 * To be called after a change of what the file has to return.
 *
 * Context: process, without the file's mutex.
 */
void tcps_wake_now(struct tcps_sleeper *sleeper)
{
	spin_lock_irq(&tcps_wake_lock);
	tcps_wake_pass_wake(sleeper);
	spin_unlock_irq(&tcps_wake_lock);
}

/**
 * tcps_wake_set_filter() - a file gets another filter
 * @sleeper: the file
 * @netns: inode number of the only namespace that it may see, or 0 for all
 * @filter: the filter; tcps_filter_check() has accepted it
 *
 * Records that the file was not woken for by the old filter are to be looked at
 * again. tcps_wake_now() has to be called when the new filter is in place.
 *
 * Context: process, with the file's mutex held until the new filter is in place;
 * may sleep.
 * Return: 0, or -ENOMEM and nothing has changed.
 */
int tcps_wake_set_filter(struct tcps_sleeper *sleeper, u32 netns,
			 const struct tcpstates_filter *filter)
{
	struct tcps_wake_group *group, *old;
	struct tcps_criteria criteria;

	/* Readers are woken for new records only. */
	tcps_criteria_init(&criteria, netns, 0, filter);
	group = tcps_wake_group_get(sleeper->user, &criteria);
	if (!group)
		return -ENOMEM;
	spin_lock_irq(&tcps_wake_lock);
	list_del_init(&sleeper->armed);
	sleeper->is_settled = false;
	sleeper->has_skip_to = false;
	old = sleeper->group;
	sleeper->group = group;
	spin_unlock_irq(&tcps_wake_lock);
	tcps_wake_group_put(sleeper->user, old);
	return 0;
}

static void arm_file(struct tcps_sleeper *sleeper)
{
	struct tcps_wake_group *group = sleeper->group;
	struct tcps_wake_user *user = sleeper->user;

	tcps_wake_pass_want(user);
	if (list_empty(&group->link)) {
		list_add_tail(&group->link, &user->groups);
		user->group_count++;
	}
	list_add_tail(&sleeper->armed, &group->sleepers);
	sleeper->armed_ns = ktime_get_boottime_ns();
	sleeper->generation++;
	sleeper->is_settled = false;
	if (tcps_stream_waiting == TCPS_WAIT_NONE)
		WRITE_ONCE(tcps_stream_waiting, TCPS_WAIT_RECORD);
}

/**
 * tcps_wake_arm() - ask to be woken for records that match
 * @sleeper: the file
 *
 * The caller adds itself to the file's queue before, and looks for records
 * afterwards. Threads that armed the file before are woken all the same.
 *
 * Context: process.
 */
void tcps_wake_arm(struct tcps_sleeper *sleeper)
{
	spin_lock_irq(&tcps_wake_lock);
	if (list_empty(&sleeper->armed))
		arm_file(sleeper);
	spin_unlock_irq(&tcps_wake_lock);
	/* F: the request before the look at the rings. Pairs with A. */
	smp_mb();
}

/**
 * tcps_wake_settle() - a look at the rings has found nothing
 * @sleeper: the file
 * @generation: what tcps_wake_begin_look() returned before the look
 *
 * If the file has been armed since before the look, it need not look at records
 * that it is not woken for.
 *
 * Context: process, with the file's mutex held since before the look.
 */
void tcps_wake_settle(struct tcps_sleeper *sleeper, u64 generation)
{
	if (!generation)
		return;
	spin_lock_irq(&tcps_wake_lock);
	if (!list_empty(&sleeper->armed) && sleeper->generation == generation)
		sleeper->is_settled = true;
	spin_unlock_irq(&tcps_wake_lock);
}

/*
 * Move the position of a file that is still settled. The lock is released now and
 * then, as there may be thousands of rings. If the file is woken meanwhile, it is
 * not settled any more, and @skip_to goes further than what has been done here.
 */
static void follow_user(struct tcps_sleeper *sleeper, struct tcps_merge *merge)
{
	unsigned int count = tcps_stream_ring_count(), first, end;

	for (first = 0; first < count && sleeper->is_settled; first = end) {
		end = min(first + RINGS_AT_ONCE, count);
		tcps_merge_skip_to(merge, sleeper->user->shown, first, end);
		if (end < count) {
			spin_unlock_irq(&tcps_wake_lock);
			spin_lock_irq(&tcps_wake_lock);
		}
	}
}

/**
 * tcps_wake_begin_look() - a look at the rings begins
 * @sleeper: the file
 * @merge: the file's position, which skips records that it was not woken for
 *
 * Context: process, with the file's mutex held until the look is over.
 * Return: the argument for tcps_wake_settle().
 */
u64 tcps_wake_begin_look(struct tcps_sleeper *sleeper, struct tcps_merge *merge)
{
	bool has_skip_to;
	u64 generation;

	spin_lock_irq(&tcps_wake_lock);
	if (sleeper->is_settled)
		follow_user(sleeper, merge);
	has_skip_to = sleeper->has_skip_to;
	sleeper->is_settled = false;
	sleeper->has_skip_to = false;
	generation = list_empty(&sleeper->armed) ? 0 : sleeper->generation;
	spin_unlock_irq(&tcps_wake_lock);
	if (has_skip_to)
		tcps_merge_skip_to(merge, sleeper->skip_to, 0,
				   tcps_stream_ring_count());
	return generation;
}

/**
 * tcps_wake_count() - number of files woken since the module was loaded
 *
 * Context: any.
 * Return: the number.
 */
u64 tcps_wake_count(void)
{
	return tcps_round_woken();
}
