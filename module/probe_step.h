/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the probe_*.c files share: the steps of full sockets, of which most
 * transitions are made, and the rules for causes. Inline, since a step that is
 * built and used in one function needs no memory.
 *
 * Context: as probe.h says.
 */
#ifndef _TCPS_PROBE_STEP_H
#define _TCPS_PROBE_STEP_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/in.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <net/inet_timewait_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "attached.h"
#include "cause.h"
#include "conn.h"
#include "cookie.h"
#include "life.h"
#include "sock.h"
#include "sock_inline.h"
#include "step.h"
#include "uapi/tcpstates.h"

struct request_sock;

/* The hooks whose marks exclude other causes of a transition. */
#define TCPS_PROBE_CLOSE_HOOKS		(BIT(TCPSTATES_HOOK_RESET) |	\
					 BIT(TCPSTATES_HOOK_DISCONNECT) | \
					 BIT(TCPSTATES_HOOK_SHUTDOWN) |	\
					 BIT(TCPSTATES_HOOK_ABORT))
#define TCPS_PROBE_REQUEST_HOOKS	(BIT(TCPSTATES_HOOK_REQ_DROP) |	\
					 BIT(TCPSTATES_HOOK_REQ_FREE))
#define TCPS_PROBE_TIMEWAIT_HOOKS	BIT(TCPSTATES_HOOK_TW_DESCHEDULE)

static inline bool tcps_probe_is_tcp(const struct sock *sk)
{
	return sk->sk_protocol == IPPROTO_TCP;
}

/* DCCP has minisocks too, and a minisock has no sk_protocol. */
static inline bool tcps_probe_is_tcp_timewait(const struct inet_timewait_sock *tw)
{
	return !strncmp(tw->tw_prot->name, "TCP", 3);
}

/*
 * Identifies the task or softirq that runs: the same value in all calls of one
 * path through the kernel, another one on any path that runs at the same time.
 */
static __always_inline unsigned long tcps_probe_context(void)
{
	return (unsigned long)current | (in_serving_softirq() ? 1 : 0);
}

/* Whether a mark tells the cause of a transition that is made now. */
static __always_inline bool tcps_probe_is_marked(const struct tcps_conn *conn)
{
	return unlikely(conn->is_marked) &&
	       tcps_step_is_marked(conn, tcps_probe_context());
}

/*
 * Member by member: the compiler would build an initializer elsewhere and copy
 * it, for each transition.
 */
static __always_inline void tcps_probe_start_step(struct tcps_step *step,
						  const struct sock *sk,
						  u8 old, u8 new)
{
	step->cookie = tcps_cookie(sk);
	step->holder = sk;
	step->next = sk;
	step->ident = NULL;
	step->flags = tcps_sock_flags(sk);
	step->old = old;
	step->new = new;
	step->kind = TCPS_KIND_SOCK;
}

/* The cause of a step that is not to CLOSE, if nothing is marked. */
static __always_inline u8 tcps_probe_cause_of_move(const struct sock *sk,
						   u8 old, u8 new)
{
	if (new == TCP_ESTABLISHED && unlikely(tcp_sk(sk)->repair))
		return TCPSTATES_CAUSE_REPAIR;
	return tcps_move_causes[new & 15][old & 15];
}

/* Both shutdown(), which is marked, and close() lead to these states. */
static __always_inline bool tcps_probe_may_be_shutdown(u8 new)
{
	return (1U << new) & (TCPF_FIN_WAIT1 | TCPF_LAST_ACK);
}

/*
 * The functions of the rules are inlined in step.h, and do not pass on @step, which
 * therefore needs no memory.
 */

static __always_inline u32
tcps_probe_read_counters(struct tcpstates_record *record,
			 const struct tcps_step *step, u32 *known)
{
	if (likely(tcps_has_all_counters(step->old, step->new)))
		*known |= tcps_sock_all_counters(record, step->holder);
	else
		*known |= tcps_sock_some_counters(record, step->holder);
	return tcps_sock_flags(step->holder);
}

static __always_inline u8 tcps_probe_find_move_cause(const struct tcps_step *step,
						     const struct tcps_conn *conn)
{
	if (tcps_probe_may_be_shutdown(step->new)) {
		if (tcps_probe_is_marked(conn))
			return conn->mark;
		/* If the hook is missing, the absence of a mark proves nothing. */
		if (!tcps_attached(TCPSTATES_HOOK_SHUTDOWN))
			return TCPSTATES_CAUSE_UNKNOWN;
	}
	return tcps_probe_cause_of_move(step->holder, step->old, step->new);
}

/* Record a step of a full socket that is not to CLOSE. */
static __always_inline enum tcps_stepped
tcps_probe_move(const struct tcps_step *step)
{
	static const struct tcps_step_rules rules = {
		.read_counters = tcps_probe_read_counters,
		.find_cause = tcps_probe_find_move_cause,
	};

	return tcps_step_go(step, &rules);
}

/* probe_sock.c */
noinline void tcps_probe_untracked_move(const struct sock *sk, const void *next,
					u8 old, u8 new);

/* probe_child.c */
void tcps_probe_child_created(const struct sock *child);
bool tcps_probe_child_refused(const struct sock *child,
			      const struct tcps_step *step,
			      const struct tcps_step_rules *rules);
bool tcps_probe_child_was_late(u64 cookie, bool has_others);

/* probe_request.c */
bool tcps_probe_request_is_hashed(const struct request_sock *req);

#endif /* _TCPS_PROBE_STEP_H */
