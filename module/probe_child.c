// SPDX-License-Identifier: GPL-2.0
/*
 * Children: the full sockets that are made from requests. A child of a request
 * that was in the hash continues the request's connection; one of TCP Fast Open
 * or of a SYN cookie begins a connection.
 */
#include "probe.h"

#include <linux/atomic.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/string.h>
#include <net/inet_sock.h>
#include <net/mptcp.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "attached.h"
#include "conn.h"
#include "cookie.h"
#include "fallback.h"
#include "life.h"
#include "probe_step.h"
#include "sock.h"
#include "uapi/tcpstates.h"

/**
 * struct child_ctx - passed from inet_csk_clone_lock() to the child's first
 *	transition
 * @cookie: of the request that the child is made from, 0 if there is none
 * @known: the request was in the hash of established sockets: its SYN_RECV has
 *	been recorded, or happened before loading
 * @ident: the child's addresses and the listener's owner, if not @known; before
 *	6.18 the addresses are not set in the child at its first transition
 * @flags: TCPSTATES_FLAG_* of the child, if not @known
 * @family: TCPSTATES_FAMILY_* of the child, if not @known
 * @cause: TCPSTATES_CAUSE_* of its first transition, if not @known
 *
 * Both calls are made in one function with bottom halves off, so they run on one
 * CPU. Where that does not hold (PREEMPT_RT since 7.x) the child is complete at
 * its first transition, and the cookie tells whether this is about it.
 *
 * Context: as probe.h says.
 */
struct child_ctx {
	u64 cookie;
	bool known;
	struct tcpstates_ident ident;
	u32 flags;
	u8 family;
	u8 cause;
};

static DEFINE_PER_CPU(struct child_ctx, child_ctxs);
static u64 unplaced;	/* children of unknown addresses; approximate */

/*
 * Whether the request was ever in the hash of established sockets: then it has
 * references. Requests of TCP Fast Open and SYN cookies get references when the
 * child exists (but cookies that BPF has checked have them).
 */
static bool was_hashed(const struct request_sock *req)
{
	return refcount_read(&req->rsk_refcnt) &&
	       !(tcps_sock_request_flags(req) & TCPSTATES_FLAG_SYNCOOKIE);
}

/* The SYN of a SYN cookie left no trace: the ACK begins the connection. */
static void set_first_cause(struct child_ctx *ctx,
			    const struct request_sock *req)
{
	ctx->flags = tcps_sock_request_flags(req) | TCPSTATES_FLAG_UNACCEPTED;
	ctx->cause = TCPSTATES_CAUSE_SYN;
	if (ctx->flags & TCPSTATES_FLAG_SYNCOOKIE)
		ctx->cause = TCPSTATES_CAUSE_ACK;
	else if (!was_hashed(req))
		ctx->flags |= TCPSTATES_FLAG_TFO;
}

/**
 * tcps_probe_child() - inet_csk_clone_lock()
 * @listener: the listener
 * @req: the request that a child is about to be made from
 *
 * The first call for a request that was never hashed: TCP Fast Open and SYN
 * cookies. Gives the request its cookie, which the child copies.
 *
 * Context: as probe.h says.
 */
void tcps_probe_child(const struct sock *listener,
		      const struct request_sock *req)
{
	struct child_ctx *ctx;
	u64 cookie;

	if (!tcps_probe_is_tcp(listener))
		return;
	cookie = tcps_request_cookie(req);
	preempt_disable_notrace();
	ctx = this_cpu_ptr(&child_ctxs);
	ctx->known = tcps_attached(TCPSTATES_HOOK_REQ_START) && was_hashed(req);
	if (!ctx->known) {
		ctx->family = tcps_sock_request_ident(&ctx->ident, req);
		tcps_life_inherit_owner(tcps_cookie(listener), listener, &ctx->ident);
		set_first_cause(ctx, req);
	}
	ctx->cookie = cookie;
	preempt_enable_notrace();
}

/* What tcps_probe_child() stored for @child, or NULL. Preemption is off. */
static struct child_ctx *child_ctx_of(const struct sock *child)
{
	struct child_ctx *ctx = this_cpu_ptr(&child_ctxs);

	if (!ctx->cookie ||
	    (inet_sk(child)->inet_dport &&
	     ctx->cookie != (u64)atomic64_read(&child->sk_cookie)))
		return NULL;
	return ctx;
}

/* The child begins its connection. */
static void begin_child(const struct sock *child, const struct child_ctx *ctx)
{
	struct tcps_step step = {
		.cookie = ctx->cookie,
		.holder = child,
		.next = child,
		.ident = &ctx->ident,
		.family = ctx->family,
		.flags = ctx->flags,
		.old = TCP_LISTEN,
		.new = TCP_SYN_RECV,
		.cause = ctx->cause,
	};

	tcps_life_begin(&step);
}

