// SPDX-License-Identifier: GPL-2.0
/*
 * Timewait minisocks, which replace a full socket in FIN_WAIT2 or TIME_WAIT
 * until the connection's end. The tracepoint sees none of their states.
 */
#include "probe.h"

#include <linux/atomic.h>
#include <net/inet_timewait_sock.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "attached.h"
#include "cause.h"
#include "cookie.h"
#include "fallback.h"
#include "life.h"
#include "probe_step.h"
#include "sock.h"
#include "sock_inline.h"
#include "step.h"
#include "uninitialized.h"
#include "uapi/tcpstates.h"

/* A minisock takes the place of @sk, in another state. */
static bool replace_and_move(const struct sock *sk,
			     const struct inet_timewait_sock *tw, u8 old,
			     u8 new)
{
	struct tcps_step tcps_uninitialized step;

	tcps_probe_start_step(&step, sk, old, new);
	step.next = tw;
	return tcps_probe_move(&step) == TCPS_STEP_DONE;
}

/**
 * tcps_probe_tw_start() - inet_twsk_hashdance() or its _schedule() successor
 * @tw: the minisock, not yet in any hash
 * @sk: the full socket that it replaces, locked
 *
 * tcp_done(@sk) follows, whose CLOSE is not the end of the connection. If the
 * socket had no cookie when inet_twsk_alloc() copied it, it is copied here.
 *
 * Context: as probe.h says.
 */
void tcps_probe_tw_start(struct inet_timewait_sock *tw, const struct sock *sk)
{
	u8 old = sk->sk_state, new = tw->tw_substate;
	u64 cookie;

	if (!tcps_probe_is_tcp(sk))
		return;
	cookie = tcps_cookie(sk);
	if (!atomic64_read(&tw->tw_cookie))
		atomic64_set(&tw->tw_cookie, cookie);
	if (tcps_recording() && old == new &&
	    tcps_life_replace(cookie, sk, tw, tcps_sock_flags(sk)))
		return;
	if (tcps_recording() && old != new && replace_and_move(sk, tw, old, new))
		return;
	tcps_fallback_add(tcps_recording() ? TCPS_FALLBACK_REPLACED :
					     TCPS_FALLBACK_REPLACED_EARLY,
			  cookie);
	if (new == TCP_FIN_WAIT2 && tcps_attached(TCPSTATES_HOOK_TW_END))
		tcps_fallback_add(TCPS_FALLBACK_FIN_WAIT2, (unsigned long)tw);
	if (tcps_recording() && old != new)
		tcps_probe_untracked_move(sk, tw, old, new);
}

/* If a hook is missing, the absence of a mark proves nothing. */
static __always_inline u8 find_timewait_cause(const struct tcps_step *step,
					      const struct tcps_conn *conn)
{
	if (step->new != TCP_CLOSE)
		return TCPSTATES_CAUSE_FIN;
	if (tcps_probe_is_marked(conn))
		return conn->mark;
	return tcps_attached_all(TCPS_PROBE_TIMEWAIT_HOOKS) ?
	       tcps_cause_of_expiry(step->holder, step->old) :
	       TCPSTATES_CAUSE_UNKNOWN;
}

static const struct tcps_step_rules timewait_rules = {
	.must_match_old = true,
	.read_counters = tcps_step_read_counters,
	.find_cause = find_timewait_cause,
};

/* A step from @old to @new, if the connection's entry is in @old. */
static enum tcps_stepped timewait_step(const struct inet_timewait_sock *tw,
				       u8 old, u8 new)
{
	struct tcps_step step = {
		.cookie = tcps_timewait_cookie(tw),
		.holder = tw,
		.next = new == TCP_CLOSE ? NULL : tw,
		.kind = TCPS_KIND_TIMEWAIT,
		.old = old,
		.new = new,
	};

	return tcps_step_go(&step, &timewait_rules);
}

/* A step of a minisock whose connection has no entry. */
static void untracked_timewait_step(const struct inet_timewait_sock *tw,
				    u8 old, u8 new)
{
	struct tcpstates_ident ident;
	struct tcps_step step = {
		.cookie = tcps_timewait_cookie(tw),
		.holder = tw,
		.next = new == TCP_CLOSE ? NULL : tw,
		.kind = TCPS_KIND_TIMEWAIT,
		.ident = &ident,
		.old = old,
		.new = new,
		.cause = new == TCP_CLOSE ? TCPSTATES_CAUSE_UNKNOWN :
					    TCPSTATES_CAUSE_FIN,
	};

	step.family = tcps_sock_timewait_ident(&ident, tw);
	tcps_life_step_untracked(&step);
}

/**
 * tcps_probe_tw_rearm() - __inet_twsk_schedule()
 * @tw: the minisock
 * @rearm: false for the first call
 *
 * tcp_timewait_state_process() restarts the timer when the FIN has arrived and
 * the substate is set, and again for each segment that arrives in TIME_WAIT.
 *
 * Context: as probe.h says.
 */
void tcps_probe_tw_rearm(const struct inet_timewait_sock *tw, bool rearm)
{
	if (!rearm || READ_ONCE(tw->tw_substate) != TCP_TIME_WAIT ||
	    !tcps_recording() || !tcps_probe_is_tcp_timewait(tw))
		return;
	if (timewait_step(tw, TCP_FIN_WAIT2, TCP_TIME_WAIT) ==
	    TCPS_STEP_UNTRACKED &&
	    tcps_fallback_take(TCPS_FALLBACK_FIN_WAIT2, (unsigned long)tw))
		untracked_timewait_step(tw, TCP_FIN_WAIT2, TCP_TIME_WAIT);
}

/**
 * tcps_probe_tw_end() - inet_twsk_kill(), or tcp_twsk_destructor()
 * @tw: the minisock
 *
 * May overtake tcps_probe_tw_rearm() on another CPU; then it records the
 * transition to TIME_WAIT as well.
 *
 * Context: as probe.h says.
 */
void tcps_probe_tw_end(const struct inet_timewait_sock *tw)
{
	u8 state = READ_ONCE(tw->tw_substate);
	enum tcps_stepped stepped;
	bool was_fin_wait2;

	if (!tcps_probe_is_tcp_timewait(tw) ||
	    !tcps_attached(TCPSTATES_HOOK_TW_START))
		return;
	was_fin_wait2 = tcps_fallback_take(TCPS_FALLBACK_FIN_WAIT2,
					   (unsigned long)tw);
	if (!tcps_recording())
		return;
	stepped = timewait_step(tw, state, TCP_CLOSE);
	if (stepped == TCPS_STEP_OTHER_STATE) {
		timewait_step(tw, TCP_FIN_WAIT2, TCP_TIME_WAIT);
		timewait_step(tw, state, TCP_CLOSE);
	} else if (stepped == TCPS_STEP_UNTRACKED) {
		if (was_fin_wait2 && state == TCP_TIME_WAIT)
			untracked_timewait_step(tw, TCP_FIN_WAIT2,
						TCP_TIME_WAIT);
		untracked_timewait_step(tw, state, TCP_CLOSE);
	}
}
