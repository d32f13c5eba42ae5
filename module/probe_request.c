// SPDX-License-Identifier: GPL-2.0
/*
 * Request sockets, which hold half-open connections from the SYN to the last
 * ACK of the handshake. The tracepoint sees nothing of them.
 */
#include "probe.h"

#include <linux/atomic.h>
#include <linux/list_nulls.h>
#include <net/inet_sock.h>
#include <net/mptcp.h>
#include <net/request_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "attached.h"
#include "cause.h"
#include "cookie.h"
#include "fallback.h"
#include "life.h"
#include "probe_step.h"
#include "sock.h"
#include "uninitialized.h"
#include "uapi/tcpstates.h"

/**
 * tcps_probe_request_is_hashed() - whether a request is half open
 * @req: the request
 *
 * Context: any.
 * Return: true if it is in the hash of established sockets now.
 */
bool tcps_probe_request_is_hashed(const struct request_sock *req)
{
	const struct sock *sk = req_to_sk((struct request_sock *)req);

	return !hlist_nulls_unhashed_lockless(&sk->sk_nulls_node);
}

/**
 * tcps_probe_request_kind() - how the table may use request sockets
 *
 * Context: any.
 * Return: TCPS_KIND_REQUEST, or TCPS_KIND_OTHER if their ends cannot be seen.
 */
u8 tcps_probe_request_kind(void)
{
	return tcps_attached(TCPSTATES_HOOK_REQ_FREE) ? TCPS_KIND_REQUEST :
							TCPS_KIND_OTHER;
}

/**
 * tcps_probe_request_start() - inet_csk_reqsk_queue_hash_add()
 * @listener: the listener that received the SYN
 * @req: the request, not yet in any hash
 *
 * May still fail, if another SYN of the same connection was faster;
 * tcps_probe_request_free() follows then.
 *
 * Context: as probe.h says.
 */
void tcps_probe_request_start(const struct sock *listener,
			      const struct request_sock *req)
{
	struct tcpstates_ident tcps_uninitialized ident;
	struct tcps_step step = {
		.holder = req,
		.next = req,
		.kind = tcps_probe_request_kind(),
		.ident = &ident,
		.old = TCP_LISTEN,
		.new = TCP_SYN_RECV,
		.cause = TCPSTATES_CAUSE_SYN,
	};

	if (!tcps_probe_is_tcp(listener) || !tcps_recording())
		return;
	step.cookie = tcps_request_cookie(req);
	step.flags = tcps_sock_request_flags(req) | TCPSTATES_FLAG_UNACCEPTED;
	step.family = tcps_sock_request_ident(&ident, req);
	tcps_life_inherit_owner(tcps_cookie(listener), listener, &ident);
	if (!tcps_life_begin(&step) &&
	    (tcps_attached(TCPSTATES_HOOK_REQ_FREE) ||
	     tcps_attached(TCPSTATES_HOOK_REQ_DROP)))
		tcps_fallback_add(TCPS_FALLBACK_HALF_OPEN, step.cookie);
}

/*
 * If the request was dropped before, its cause was set then. If a hook is missing,
 * the absence of a mark proves nothing.
 */
static u8 find_end_cause(const struct tcps_step *step,
			 const struct tcps_conn *conn)
{
	if (tcps_probe_is_marked(conn))
		return conn->mark;
	return tcps_attached_all(TCPS_PROBE_REQUEST_HOOKS) ?
	       TCPSTATES_CAUSE_DUPLICATE : TCPSTATES_CAUSE_UNKNOWN;
}

static const struct tcps_step_rules end_rules = {
	.read_counters = tcps_step_read_counters,
	.find_cause = find_end_cause,
};

/*
 * @half_open: the request was in that set, whose keys stand for connections without
 * an entry.
 */
static void end_request(const struct request_sock *req, bool half_open)
{
	u64 cookie = tcps_request_cookie(req);
	struct tcpstates_ident ident;
	struct tcps_step step = {
		.cookie = cookie,
		.holder = req,
		.kind = TCPS_KIND_REQUEST,
		.ident = &ident,
		.old = TCP_SYN_RECV,
		.new = TCP_CLOSE,
		.cause = TCPSTATES_CAUSE_UNKNOWN,
	};

	if (tcps_life_step(&step, &end_rules) == TCPS_STEP_UNTRACKED &&
	    !tcps_fallback_take(TCPS_FALLBACK_CHILD, cookie) && half_open) {
		step.family = tcps_sock_request_ident(&ident, req);
		tcps_life_step_untracked(&step);
	}
}

