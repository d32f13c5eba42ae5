// SPDX-License-Identifier: GPL-2.0
/*
 * poll() does not wait for the lock of a file, not even for the search or copy
 * of another thread. It leaves a request to the holder of the lock, who looks
 * for records once more after unlocking (L, M in ring.c).
 */
#include "file.h"

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <asm/barrier.h>
#include <net/net_namespace.h>

#include "charge.h"
#include "filter.h"
#include "netns.h"
#include "stream.h"
#include "wake.h"

static size_t skip_to_size(void)
{
	return array_size(tcps_stream_ring_count(), sizeof(u64));
}

/* All that tcps_file_make() has allocated, which may be a part. */
static void free_memory(struct tcps_file *tf)
{
	struct tcps_user *user = tf->user;

	tcps_charge_free(user, tf->sleeper.skip_to, skip_to_size());
	tcps_charge_free(user, tf->reader,
			 tcps_reader_size(tcps_stream_ring_count()));
	tcps_charge_free(user, tf, sizeof(*tf));
}

/**
 * tcps_file_make() - make an open file
 * @user: the user to charge, until tcps_file_free()
 * @net: the only namespace that the file may see, with a reference until
 *	tcps_file_free(); NULL to see all
 *
 * The file pays for a group of wake.c, too: it may need one of its own, and a
 * group may outlive the file that it was made for.
 *
 * Context: process; may sleep.
 * Return: the file; NULL if there is no memory or the user's share is used up.
 */
struct tcps_file *tcps_file_make(struct tcps_user *user, struct net *net)
{
	unsigned int count = tcps_stream_ring_count();
	u32 netns = net ? net->ns.inum : 0;
	struct tcps_file *tf;

	tf = tcps_charge_alloc(user, sizeof(*tf));
	if (!tf)
		return NULL;
	tf->user = user;
	tf->net = net;
	tf->reader = tcps_charge_alloc(user, tcps_reader_size(count));
	tf->sleeper.skip_to = tcps_charge_alloc(user, skip_to_size());
	if (!tf->reader || !tf->sleeper.skip_to)
		goto err_free;
	if (!tcps_charge_reserve(user, sizeof(struct tcps_wake_group)))
		goto err_free;
	if (tcps_wake_add(&tf->sleeper, user->uid, netns))
		goto err_release_group;
	mutex_init(&tf->lock);
	tcps_reader_init(tf->reader, tcps_stream_rings(), count, netns,
			 net ? tcps_netns_born_ns(net) : 0);
	return tf;

err_release_group:
	tcps_charge_release(user, sizeof(struct tcps_wake_group));
err_free:
	free_memory(tf);
	return NULL;
}

/**
 * tcps_file_free() - free a file that is closed
 * @tf: the file; no thread uses it
 *
 * Context: process; may sleep.
 */
void tcps_file_free(struct tcps_file *tf)
{
	tcps_wake_remove(&tf->sleeper);
	tcps_charge_release(tf->user, sizeof(struct tcps_wake_group));
	tcps_reader_end(tf->reader);
	mutex_destroy(&tf->lock);
	free_memory(tf);
}

/**
 * tcps_file_lock() - lock a file
 * @tf: the file
 *
 * Context: process; may sleep.
 * Return: 0, or -ERESTARTSYS if a signal came first.
 */
int tcps_file_lock(struct tcps_file *tf)
{
	return mutex_lock_interruptible(&tf->lock) ? -ERESTARTSYS : 0;
}

/**
 * tcps_file_try_lock() - lock a file, or leave a request to its holder
 * @tf: the file
 *
 * If it fails, the holder wakes the file's waiters when it has unlocked and
 * there is something to read.
 *
 * Context: process.
 * Return: whether the lock is held now.
 */
bool tcps_file_try_lock(struct tcps_file *tf)
{
	if (mutex_trylock(&tf->lock))
		return true;
	WRITE_ONCE(tf->was_asked, true);
	/* L: the request before the lock. Pairs with M. */
	smp_mb();
	return mutex_trylock(&tf->lock);
}

static bool take_request(struct tcps_file *tf)
{
	/* M: the lock before the request. Pairs with L. */
	smp_mb();
	return unlikely(READ_ONCE(tf->was_asked)) &&
	       xchg(&tf->was_asked, false);
}

/*
 * A thread that left a request has armed the file, but did not see records that
 * came before. If there are any, wake it; later ones wake it anyway. If another
 * request comes meanwhile, wake it without another look: this happens in the
 * system call of an unrelated thread.
 */
