// SPDX-License-Identifier: GPL-2.0
/*
 * Makes entries for connections that have none: at load for all of them, later for
 * those that found no memory. All hooks are attached. If a connection changes
 * meanwhile, its hook makes the entry, which is left as it is. Otherwise the state
 * is known; the time is a lower bound, and of the owner only the user is known.
 */
#include "learn.h"

#include <linux/in.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <net/inet_sock.h>
#include <net/inet_timewait_sock.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "conn.h"
#include "cookie.h"
#include "fallback.h"
#include "life.h"
#include "pool.h"
#include "probe.h"
#include "sock.h"
#include "sock_inline.h"
#include "uapi/tcpstates.h"
#include "verify.h"
#include "walk.h"

static unsigned long missed;	/* connections that the last walk made no entry for */

static void learn_step(const struct tcps_step *step)
{
	if (!tcps_verify_learn(step))
		missed++;
}

/* The process that made the socket is not known any more; its user is. */
static void learn_full(const struct sock *sk)
{
	struct tcpstates_ident ident;
	struct tcps_step step = {
		.cookie = tcps_cookie(sk),
		.holder = sk,
		.kind = TCPS_KIND_SOCK,
		.ident = &ident,
		.flags = tcps_sock_flags(sk),
		.new = sk->sk_state,
	};

	step.family = tcps_sock_ident(&ident, sk, false);
	tcps_sock_file(&ident, sk);
	if (tcps_sock_user(&ident, sk))
		step.flags |= TCPSTATES_FLAG_UNACCEPTED;
	learn_step(&step);
	/* Its end is seen by its entry now, which has no place for the key. */
	if (tcps_fallback_in_use() && tcps_life_is_in(step.cookie, sk, step.new))
		tcps_fallback_take(TCPS_FALLBACK_OPENED, step.cookie);
}

static void learn_request(const struct request_sock *req)
{
	struct tcpstates_ident ident;
	struct tcps_step step = {
		.cookie = tcps_request_cookie(req),
		.holder = req,
		.kind = tcps_probe_request_kind(),
		.ident = &ident,
		.flags = tcps_sock_request_flags(req) |
			 TCPSTATES_FLAG_UNACCEPTED,
		.new = TCP_SYN_RECV,
	};

	step.family = tcps_sock_request_ident(&ident, req);
	learn_step(&step);
}

static void learn_timewait(const struct inet_timewait_sock *tw)
{
	struct tcpstates_ident ident;
	struct tcps_step step = {
		.cookie = tcps_timewait_cookie(tw),
		.holder = tw,
		.kind = TCPS_KIND_TIMEWAIT,
		.ident = &ident,
		.new = READ_ONCE(tw->tw_substate),
	};

	step.family = tcps_sock_timewait_ident(&ident, tw);
	learn_step(&step);
}

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
		if (sk->sk_protocol == IPPROTO_TCP && !tcps_probe_is_replaced(sk))
			learn_full(sk);
	}
}

/**
 * tcps_learn_walk() - make entries for connections that have none
 * @rest: as in struct tcps_walk
 *
 * Context: process, all hooks attached; between tcps_walk_begin() and
 * tcps_walk_end().
 * Return: false if some got no entry, or if @rest has ended the walk.
 */
bool tcps_learn_walk(bool (*rest)(void))
{
	const struct tcps_walk walk = { .visit = learn_socket, .rest = rest };
	bool whole;

	missed = 0;
	tcps_verify_learn_begin();
	whole = tcps_walk_run(&walk);
	/* Wait for handlers that recorded an end but have not unlinked yet. */
	synchronize_rcu();
	tcps_verify_learn_confirm();
	whole = whole && tcps_walk_run(&walk);
	tcps_verify_learn_end();
	return whole && !missed;
}

static bool rest_at_load(void)
{
	tcps_pool_refill();
	cond_resched();
	return true;
}

/**
 * tcps_learn_existing() - make entries for all connections that exist
 *
 * Context: process, all hooks attached.
 * Return: 0, or -ENOMEM if there is no memory for a list of the namespaces.
 */
int tcps_learn_existing(void)
{
	int ret = tcps_walk_begin();

	if (ret)
		return ret;
	tcps_learn_walk(rest_at_load);
	if (missed)
		tcps_conn_missed(missed);
	tcps_walk_end();
	tcps_fallback_loaded();
	return 0;
}
