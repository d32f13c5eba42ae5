// SPDX-License-Identifier: GPL-2.0
/*
 * Walks the kernel's hashes of TCP sockets, of all network namespaces, once,
 * when the hooks are attached already. A connection that changes meanwhile is
 * known by its hook, and left as that said; of the others the state is known,
 * the time is a lower bound, and so is no more of the owner than the user.
 *
 * A minisock or request whose end was recorded before the walk came, but which
 * is unlinked after it, would be learned and never end. Two walks find these:
 * what the first has learned and the second does not meet is forgotten.
 */
#include "learn.h"

#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <net/inet_hashtables.h>
#include <net/inet_timewait_sock.h>
#include <net/net_namespace.h>
#include <net/request_sock.h>
#include <net/tcp_states.h>

#include "compat.h"
#include "conn.h"
#include "probe.h"

/* The lock of the socket's hash bucket is held. */
static void learn_socket(struct sock *sk)
{
	switch (sk->sk_state) {
	case TCP_TIME_WAIT:
		tcps_probe_learn_timewait(inet_twsk(sk));
		break;
	case TCP_NEW_SYN_RECV:
		tcps_probe_learn_request(inet_reqsk(sk));
		break;
	default:
		tcps_probe_learn_sock(sk);
	}
}

static void walk_established(struct inet_hashinfo *hash)
{
	unsigned int i;

	for (i = 0; i <= hash->ehash_mask; i++) {
		struct hlist_nulls_head *chain = &hash->ehash[i].chain;
		struct hlist_nulls_node *node;
		struct sock *sk;

		cond_resched();
		if (hlist_nulls_empty(chain))
			continue;
		spin_lock_bh(inet_ehash_lockp(hash, i));
		sk_nulls_for_each(sk, node, chain)
			learn_socket(sk);
		spin_unlock_bh(inet_ehash_lockp(hash, i));
	}
}

static void walk_listeners(struct inet_hashinfo *hash)
{
	unsigned int i;

	for (i = 0; i <= hash->lhash2_mask; i++) {
		spin_lock_bh(&hash->lhash2[i].lock);
		tcps_for_each_listener(&hash->lhash2[i], learn_socket);
		spin_unlock_bh(&hash->lhash2[i].lock);
		cond_resched();
	}
}

/*
 * A namespace may have a hash of established sockets of its own (since 6.1);
 * the hash of listeners is one for all.
 */
static void walk(void)
{
	struct inet_hashinfo *common = init_net.ipv4.tcp_death_row.hashinfo;
	struct net *net;

	walk_established(common);
	walk_listeners(common);
	down_read(&net_rwsem);
	for_each_net(net)
		if (net->ipv4.tcp_death_row.hashinfo != common)
			walk_established(net->ipv4.tcp_death_row.hashinfo);
	up_read(&net_rwsem);
}

/**
 * tcps_learn_existing() - fill the table with what is there
 *
 * Context: process, all hooks attached.
 */
void tcps_learn_existing(void)
{
	walk();
	/* Whoever has told of an end without having unlinked gets through. */
	synchronize_rcu();
	tcps_conn_doubt();
	walk();
	tcps_conn_forget();
}