static void answer_request(struct tcps_file *tf)
{
	enum tcps_found found;

	tcps_wake_arm(&tf->sleeper);
	if (!tcps_file_try_lock(tf))
		return;
	found = tcps_file_find(tf);
	mutex_unlock(&tf->lock);
	if (take_request(tf) || found != TCPS_FOUND_NOTHING)
		tcps_wake_now(&tf->sleeper);
}

/**
 * tcps_file_unlock() - unlock a file
 * @tf: the file
 *
 * Context: process; may sleep.
 */
void tcps_file_unlock(struct tcps_file *tf)
{
	mutex_unlock(&tf->lock);
	if (take_request(tf))
		answer_request(tf);
}

/**
 * tcps_file_begin_look() - begin to look for records
 * @tf: the file
 *
 * Skips the records that the file was not woken for. To be called before the
 * first tcps_file_fetch() of a system call.
 *
 * Context: process, with the file's lock held.
 */
void tcps_file_begin_look(struct tcps_file *tf)
{
	lockdep_assert_held(&tf->lock);
	tf->generation = tcps_wake_begin_look(&tf->sleeper, &tf->reader->merge);
	tcps_merge_begin_read(&tf->reader->merge);
}

/**
 * tcps_file_fetch() - have a record in the queue, if there is one
 * @tf: the file
 *
 * Context: process, with the file's lock held; may sleep.
 * Return: see enum tcps_found.
 */
enum tcps_found tcps_file_fetch(struct tcps_file *tf)
{
	enum tcps_found found;

	lockdep_assert_held(&tf->lock);
	if (!tcps_file_is_queue_empty(tf))
		return TCPS_FOUND_ITEM;
	tf->first = 0;
	tf->count = 0;
	tf->end = 0;
	found = tcps_file_take(tf);
	if (found == TCPS_FOUND_NOTHING)
		tcps_wake_settle(&tf->sleeper, tf->generation);
	return found;
}

/**
 * tcps_file_open_batch() - have records to return from their slots
 * @tf: the file; its queue is empty
 *
 * Context: process, with the file's lock held; may sleep.
 * Return: false if there is nothing now.
 */
bool tcps_file_open_batch(struct tcps_file *tf)
{
	struct tcps_merge *merge = &tf->reader->merge;

	lockdep_assert_held(&tf->lock);
	/* The rows of a snapshot and losses are in no slot. */
	if (merge->interpose || merge->losses || tcps_merge_open(merge))
		return true;
	tcps_wake_settle(&tf->sleeper, tf->generation);
	return false;
}

/* The most records that the rings can hold. */
static u64 records_in_rings(void)
{
	return (u64)tcps_stream_ring_count() * tcps_stream_ring_records();
}

/**
 * tcps_file_find() - whether there is something to read, despite signals
 * @tf: the file
 *
 * A search that a signal has ended is continued, until all records that the
 * rings can hold have been looked at. TCPS_FOUND_SIGNAL is returned only if
 * records come faster than they are looked at.
 *
 * Context: process, with the file's lock held; may sleep.
 * Return: see enum tcps_found.
 */
enum tcps_found tcps_file_find(struct tcps_file *tf)
{
	u64 tries = records_in_rings() / TCPS_MERGE_LOOKS + 2;
	enum tcps_found found;

	tcps_file_begin_look(tf);
	do {
		found = tcps_file_fetch(tf);
	} while (found == TCPS_FOUND_SIGNAL && --tries);
	return found;
}

/**
 * tcps_file_is_inside_line() - whether a part of a line has been returned
 * @tf: the file
 *
 * Return: true if the rest of the line is to be returned next.
 */
bool tcps_file_is_inside_line(const struct tcps_file *tf)
{
	return !tcps_file_is_queue_empty(tf) && tf->end &&
	       tf->copied > tf->begin;
}

/**
 * tcps_file_drop_queue() - forget the records that have been taken
 * @tf: the file
 *
 * A line that has been returned in part stays.
 *
 * Context: process, with the file's lock held.
 */
void tcps_file_drop_queue(struct tcps_file *tf)
{
	tf->count = tf->first + tcps_file_is_inside_line(tf);
}

/**
 * tcps_file_filter_queue() - forget those that do not match a new filter
 * @tf: the file
 * @filter: the filter; tcps_filter_check() has accepted it
 *
 * A line that has been returned in part stays.
 *
 * Context: process, with the file's lock held.
 */
void tcps_file_filter_queue(struct tcps_file *tf,
			    const struct tcpstates_filter *filter)
{
	bool inside = tcps_file_is_inside_line(tf);
	unsigned int from, to = tf->first + inside;

	for (from = to; from < tf->count; from++)
		if (tcps_filter_match(filter, &tf->queue[from]))
			tf->queue[to++] = tf->queue[from];
	tf->count = to;
	if (!inside)
		tf->end = 0;
}