/**
 * tcps_probe_request_drop() - __inet_csk_reqsk_queue_drop()
 * @listener: the request's listener
 * @req: the request
 * @from_timer: the caller is reqsk_timer_handler()
 *
 * A child may take the request's place between this moment and the drop itself.
 * Therefore the request's end is recorded when it is freed, which follows at
 * once (tcps_probe_request_free()), if that can be seen. This hook makes sure
 * that the end of a request older than the module is recorded as well. It is
 * also called for a request that its child has replaced.
 *
 * Context: as probe.h says.
 */
void tcps_probe_request_drop(const struct sock *listener,
			     const struct request_sock *req, bool from_timer)
{
	u64 cookie;

	if (!tcps_probe_is_tcp(listener) ||
	    !tcps_attached(TCPSTATES_HOOK_REQ_START) || !tcps_recording())
		return;
	cookie = tcps_request_cookie(req);
	if (!tcps_probe_request_is_hashed(req)) {
		if (!tcps_attached(TCPSTATES_HOOK_REQ_DONE))
			tcps_fallback_take(TCPS_FALLBACK_HALF_OPEN, cookie);
		return;
	}
	if (!tcps_life_set_final_cause(cookie, req, tcps_probe_context(),
				       tcps_cause_of_drop(listener, req,
							  from_timer)))
		tcps_fallback_add(TCPS_FALLBACK_HALF_OPEN, cookie);
	if (!tcps_attached(TCPSTATES_HOOK_REQ_FREE))
		end_request(req, tcps_fallback_take(TCPS_FALLBACK_HALF_OPEN,
						    cookie));
}

/**
 * tcps_probe_request_done() - inet_csk_complete_hashdance()
 * @child: the child
 * @req: the request that it was made from
 * @own: @child has taken the place of @req; false if another child had
 *
 * Context: as probe.h says.
 */
void tcps_probe_request_done(const struct sock *child,
			     const struct request_sock *req, bool own)
{
	u64 cookie;

	if (!tcps_probe_is_tcp(child) || !own)
		return;
	cookie = tcps_request_cookie(req);
	tcps_life_set_holder(cookie, req, child);
	tcps_fallback_take(TCPS_FALLBACK_CHILD, cookie);
	tcps_fallback_take(TCPS_FALLBACK_HALF_OPEN, cookie);
}

/*
 * Whether a child of the request went into the accept queue: then the request
 * has ended before, or was never hashed. inet_csk_reqsk_queue_add() leaves the
 * child in req->sk, except for TCP Fast Open.
 */
static bool became_child(const struct request_sock *req)
{
	return req->sk && tcps_attached(TCPSTATES_HOOK_REQ_DONE);
}

/**
 * tcps_probe_request_free() - tcp_v4_reqsk_destructor() or the IPv6 function
 * @req: the request, to which there are no references any more
 *
 * The end of a half-open connection that was dropped, or was never hashed since
 * another SYN was faster. It is not the end if a child lives on that
 * tcps_probe_request_done() was not called for: one that joins a connection of
 * MPTCP.
 *
 * Context: as probe.h says.
 */
void tcps_probe_request_free(const struct request_sock *req)
{
	u64 cookie = atomic64_read(&inet_rsk(req)->ir_cookie);
	bool half_open = false;

	if (!cookie || !tcps_recording())
		return;
	if (tcps_fallback_in_use()) {
		half_open = tcps_fallback_take(TCPS_FALLBACK_HALF_OPEN, cookie);
		/* In SYN_RECV if the copy could not be made, or was not used. */
		if (tcps_fallback_take(TCPS_FALLBACK_MIGRATED,
				       (unsigned long)req) &&
		    !tcps_life_is_in(cookie, req, TCP_SYN_RECV))
			return;
	}
	if (!rsk_is_mptcp(req) && became_child(req))
		return;
	if (rsk_is_mptcp(req) && tcps_life_join(cookie, req))
		tcps_fallback_take(TCPS_FALLBACK_CHILD, cookie);
	else
		end_request(req, half_open);
}

/**
 * tcps_probe_request_migrate() - inet_reqsk_clone()
 * @req: the request; a copy with the same cookie takes its place
 *
 * Context: as probe.h says.
 */
void tcps_probe_request_migrate(const struct request_sock *req)
{
	if (!tcps_attached(TCPSTATES_HOOK_REQ_FREE))
		return;
	tcps_fallback_add(TCPS_FALLBACK_MIGRATED, (unsigned long)req);
	tcps_life_migrate(tcps_request_cookie(req), req);
}
