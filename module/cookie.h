/* SPDX-License-Identifier: GPL-2.0 */
/* The identity of a connection: the kernel's socket cookie. */
#ifndef _TCPS_COOKIE_H
#define _TCPS_COOKIE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>
#include <net/inet_timewait_sock.h>
#include <net/request_sock.h>
#include <net/sock.h>

u64 tcps_cookie_make(const struct sock *sk);

/**
 * tcps_cookie() - identity of any of the three structures
 * @sk: the structure; only its cookie may be written
 *
 * Made now if nobody asked for it before. The kernel copies it from a request
 * to its child (inet_csk_clone_lock()) and to a request that migrates
 * (inet_reqsk_clone()); a child must not be asked before it has got it.
 *
 * Context: any.
 * Return: the cookie.
 */
static inline u64 tcps_cookie(const struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	return likely(cookie) ? cookie : tcps_cookie_make(sk);
}

/* A minisock as a struct sock, of which only sock_common may be used. */
static inline const struct sock *
tcps_timewait_sk(const struct inet_timewait_sock *tw)
{
	return container_of(&tw->__tw_common, struct sock, __sk_common);
}

static inline u64 tcps_timewait_cookie(const struct inet_timewait_sock *tw)
{
	return tcps_cookie(tcps_timewait_sk(tw));
}

static inline u64 tcps_request_cookie(const struct request_sock *req)
{
	return tcps_cookie(req_to_sk((struct request_sock *)req));
}

#endif /* _TCPS_COOKIE_H */
