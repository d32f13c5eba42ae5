// SPDX-License-Identifier: GPL-2.0
/*
 * How long a connection is in its state is what its entry says, so that it does
 * not matter when a limit is set or changed: the next age that is told is always
 * the smallest of the limit, twice that, four times that, ... above the last one.
 */
#include "stuck.h"

#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/time64.h>

#include "conn.h"
#include "step.h"
#include "stream.h"
#include "tell.h"
#include "uninitialized.h"

u32 tcps_stuck_states __read_mostly;

/* Seconds by state; 0 where nothing is too long. */
static unsigned int limits[TCPSTATES_STATE_COUNT];

/* When @conn, which is in a state with a limit, is to be told next. */
static u64 due_ns(const struct tcps_conn *conn)
{
	u64 age_s = limits[conn->state];

	while (age_s <= conn->stuck_s)
		age_s *= 2;
	return conn->since_ns + age_s * NSEC_PER_SEC;
}

static struct tcpstates_record *tell(struct tcps_visit *visit,
				     struct tcps_conn *conn, u64 now_ns)
{
	struct tcpstates_record *record = tcps_stream_begin(visit->stream,
							    &visit->number);

	tcps_tell(record, conn, TCPSTATES_EVENT_STUCK);
	record->old_state = conn->state;
	record->new_state = conn->state;
	record->cause = TCPSTATES_CAUSE_UNKNOWN;
	record->boot_ns = now_ns;
	record->real_ns = tcps_stream_real_ns(visit->stream, now_ns);
	record->seq = visit->number;
	record->cpu = visit->stream->cpu;
	record->dur_ns = now_ns - conn->since_ns;
	if (conn->atleast)
		record->flags |= TCPSTATES_FLAG_ATLEAST;
	record->known |= TCPSTATES_KNOW_DURATION |
			 tcps_tell_health(record, conn->holder, conn->kind);
	conn->stuck_s = div_u64(record->dur_ns, NSEC_PER_SEC);
	return record;
}

/*
 * Tell of one connection of a chain that is due. Returns whether there was one;
 * if not, @next_ns is when the first of them will be, if any.
 */
static bool look(unsigned long chain, u64 *next_ns)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcpstates_record *record = NULL;
	struct hlist_bl_node *node;
	struct tcps_conn *conn;
	u64 now_ns;

	*next_ns = U64_MAX;
	tcps_step_enter_chain(&visit, chain);
	now_ns = ktime_get_boottime_ns();
	hlist_bl_for_each_entry(conn, node, visit.chain, node) {
		if (!limits[conn->state])
			continue;
		*next_ns = min(*next_ns, due_ns(conn));
		if (*next_ns > now_ns)
			continue;
		record = tell(&visit, conn, now_ns);
		break;
	}
	if (*next_ns == U64_MAX)
		tcps_conn_unmark(visit.chain);
	tcps_step_leave(&visit, record);
	return record;
}

/* The shortest limit in seconds; 0 if there is none. */
static unsigned int shortest(void)
{
	unsigned int i, found = 0;

	for (i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i] && (!found || limits[i] < found))
			found = limits[i];
	return found;
}

/**
 * tcps_stuck_watch() - set the limits
 * @new_limits: seconds by state; 0 where nothing is too long
 *
 * What is in such a state already is looked for in the whole table.
 *
 * Context: process; not while another call of this or a pass runs.
 */
void tcps_stuck_watch(const unsigned int new_limits[TCPSTATES_STATE_COUNT])
{
	unsigned int i;
	u32 states = 0;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		limits[i] = new_limits[i];
		if (limits[i])
			states |= BIT(i);
	}
	/*
	 * A transition that still has the old value took the lock of its chain
	 * before the walk does, which then meets its connection.
	 */
	WRITE_ONCE(tcps_stuck_states, states);
	tcps_conn_mark_states(states);
}

/**
 * tcps_stuck_pass() - tell of all connections that are due
 *
 * Context: process; not while another pass or tcps_stuck_watch() runs.
 * Return: before which time, CLOCK_BOOTTIME, no other connection can be due;
 * U64_MAX if there is no limit.
 */
u64 tcps_stuck_pass(void)
{
	unsigned int limit = shortest();
	u64 first_ns = U64_MAX, next_ns;
	unsigned long chain;

	/* What gets into its state from now on. */
	if (limit)
		first_ns = ktime_get_boottime_ns() + (u64)limit * NSEC_PER_SEC;
	for_each_set_bit(chain, tcps_conn_marks, tcps_conn_chains()) {
		while (look(chain, &next_ns))
			;
		first_ns = min(first_ns, next_ns);
		cond_resched();
	}
	return first_ns;
}