/* On RT: from what the child tells, which excludes the listener's owner. */
static void begin_complete_child(const struct sock *child)
{
	struct child_ctx ctx = {
		.cookie = tcps_cookie(child),
		.flags = TCPSTATES_FLAG_UNACCEPTED,
		.cause = TCPSTATES_CAUSE_SYN,
	};

	ctx.family = tcps_sock_ident(&ctx.ident, child, false);
	begin_child(child, &ctx);
}

/**
 * tcps_probe_child_created() - a child goes from LISTEN to SYN_RECV
 * @child: the child
 *
 * If the connection is known from the request, the transition was recorded when
 * the SYN arrived, and the request remains the holder until the child takes its
 * place (tcps_probe_request_done()). The child may fail to, if another child was
 * faster or there is no memory. Before 6.18 the child gets its cookie after this
 * call.
 *
 * Context: as probe.h says.
 */
void tcps_probe_child_created(const struct sock *child)
{
	bool complete = inet_sk(child)->inet_dport;
	struct child_ctx *ctx;
	u64 cookie = 0;
	bool known;

	preempt_disable_notrace();
	ctx = child_ctx_of(child);
	if (ctx) {
		cookie = ctx->cookie;
		known = ctx->known;
	} else {
		if (complete)
			cookie = tcps_cookie(child);
		known = cookie && tcps_life_is_tracked(cookie);
	}

	if (known && sk_is_mptcp(child))
		tcps_life_note_child(cookie);
	if (known && (tcps_conn_learning() || tcps_conn_short()) &&
	    tcps_attached(TCPSTATES_HOOK_REQ_DONE))
		tcps_fallback_add(TCPS_FALLBACK_CHILD, cookie);
	else if (!known && tcps_recording() && ctx)
		begin_child(child, ctx);
	else if (!known && tcps_recording() && complete)
		begin_complete_child(child);
	else if (!known)
		WRITE_ONCE(unplaced, READ_ONCE(unplaced) + 1);

	if (ctx)
		ctx->cookie = 0;
	preempt_enable_notrace();
}

/* A request of MPTCP that a child has replaced, or that was dropped. */
static bool is_unhashed_join(const struct request_sock *req)
{
	return rsk_is_mptcp(req) && !tcps_probe_request_is_hashed(req);
}

/**
 * tcps_probe_child_refused() - record the end of a join that MPTCP refuses
 * @child: a child without an entry, which goes from SYN_RECV to CLOSE
 * @step: that step
 * @rules: of that step
 *
 * A join without a valid HMAC, or to a connection that is gone, is refused after
 * the child has taken its request's place: subflow_syn_recv_sock() removes what
 * made it a socket of MPTCP, orphans it and calls tcp_done(), before
 * tcp_check_req() drops the request. A child that lost to a faster one goes to
 * CLOSE before it is an orphan (inet_ehash_nolisten()).
 *
 * Context: as probe.h says.
 * Return: true if it was one, and its end is recorded.
 */
bool tcps_probe_child_refused(const struct sock *child,
			      const struct tcps_step *step,
			      const struct tcps_step_rules *rules)
{
	if (!tcps_life_close_child(step, rules,
				   sock_flag(child, SOCK_DEAD) ?
				   is_unhashed_join : NULL))
		return false;
	tcps_fallback_take(TCPS_FALLBACK_CHILD, step->cookie);
	return true;
}

/* Whether the end of a child may look like the end of a connection. */
static bool is_handover_hidden(void)
{
	return !tcps_attached(TCPSTATES_HOOK_CHILD) ||
	       !tcps_attached(TCPSTATES_HOOK_REQ_DONE);
}

/**
 * tcps_probe_child_was_late() - whether another child has the request's place
 * @cookie: of a child without an entry, which goes from SYN_RECV to CLOSE
 * @has_others: there are entries with this cookie
 *
 * Context: as probe.h says.
 * Return: true if so: its CLOSE does not end the connection.
 */
bool tcps_probe_child_was_late(u64 cookie, bool has_others)
{
	if (tcps_fallback_take(TCPS_FALLBACK_CHILD, cookie) || has_others)
		return true;
	if (is_handover_hidden() &&
	    tcps_fallback_has(TCPS_FALLBACK_HALF_OPEN, cookie))
		return true;
	/* If every connection has an entry, this child has none of its own. */
	return !tcps_conn_learning() && !tcps_conn_short();
}

/**
 * tcps_probe_unplaced() - count the children that were not recorded
 *
 * Context: any.
 * Return: how many first transitions had no known addresses; approximate.
 */
u64 tcps_probe_unplaced(void)
{
	return READ_ONCE(unplaced);
}
