// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that open files make the module take is charged to the user who opened
 * the file, before it is allocated. Three limits hold at any time: for all files,
 * for the files of all users without privilege, and for those of one such user. So
 * no user without privilege can take more than its share from the others, and all
 * of them together leave some to the administrator who looks for the cause.
 *
 * The kernel's allocator rounds up to a power of two, and so do the charges. Not
 * charged are struct tcps_user and struct tcps_wake_user, of which there is one
 * for each user id; a user cannot make more of these by opening files.
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

/* Shares of one user without privilege, and of all of them. */
#define USER_SHARE	4
#define USERS_SHARE(all)	((all) / 4 * 3)

/* Nothing is allocated under it: an allocation may wait for a full cgroup. */
static DEFINE_MUTEX(charge_lock);
static LIST_HEAD(users);
static u64 files_open;
static u64 files_bytes;		/* charged for all files */
static u64 users_bytes;		/* of that, for users without privilege */
static u64 files_refused;
static u64 files_bytes_max;	/* set once */

/**
 * tcps_charge_init() - set the limits
 * @mib: limit for all files in MiB; 0 chooses
 * @conn_mib: limit of the table of connections in MiB
 *
 * The chosen limit is 1/32 of the machine's memory, up to 64 MiB; but at least
 * half of @conn_mib, so that a snapshot of a full table fits into the share of one
 * user.
 *
 * Context: process, before the device appears.
 * Return: 0, or -EINVAL if @mib is out of range.
 */
int tcps_charge_init(unsigned int mib, unsigned int conn_mib)
{
	u64 memory = (u64)totalram_pages() << PAGE_SHIFT;

	if (mib > TCPS_FILES_MIB_MAX) {
		pr_err("files_mib=%u: must be 0 or 1 to %u\n", mib,
		       TCPS_FILES_MIB_MAX);
		return -EINVAL;
	}
	files_bytes_max = (u64)mib << 20;
	if (!mib)
		files_bytes_max = max(min(memory / MEMORY_SHARE, MOST_CHOSEN),
				      ((u64)conn_mib << 20) / 2);
	return 0;
}

/**
 * tcps_charge_mib() - the limit for all files
 *
 * Context: any, after tcps_charge_init().
 * Return: MiB, rounded down.
 */
unsigned int tcps_charge_mib(void)
{
	return files_bytes_max >> 20;
}

static struct tcps_user *find_charged_user(u32 uid, bool privileged)
{
	struct tcps_user *user;

	lockdep_assert_held(&charge_lock);
	list_for_each_entry(user, &users, node)
		if (user->uid == uid && user->privileged == privileged)
			return user;
	return NULL;
}

static struct tcps_user *make_charged_user(u32 uid, bool privileged)
{
	struct tcps_user *user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);

	if (user) {
		user->uid = uid;
		user->privileged = privileged;
	}
	return user;
}

/**
 * tcps_charge_open() - a file is opened
 * @uid: user id in the initial user namespace
 * @privileged: only the limit for all files holds
 *
 * Context: process; may sleep.
 * Return: the user, until tcps_charge_close(); NULL if there is no memory.
 */
struct tcps_user *tcps_charge_open(u32 uid, bool privileged)
{
	struct tcps_user *fresh = make_charged_user(uid, privileged), *user;

	mutex_lock(&charge_lock);
	user = find_charged_user(uid, privileged);
	if (!user && fresh) {
		swap(user, fresh);
		list_add(&user->node, &users);
	}
	if (user) {
		user->files++;
		files_open++;
	}
	mutex_unlock(&charge_lock);
	kfree(fresh);
	return user;
}

/**
 * tcps_charge_close() - a file is closed
 * @user: what tcps_charge_open() returned; all that was charged for the file has
 *	been freed or released
 *
 * Context: process; may sleep.
 */
void tcps_charge_close(struct tcps_user *user)
{
	bool is_last;

	mutex_lock(&charge_lock);
	files_open--;
	is_last = !--user->files;
	if (is_last)
		list_del(&user->node);
	mutex_unlock(&charge_lock);
	if (is_last) {
		WARN_ON_ONCE(user->bytes);
		kfree(user);
	}
}

static u64 room_of(const struct tcps_user *user)
{
	u64 room = files_bytes_max - files_bytes;

	lockdep_assert_held(&charge_lock);
	if (user->privileged)
		return room;
	room = min(room, USERS_SHARE(files_bytes_max) - users_bytes);
	return min(room, files_bytes_max / USER_SHARE - user->bytes);
}

static u64 cost_of(size_t size)
{
	return roundup_pow_of_two(size);
}

/**
 * tcps_charge_reserve() - charge memory that is allocated elsewhere
 * @user: the user who opened the file
 * @size: bytes; not 0
 *
 * Context: process; may sleep.
 * Return: false if a limit would be exceeded; then nothing is charged.
 */
bool tcps_charge_reserve(struct tcps_user *user, size_t size)
{
	u64 cost = cost_of(size);
	bool fits;

	mutex_lock(&charge_lock);
	fits = cost <= room_of(user);
	if (fits) {
		files_bytes += cost;
		user->bytes += cost;
		if (!user->privileged)
			users_bytes += cost;
	} else {
		files_refused++;
	}
	mutex_unlock(&charge_lock);
	return fits;
}

/**
 * tcps_charge_release() - take back what tcps_charge_reserve() has charged
 * @user: the user who opened the file
 * @size: bytes, as in tcps_charge_reserve()
 *
 * Context: process; may sleep.
 */
void tcps_charge_release(struct tcps_user *user, size_t size)
{
	u64 cost = cost_of(size);

	mutex_lock(&charge_lock);
	files_bytes -= cost;
	user->bytes -= cost;
	if (!user->privileged)
		users_bytes -= cost;
	mutex_unlock(&charge_lock);
}

/**
 * tcps_charge_alloc() - allocate and charge memory for a file
 * @user: the user who opened the file
 * @size: bytes; not 0
 *
 * Context: process; may sleep.
 * Return: zeroed memory; NULL if there is none, or if a limit would be exceeded.
 */
void *tcps_charge_alloc(struct tcps_user *user, size_t size)
{
	void *memory;

	if (!tcps_charge_reserve(user, size))
		return NULL;
	memory = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!memory)
		tcps_charge_release(user, size);
	return memory;
}

/**
 * tcps_charge_free() - free memory, and take back its charge
 * @user: the user who opened the file
 * @memory: what tcps_charge_alloc() returned, or NULL
 * @size: bytes, as in tcps_charge_alloc()
 *
 * Context: process; may sleep.
 */
void tcps_charge_free(struct tcps_user *user, void *memory, size_t size)
{
	if (!memory)
		return;
	kvfree(memory);
	tcps_charge_release(user, size);
}

/**
 * tcps_charge_stats() - fill in the statistics of open files
 * @account: the members files* are written
 *
 * Context: process; may sleep.
 */
void tcps_charge_stats(struct tcpstates_account *account)
{
	mutex_lock(&charge_lock);
	account->files = files_open;
	account->files_bytes = files_bytes;
	account->files_bytes_max = files_bytes_max;
	account->files_bytes_user_max = files_bytes_max / USER_SHARE;
	account->files_refused = files_refused;
	mutex_unlock(&charge_lock);
}
