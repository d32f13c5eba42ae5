// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that somebody can make the module take by what he does with open
 * files is charged to the user who opened the file, before it is allocated. Three
 * bounds hold at any time: what all files have, what those of all users without
 * privilege have, and what those of one such user have. So nobody without
 * privilege can take from the others more than his share, and all of them
 * together leave something to the administrator who looks for the cause.
 *
 * What is charged is what the kernel's allocator takes, which rounds up to a power
 * of two. Not charged are struct tcps_user and, in wake.c, its like and the group of
 * each filter: a few hundred bytes for each file at most, which is some thirty times
 * as large.
 */
#include "charge.h"

#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>

/* Bytes; see tcps_charge_init(). */
#define MOST_CHOSEN	(64ULL << 20)
#define MEMORY_SHARE	32

/* What one user without privilege may have of all, and all of these. */
#define USER_SHARE	4
#define USERS_SHARE(most)	((most) / 4 * 3)

/* Nothing is allocated under it: that may take as long as a cgroup's memory does. */
static DEFINE_MUTEX(lock);
static LIST_HEAD(users);
static u64 files;
static u64 bytes;		/* of all files */
static u64 users_bytes;		/* of those of users without privilege */
static u64 refused;
static u64 most;		/* what @bytes may be; set once */

/**
 * tcps_charge_init() - say how much memory open files may have
 * @mib: in MiB; 0 chooses
 * @conn_mib: bound of the table of connections, in MiB
 *
 * Chosen is 1/32 of the machine's memory, but 64 MiB at most; and half of
 * @conn_mib at least, so that one user's share holds a snapshot of a full table.
 *
 * Context: before any file is opened.
 * Return: 0, or -EINVAL if @mib is out of bounds.
 */
int tcps_charge_init(unsigned int mib, unsigned int conn_mib)
{
	u64 memory = (u64)totalram_pages() << PAGE_SHIFT;

	if (mib > TCPS_FILES_MIB_MAX) {
		pr_err("files_mib=%u: must be 0 or 1 to %u\n", mib,
		       TCPS_FILES_MIB_MAX);
		return -EINVAL;
	}
	most = (u64)mib << 20;
	if (!mib)
		most = max(min(memory / MEMORY_SHARE, MOST_CHOSEN),
			   ((u64)conn_mib << 20) / 2);
	return 0;
}

/**
 * tcps_charge_mib() - how much memory open files may have
 *
 * Return: MiB, rounded down.
 */
unsigned int tcps_charge_mib(void)
{
	return most >> 20;
}

static struct tcps_user *find(u32 uid, bool privileged)
{
	struct tcps_user *user;

	lockdep_assert_held(&lock);
	list_for_each_entry(user, &users, node)
		if (user->uid == uid && user->privileged == privileged)
			return user;
	return NULL;
}

static struct tcps_user *make_user(u32 uid, bool privileged)
{
	struct tcps_user *user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);

	if (user) {
		user->uid = uid;
		user->privileged = privileged;
	}
	return user;
}

/**
 * tcps_charge_open() - somebody opens a file
 * @uid: who
 * @privileged: whether only the bound for all holds for him
 *
 * Return: the user, until tcps_charge_close(); NULL if there is no memory.
 */
struct tcps_user *tcps_charge_open(u32 uid, bool privileged)
{
	struct tcps_user *fresh = make_user(uid, privileged), *user;

	mutex_lock(&lock);
	user = find(uid, privileged);
	if (!user && fresh) {
		swap(user, fresh);
		list_add(&user->node, &users);
	}
	if (user) {
		user->files++;
		files++;
	}
	mutex_unlock(&lock);
	kfree(fresh);
	return user;
}

/**
 * tcps_charge_close() - one file is closed
 * @user: who had opened it; all that the file had is freed
 */
void tcps_charge_close(struct tcps_user *user)
{
	bool is_last;

	mutex_lock(&lock);
	files--;
	is_last = !--user->files;
	if (is_last)
		list_del(&user->node);
	mutex_unlock(&lock);
	if (is_last) {
		WARN_ON_ONCE(user->bytes);
		kfree(user);
	}
}

static u64 room_of(const struct tcps_user *user)
{
	u64 room = most - bytes;

	lockdep_assert_held(&lock);
	if (user->privileged)
		return room;
	room = min(room, USERS_SHARE(most) - users_bytes);
	return min(room, most / USER_SHARE - user->bytes);
}

static u64 cost_of(size_t size)
{
	return roundup_pow_of_two(size);
}

static bool charge(struct tcps_user *user, u64 cost)
{
	bool fits;

	mutex_lock(&lock);
	fits = cost <= room_of(user);
	if (fits) {
		bytes += cost;
		user->bytes += cost;
		if (!user->privileged)
			users_bytes += cost;
	} else {
		refused++;
	}
	mutex_unlock(&lock);
	return fits;
}

static void uncharge(struct tcps_user *user, u64 cost)
{
	mutex_lock(&lock);
	bytes -= cost;
	user->bytes -= cost;
	if (!user->privileged)
		users_bytes -= cost;
	mutex_unlock(&lock);
}

/**
 * tcps_charge_alloc() - memory for a file
 * @user: who opened the file
 * @size: bytes; not 0
 *
 * Return: zeroed memory, or NULL: there is none, or a bound is reached.
 */
void *tcps_charge_alloc(struct tcps_user *user, size_t size)
{
	void *memory;

	if (!charge(user, cost_of(size)))
		return NULL;
	memory = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!memory)
		uncharge(user, cost_of(size));
	return memory;
}

/**
 * tcps_charge_free() - give it back
 * @user: who opened the file
 * @memory: what tcps_charge_alloc() returned, or NULL
 * @size: how much was asked for
 */
void tcps_charge_free(struct tcps_user *user, void *memory, size_t size)
{
	if (!memory)
		return;
	kvfree(memory);
	uncharge(user, cost_of(size));
}

/**
 * tcps_charge_stats() - fill in what is known here
 * @account: where to; the members files* are written
 */
void tcps_charge_stats(struct tcpstates_account *account)
{
	mutex_lock(&lock);
	account->files = files;
	account->files_bytes = bytes;
	account->files_bytes_max = most;
	account->files_bytes_user_max = most / USER_SHARE;
	account->files_refused = refused;
	mutex_unlock(&lock);
}
