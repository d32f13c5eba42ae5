// SPDX-License-Identifier: GPL-2.0
/*
 * Established sockets of all namespaces are in one hash, and so are listeners. A
 * namespace may have a hash of established sockets of its own (since 6.1,
 * net.ipv4.tcp_child_ehash_entries). It is kept from going while that is walked,
 * for as long as that takes: no other lock of the kernel is held meanwhile, so
 * neither the creation nor the end of other namespaces waits for a walk.
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
/* For namespaces that appear while memory for their list is allocated. */
#define SPARE_NAMESPACES	16U

/**
 * struct namespace - a network namespace when the walk began
 * @netns: inode number
 * @has_hash: it has a hash of its own
 */
struct namespace {
	u32 netns;
	bool has_hash;
};

static struct namespace *namespaces;	/* by number */
static unsigned int namespace_count;

static struct inet_hashinfo *common_hash(void)
{
	return init_net.ipv4.tcp_death_row.hashinfo;
}

static int compare(const void *a, const void *b)
{
	const struct namespace *left = a, *right = b;

	return left->netns < right->netns ? -1 : left->netns > right->netns;
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
		/* One that goes is listed still, and cannot be held any more. */
		if (!check_net(net))
			continue;
		if (count == room)
			break;
		namespaces[count++] = (struct namespace) {
			.netns = net->ns.inum,
			.has_hash = net->ipv4.tcp_death_row.hashinfo !=
				    common_hash(),
		};
	}
	up_read(&net_rwsem);
	namespace_count = count;
	return count < room;
}

/**
 * tcps_walk_begin() - list the namespaces that there are
 *
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
	sort(namespaces, namespace_count, sizeof(*namespaces), compare, NULL);
	return 0;
}

/**
 * tcps_walk_end() - free what tcps_walk_begin() has allocated
 */
void tcps_walk_end(void)
{
	kvfree(namespaces);
	namespaces = NULL;
	namespace_count = 0;
}

/**
 * tcps_walk_has_netns() - whether a namespace was there when the walk began
 * @netns: its inode number
 *
 * Context: any.
 * Return: true if it was.
 */
bool tcps_walk_has_netns(u32 netns)
{
	const struct namespace key = { .netns = netns };

	return bsearch(&key, namespaces, namespace_count, sizeof(key), compare);
}

/* The namespace, held; NULL if it has gone. */
static struct net *get_namespace(u32 netns)
{
	struct net *net, *found = NULL;

	rcu_read_lock();
	for_each_net_rcu(net) {
		if (net->ns.inum != netns)
			continue;
		found = maybe_get_net(net);
		break;
	}
	rcu_read_unlock();
	return found;
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

static bool walk_own(u32 netns, const struct tcps_walk *walk)
{
	struct net *net = get_namespace(netns);
	bool whole;

	if (!net)
		return true;	/* what is in its hash is gone, or going */
	whole = walk_established(net->ipv4.tcp_death_row.hashinfo, walk);
	put_net(net);
	return whole;
}

/**
 * tcps_walk_run() - visit all sockets
 * @walk: how
 *
 * Between tcps_walk_begin() and tcps_walk_end(). What is in its hash all the while
 * is visited once; other sockets may be missed or visited twice.
 *
 * Return: false if @walk has ended it before.
 */
bool tcps_walk_run(const struct tcps_walk *walk)
{
	unsigned int i;

	if (!walk_established(common_hash(), walk) ||
	    !walk_listeners(common_hash(), walk))
		return false;
	for (i = 0; i < namespace_count; i++)
		if (namespaces[i].has_hash &&
		    !walk_own(namespaces[i].netns, walk))
			return false;
	return true;
}
