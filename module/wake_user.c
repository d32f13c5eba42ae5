// SPDX-License-Identifier: GPL-2.0
#include "wake_user.h"

#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "match.h"
#include "ring.h"
#include "round.h"
#include "sleeper.h"
#include "stream.h"
#include "wake_call.h"
#include "wake_pass.h"
#include "wake_share.h"

/* Users that have files, by user id, and the numbers of files. */
static DEFINE_HASHTABLE(users, 8);
static DEFINE_SPINLOCK(users_lock);

static struct tcps_wake_user *find_wake_user(u32 uid, bool is_privileged)
{
	struct tcps_wake_user *user;

	hash_for_each_possible(users, user, node, uid)
		if (user->uid == uid && user->is_privileged == is_privileged)
			return user;
	return NULL;
}

/* The user, or @unused in its place if there is none yet; it has one more file. */
static struct tcps_wake_user *
find_or_add_user(u32 uid, bool is_privileged, struct tcps_wake_user *unused)
{
	struct tcps_wake_user *user;

	spin_lock(&users_lock);
	user = find_wake_user(uid, is_privileged);
	if (!user && unused) {
		hash_add(users, &unused->node, uid);
		user = unused;
	}
	if (user)
		user->files++;
	spin_unlock(&users_lock);
	return user;
}

static struct tcps_wake_user *make_wake_user(u32 uid, bool is_privileged)
{
	struct tcps_wake_user *user;
	unsigned int i;

	user = kvzalloc(struct_size(user, shown, 2 * tcps_stream_ring_count()),
			GFP_KERNEL_ACCOUNT);
	if (!user)
		return NULL;
	INIT_HLIST_NODE(&user->node);
	spin_lock_init(&user->groups_lock);
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
	spin_lock_irq(&tcps_wake_lock);
	tcps_wake_share_get(user);
	spin_unlock_irq(&tcps_wake_lock);
	return user;
}

/**
 * tcps_wake_user_get() - the user that a file counts for
 * @uid: user id in the initial user namespace
 * @is_privileged: whether the file may see all connections
 *
 * No lock is held while memory is allocated, since a cgroup may make its members
 * wait for it, and for a processor.
 *
 * Context: process; may sleep.
 * Return: the user, until tcps_wake_user_put(); NULL if there is no memory.
 */
struct tcps_wake_user *tcps_wake_user_get(u32 uid, bool is_privileged)
{
	struct tcps_wake_user *user, *unused;

	user = find_or_add_user(uid, is_privileged, NULL);
	if (user)
		return user;
	unused = make_wake_user(uid, is_privileged);
	if (!unused)
		return NULL;
	user = find_or_add_user(uid, is_privileged, unused);
	if (user != unused)
		kvfree(unused);
	return user;
}

/**
 * tcps_wake_user_put() - a file of a user is closed
 * @user: the user; the file's group has been put
 *
 * Context: process; may sleep.
 */
void tcps_wake_user_put(struct tcps_wake_user *user)
{
	bool is_used;

	spin_lock(&users_lock);
	is_used = --user->files;
	if (!is_used)
		hash_del(&user->node);
	spin_unlock(&users_lock);
	if (is_used)
		return;
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

/* The group, or @unused in its place if there is none yet; it has one more file. */
static struct tcps_wake_group *
find_or_add_group(struct tcps_wake_user *user,
		  const struct tcps_criteria *criteria,
		  struct tcps_wake_group *unused)
{
	struct tcps_wake_group *group;

	spin_lock(&user->groups_lock);
	group = find_group(user, criteria);
	if (!group && unused) {
		hlist_add_head(&unused->node, bucket_of(user, criteria));
		group = unused;
	}
	if (group)
		group->files++;
	spin_unlock(&user->groups_lock);
	return group;
}

static struct tcps_wake_group *make_group(const struct tcps_criteria *criteria)
{
	struct tcps_wake_group *group;

	group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		return NULL;
	group->criteria = *criteria;
	INIT_LIST_HEAD(&group->link);
	INIT_LIST_HEAD(&group->sleepers);
	return group;
}

/**
 * tcps_wake_group_get() - the group of a user's files with certain criteria
 * @user: the user
 * @criteria: the criteria
 *
 * The memory of a group is charged by the caller: each file pays for one, since
 * there are never more groups than files. No lock is held while memory is
 * allocated.
 *
 * Context: process; may sleep.
 * Return: the group, until tcps_wake_group_put(); NULL if there is no memory.
 */
struct tcps_wake_group *
tcps_wake_group_get(struct tcps_wake_user *user,
		    const struct tcps_criteria *criteria)
{
	struct tcps_wake_group *group, *unused;

	group = find_or_add_group(user, criteria, NULL);
	if (group)
		return group;
	unused = make_group(criteria);
	if (!unused)
		return NULL;
	group = find_or_add_group(user, criteria, unused);
	if (group != unused)
		kfree(unused);
	return group;
}

/**
 * tcps_wake_group_put() - a file leaves its group
 * @user: the group's user
 * @group: the group; the file is not armed
 *
 * Context: process.
 */
void tcps_wake_group_put(struct tcps_wake_user *user,
			 struct tcps_wake_group *group)
{
	bool is_used;

	spin_lock(&user->groups_lock);
	is_used = --group->files;
	if (!is_used)
		hlist_del(&group->node);
	spin_unlock(&user->groups_lock);
	if (is_used)
		return;
	spin_lock_irq(&tcps_wake_lock);
	tcps_round_drop(user, group);
	spin_unlock_irq(&tcps_wake_lock);
	kfree(group);
}
