// SPDX-License-Identifier: GPL-2.0
/*
 * Established sockets of all namespaces are in one hash, and so are listeners. A
 * namespace may have a hash of established sockets of its own (since 6.1,
 * net.ipv4.tcp_child_ehash_entries). The namespace is referenced while its hash is
 * walked. No lock of the kernel is held between two sockets, so the creation and
 * the end of namespaces do not wait for a walk.
 */
#include "walk.h"

#include <linux/bsearch.h>
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/spinlock.h>
#include <net/inet_hashtables.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "compat.h"

/* Empty buckets in a row before a walk rests. */
#define BUCKETS_BEFORE_REST	1024U
/* For namespaces that are created while memory for their list is allocated. */
#define SPARE_NAMESPACES	16U

/* The inode numbers of the namespaces when the walk began, sorted. */
static u32 *namespaces;
static unsigned int namespace_count;

static struct inet_hashinfo *common_hash(void)
{
	return init_net.ipv4.tcp_death_row.hashinfo;
}

static int compare_numbers(const void *a, const void *b)
{
	const u32 *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static unsigned int count_namespaces(void)
{
	unsigned int count = 0;
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net)
		count++;
	up_read(&net_rwsem);
	return count;
}

/* False if there are more than @room. */
static bool list_namespaces(unsigned int room)
{
	unsigned int count = 0;
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net) {
		/* A namespace that is being removed cannot be referenced any more. */
		if (!check_net(net))
			continue;
		if (count == room)
			break;
		namespaces[count++] = net->ns.inum;
	}
	up_read(&net_rwsem);
	namespace_count = count;
	return count < room;
}

/**
 * tcps_walk_begin() - list the namespaces that exist
 *
 * Context: process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int tcps_walk_begin(void)
{
	unsigned int room;

	do {
		kvfree(namespaces);
		room = count_namespaces() + SPARE_NAMESPACES;
		namespaces = kvmalloc_array(room, sizeof(*namespaces),
					    GFP_KERNEL);
		if (!namespaces)
			return -ENOMEM;
	} while (!list_namespaces(room));
	sort(namespaces, namespace_count, sizeof(*namespaces), compare_numbers,
	     NULL);
	return 0;
}

/**
 * tcps_walk_end() - free what tcps_walk_begin() has allocated
 *
 * Context: process; may sleep.
 */
void tcps_walk_end(void)
{
	kvfree(namespaces);
	namespaces = NULL;
	namespace_count = 0;
}

/**
 * tcps_walk_has_netns() - whether a namespace existed when the walk began
 * @netns: its inode number
 *
 * Context: any.
 * Return: true if it did.
 */
bool tcps_walk_has_netns(u32 netns)
{
	return bsearch(&netns, namespaces, namespace_count, sizeof(netns),
		       compare_numbers);
}

/*
 * The namespace after @net in the kernel's list, or the first one for NULL, with a
 * reference; NULL at the end of the list. The reference to @net, which keeps it in
 * the list, is dropped.
 */
static struct net *next_namespace(struct net *net)
{
	struct list_head *node = net ? &net->list : &net_namespace_list;
	struct net *next = NULL;

	rcu_read_lock();
	do {
		node = rcu_dereference(list_next_rcu(node));
		if (node != &net_namespace_list)
			next = maybe_get_net(list_entry(node, struct net, list));
	} while (!next && node != &net_namespace_list);
	rcu_read_unlock();
	if (net)
		put_net(net);
	return next;
}

static bool walk_established(struct inet_hashinfo *hash,
			     const struct tcps_walk *walk)
{
	unsigned int i, empty = 0;

	for (i = 0; i <= hash->ehash_mask; i++) {
		struct hlist_nulls_head *chain = &hash->ehash[i].chain;
		struct hlist_nulls_node *node;
		struct sock *sk;

		if (hlist_nulls_empty(chain) && ++empty < BUCKETS_BEFORE_REST)
			continue;
		empty = 0;
		if (!walk->rest())
			return false;
		spin_lock_bh(inet_ehash_lockp(hash, i));
		sk_nulls_for_each(sk, node, chain)
			walk->visit(sk);
		spin_unlock_bh(inet_ehash_lockp(hash, i));
	}
	return true;
}

static bool walk_listeners(struct inet_hashinfo *hash,
			   const struct tcps_walk *walk)
{
	unsigned int i;

	for (i = 0; i <= hash->lhash2_mask; i++) {
		if (!walk->rest())
			return false;
		spin_lock_bh(&hash->lhash2[i].lock);
		tcps_for_each_listener(&hash->lhash2[i], walk->visit);
		spin_unlock_bh(&hash->lhash2[i].lock);
	}
	return true;
}

/* What is in the hash of a namespace that has gone is gone, too. */
static bool walk_own_hash(struct net *net, const struct tcps_walk *walk)
{
	struct inet_hashinfo *hash = net->ipv4.tcp_death_row.hashinfo;

	return walk->rest() &&
	       (hash == common_hash() || walk_established(hash, walk));
}

/*
 * A namespace that is created now is appended to the kernel's list. So those that
 * existed at the beginning are among the first @namespace_count, and a walk ends
 * however many are created meanwhile.
 */
static bool walk_namespaces(const struct tcps_walk *walk)
{
	unsigned int left = namespace_count;
	struct net *net = NULL;
	bool whole = true;

	while (whole && left-- && (net = next_namespace(net)))
		whole = walk_own_hash(net, walk);
	if (net)
		put_net(net);
	return whole;
}

/**
 * tcps_walk_run() - visit all sockets
 * @walk: how
 *
 * To be called between tcps_walk_begin() and tcps_walk_end(). A socket that stays
 * in its hash is visited once; other sockets may be missed or visited twice.
 * @walk->rest() is called at least once for every 1,024 empty buckets, every bucket
 * that is not empty, and every namespace.
 *
 * Context: process; may sleep.
 * Return: false if @walk has ended it.
 */
bool tcps_walk_run(const struct tcps_walk *walk)
{
	return walk_established(common_hash(), walk) &&
	       walk_listeners(common_hash(), walk) && walk_namespaces(walk);
}
