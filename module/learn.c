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

#include <linux/in.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <net/inet_hashtables.h>
#include <net/inet_timewait_sock.h>
#include <net/net_namespace.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "compat.h"
#include "conn.h"
#include "cookie.h"
#include "life.h"
#include "look.h"
#include "pool.h"
#include "probe.h"
#include "sock.h"
#include "uapi/tcpstates.h"

/* Who made it is not known any more, but its user is. */
static void learn_full(const struct sock *sk)
{
	struct tcps_owner owner = { };
	struct tcps_tuple tuple;
	struct tcps_step step = {
		.cookie = tcps_cookie(sk),
		.holder = sk,
		.kind = TCPS_KIND_SOCK,
		.tuple = &tuple,
		.flags = tcps_look_flags(sk),
		.new = sk->sk_state,
	};

	tcps_sock_tuple(&tuple, sk, false);
	tcps_sock_file(&owner, sk);
	if (tcps_sock_user(&owner, sk))
		step.flags |= TCPSTATES_FLAG_UNACCEPTED;
	tcps_life_learn(&step, &owner);
}

static void learn_request(const struct request_sock *req)
{
	struct tcps_owner owner = { };
	struct tcps_tuple tuple;
	struct tcps_step step = {
		.cookie = tcps_request_cookie(req),
		.holder = req,
		.kind = tcps_probe_request_kind(),
		.tuple = &tuple,
		.flags = tcps_sock_request_flags(req) |
			 TCPSTATES_FLAG_UNACCEPTED,
		.new = TCP_SYN_RECV,
	};

	tcps_sock_request_tuple(&tuple, req);
	tcps_life_learn(&step, &owner);
}

static void learn_timewait(const struct inet_timewait_sock *tw)
{
	struct tcps_owner owner = { };
	struct tcps_tuple tuple;
	struct tcps_step step = {
		.cookie = tcps_cookie((const struct sock *)tw),
		.holder = tw,
		.tuple = &tuple,
		.new = READ_ONCE(tw->tw_substate),
	};

	tcps_sock_timewait_tuple(&tuple, tw);
	tcps_life_learn(&step, &owner);
}

/* The lock of the socket's hash bucket is held. */
static void learn_socket(struct sock *sk)
{
	switch (sk->sk_state) {
	case TCP_TIME_WAIT:
		learn_timewait(inet_twsk(sk));
		break;
	case TCP_NEW_SYN_RECV:
		learn_request(inet_reqsk(sk));
		break;
	default:
		if (sk->sk_protocol == IPPROTO_TCP && !tcps_probe_ghost(sk))
			learn_full(sk);
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
		tcps_pool_refill();
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
		tcps_pool_refill();
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
	tcps_life_confirm();
	walk();
	tcps_life_learned();
	tcps_probe_learned();
}
