// SPDX-License-Identifier: GPL-2.0
/*
 * What a call costs is up to the waiter, and a call cannot be divided. An epoll
 * instance that watches a file may be watched itself: by select() and poll(), which
 * may name it as often as RLIMIT_NOFILE allows in each thread, and by epoll up to
 * five levels deep. One call wakes all of them, with interrupts off. Therefore:
 *
 *   - A waiter is called with the lock of its file's queue held, which keeps its
 *     entry, and no other. tcps_wake_lock is released: interrupts of writers and
 *     the work of other users need it.
 *   - There is one caller at a time for each user. @called of the user keeps the
 *     file, since tcps_wake_call_remove() waits for it, and tells others to leave
 *     what they want to be done to the caller. A caller looks for it when it has
 *     the lock again, and leaves what it does not do itself to the work item.
 *   - An interrupt does not wait for the lock of a queue.
 *   - Each call is measured. wake_share.c charges the time to the user; after a
 *     long call, only a work item calls the user's waiters.
 */
#include "wake_call.h"

#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "sleeper.h"

DEFINE_SPINLOCK(tcps_wake_lock);

/* Threads that close a file whose waiters are being called. */
static DECLARE_WAIT_QUEUE_HEAD(removers);

/**
 * tcps_wake_call_add() - have all called that wait for a file
 * @sleeper: the file
 *
 * Those that have been called already for an earlier wake-up are called again. A
 * thread that begins to wait after this call looks for records itself.
 */
void tcps_wake_call_add(struct tcps_sleeper *sleeper)
{
	lockdep_assert_held(&tcps_wake_lock);
	sleeper->is_woken = true;
	if (list_empty(&sleeper->calling))
		list_add_tail(&sleeper->calling, &sleeper->user->calling);
}

/*
 * Call a waiter, even if it is exclusive (EPOLLEXCLUSIVE): each epoll instance
 * looks at its own events. The waiter may remove itself from its list. Only a
 * blocked reader's function is known to wake nobody else.
 */
static void call_waiter(wait_queue_entry_t *entry, struct tcps_budget *budget)
{
	u64 begun_ns, taken_ns;

	budget->calls--;
	if (likely(entry->func == woken_wake_function)) {
		woken_wake_function(entry, TASK_INTERRUPTIBLE, 0, NULL);
		return;
	}
	begun_ns = ktime_get_ns();
	entry->func(entry, TASK_INTERRUPTIBLE, 0, NULL);
	taken_ns = ktime_get_ns() - begun_ns;
	budget->calls_ns += taken_ns;
	budget->longest_ns = max(budget->longest_ns, taken_ns);
}

/*
 * Call waiters of a file within the budget. An entry is put back on the queue
 * before it is called; its owner removes it from either list under the same lock.
 * True if all have been called.
 */
static bool call_waiters(struct tcps_sleeper *sleeper,
			 struct tcps_budget *budget)
{
	wait_queue_entry_t *entry;

	while (!list_empty(&sleeper->waiters)) {
		if (!budget->calls || budget->calls_ns >= TCPS_WAKE_LONG_NS)
			return false;
		entry = list_first_entry(&sleeper->waiters, wait_queue_entry_t,
					 entry);
		list_move_tail(&entry->entry, &sleeper->queue.head);
		call_waiter(entry, budget);
	}
	return true;
}

/* Call waiters of a file. @is_woken: all, not only those that are left. */
static bool call_unlocked(struct tcps_sleeper *sleeper, bool *is_woken,
			  struct tcps_budget *budget)
{
	bool is_done;

	if (budget->may_wait)
		spin_lock(&sleeper->queue.lock);
	else if (!spin_trylock(&sleeper->queue.lock))
		return false;
	if (*is_woken)
		list_splice_tail_init(&sleeper->queue.head, &sleeper->waiters);
	*is_woken = false;
	is_done = call_waiters(sleeper, budget);
	spin_unlock(&sleeper->queue.lock);
	return is_done;
}

/*
 * Call waiters of a file, with tcps_wake_lock released meanwhile. True if nothing
 * is left to do for the file, which may be closed when the lock is released next.
 */
static bool call_file(struct tcps_wake_user *user, struct tcps_sleeper *sleeper,
		      struct tcps_budget *budget)
{
	bool is_woken = sleeper->is_woken, is_done;

	user->called = sleeper;
	sleeper->is_woken = false;
	spin_unlock(&tcps_wake_lock);
	is_done = call_unlocked(sleeper, &is_woken, budget);
	spin_lock(&tcps_wake_lock);
	user->called = NULL;
	sleeper->is_woken |= is_woken;
	is_done = is_done && !sleeper->is_woken;
	if (is_done)
		list_del_init(&sleeper->calling);
	/* A thread looks at @called and joins the queue under tcps_wake_lock. */
	if (waitqueue_active(&removers))
		wake_up_all(&removers);
	return is_done;
}

/**
 * tcps_wake_call_all() - call those who wait for a user's files
 * @user: the user; nobody else calls waiters of its files
 * @budget: what may be done; reduced by what was done
 *
 * Releases the lock now and then. Which files are open or armed may be different
 * afterwards, but the user has not gone if it had something to do.
 *
 * Return: true if there is nothing left to do.
 */
bool tcps_wake_call_all(struct tcps_wake_user *user,
			struct tcps_budget *budget)
{
	struct tcps_sleeper *sleeper;

	lockdep_assert_held(&tcps_wake_lock);
	while (!list_empty(&user->calling)) {
		if (!budget->calls || budget->calls_ns >= TCPS_WAKE_LONG_NS)
			return false;
		sleeper = list_first_entry(&user->calling, struct tcps_sleeper,
					   calling);
		if (!call_file(user, sleeper, budget))
			return false;
	}
	return true;
}

/**
 * tcps_wake_call_remove() - call nobody any more that waits for a file
 * @sleeper: the file; it is not armed, and nobody calls tcps_wake_call_add()
 *
 * Waits for a call that is being made, with the lock released.
 *
 * Context: process; may sleep.
 */
void tcps_wake_call_remove(struct tcps_sleeper *sleeper)
{
	lockdep_assert_held(&tcps_wake_lock);
	list_del_init(&sleeper->calling);
	wait_event_lock_irq(removers, sleeper->user->called != sleeper,
			    tcps_wake_lock);
}
