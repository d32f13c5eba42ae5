// SPDX-License-Identifier: GPL-2.0
#include "wake_user.h"

#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "match.h"
#include "ring.h"
#include "round.h"
#include "sleeper.h"
#include "stream.h"
#include "wake_pass.h"

/* @users, the buckets of each, and the numbers of files. */
DEFINE_MUTEX(tcps_wake_users_lock);

static LIST_HEAD(users);

static struct tcps_wake_user *find_wake_user(u32 uid, bool is_privileged)
{
	struct tcps_wake_user *user;

	list_for_each_entry(user, &users, link)
		if (user->uid == uid && user->is_privileged == is_privileged)
			return user;
	return NULL;
}

static struct tcps_wake_user *make_wake_user(u32 uid, bool is_privileged)
{
	struct tcps_wake_user *user;
	unsigned int i;

	user = kvzalloc(struct_size(user, shown, 2 * tcps_stream_ring_count()),
			GFP_KERNEL_ACCOUNT);
	if (!user)
		return NULL;
	INIT_LIST_HEAD(&user->link);
	INIT_LIST_HEAD(&user->waiting);
	INIT_LIST_HEAD(&user->groups);
	INIT_LIST_HEAD(&user->todo);
	INIT_LIST_HEAD(&user->calling);
	for (i = 0; i < TCPS_WAKE_BUCKETS; i++)
		INIT_HLIST_HEAD(&user->buckets[i]);
	for (i = 0; i < tcps_stream_ring_count(); i++)
		user->shown[i] = tcps_ring_head(tcps_stream_rings()[i]);
	user->uid = uid;
	user->is_privileged = is_privileged;
	return user;
}

/**
 * tcps_wake_user_get() - the user that a file counts for
 * @uid: user id in the initial user namespace
 * @is_privileged: whether the file may see all connections
 *
 * Context: process, with tcps_wake_users_lock held; may sleep.
 * Return: the user, until tcps_wake_user_put(); NULL if there is no memory.
 */
struct tcps_wake_user *tcps_wake_user_get(u32 uid, bool is_privileged)
{
	struct tcps_wake_user *user;

	lockdep_assert_held(&tcps_wake_users_lock);
	user = find_wake_user(uid, is_privileged);
	if (!user) {
		user = make_wake_user(uid, is_privileged);
		if (!user)
			return NULL;
		list_add(&user->link, &users);
	}
	user->files++;
	return user;
}

/**
 * tcps_wake_user_put() - a file of a user is closed
 * @user: the user; the file's group has been put
 *
 * Context: process, with tcps_wake_users_lock held.
 */
void tcps_wake_user_put(struct tcps_wake_user *user)
{
	lockdep_assert_held(&tcps_wake_users_lock);
	if (--user->files)
		return;
	list_del(&user->link);
	spin_lock_irq(&tcps_wake_lock);
	tcps_wake_pass_forget(user);
	spin_unlock_irq(&tcps_wake_lock);
	kvfree(user);
}

static struct hlist_head *bucket_of(struct tcps_wake_user *user,
				    const struct tcps_criteria *criteria)
{
	BUILD_BUG_ON(sizeof(criteria->filter) % sizeof(u32));
	return &user->buckets[jhash2((const u32 *)&criteria->filter,
				     sizeof(criteria->filter) / sizeof(u32),
				     criteria->netns) % TCPS_WAKE_BUCKETS];
}

static struct tcps_wake_group *find_group(struct tcps_wake_user *user,
					  const struct tcps_criteria *criteria)
{
	struct tcps_wake_group *group;

	hlist_for_each_entry(group, bucket_of(user, criteria), node)
		if (group->criteria.netns == criteria->netns &&
		    !memcmp(&group->criteria.filter, &criteria->filter,
			    sizeof(criteria->filter)))
			return group;
	return NULL;
}

/**
 * tcps_wake_group_get() - the group of a user's files with certain criteria
 * @user: the user
 * @criteria: the criteria
 *
 * The memory of a group is charged by the caller: each file pays for one, since
 * there are never more groups than files.
 *
 * Context: process, with tcps_wake_users_lock held; may sleep.
 * Return: the group, until tcps_wake_group_put(); NULL if there is no memory.
 */
struct tcps_wake_group *
tcps_wake_group_get(struct tcps_wake_user *user,
		    const struct tcps_criteria *criteria)
{
	struct tcps_wake_group *group = find_group(user, criteria);

	lockdep_assert_held(&tcps_wake_users_lock);
	if (!group) {
		group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
		if (!group)
			return NULL;
		group->criteria = *criteria;
		INIT_LIST_HEAD(&group->link);
		INIT_LIST_HEAD(&group->sleepers);
		hlist_add_head(&group->node, bucket_of(user, criteria));
	}
	group->files++;
	return group;
}

/**
 * tcps_wake_group_put() - a file leaves its group
 * @user: the group's user
 * @group: the group; the file is not armed
 *
 * Context: process, with tcps_wake_users_lock held.
 */
void tcps_wake_group_put(struct tcps_wake_user *user,
			 struct tcps_wake_group *group)
{
	lockdep_assert_held(&tcps_wake_users_lock);
	if (--group->files)
		return;
	hlist_del(&group->node);
	spin_lock_irq(&tcps_wake_lock);
	tcps_round_drop(user, group);
	spin_unlock_irq(&tcps_wake_lock);
	kfree(group);
}
