// SPDX-License-Identifier: GPL-2.0
/*
 * How long a connection is in its state is what its entry says, so that it does
 * not matter when a limit is set or changed: the next age that is told is always
 * the smallest of the limit, twice that, four times that, ... above the last one.
 * So it does not matter either when a pass gets to it, and in how many parts. A
 * part goes on with the chain where the last one has stopped.
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

/* Told with interrupts off and the lock of a chain held, some 500 instructions each. */
#define TELL_AT_ONCE	8U

u32 tcps_stuck_states __read_mostly;

/* The pass that is going on: where, and what is known of when the next can be due. */
static bool is_going_on;
static unsigned long next_chain;
static u64 first_ns;

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
 * Tell of connections of a chain that are due, of @most at most. Returns of how
 * many; @next_ns is when the first of the chain will be due, if any.
 */
static unsigned int look(unsigned long chain, unsigned int most, u64 *next_ns)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcpstates_record *record = NULL;
	struct hlist_bl_node *node;
	struct tcps_conn *conn;
	unsigned int told = 0;
	u64 now_ns;

	*next_ns = U64_MAX;
	tcps_step_enter_chain(&visit, chain);
	now_ns = ktime_get_boottime_ns();
	hlist_bl_for_each_entry(conn, node, visit.chain, node) {
		if (!limits[conn->state])
			continue;
		if (told < most && due_ns(conn) <= now_ns) {
			if (record)
				tcps_stream_commit(visit.stream, visit.number);
			record = tell(&visit, conn, now_ns);
			told++;
		}
		*next_ns = min(*next_ns, due_ns(conn));
	}
	if (*next_ns == U64_MAX)
		tcps_conn_unmark(visit.chain);
	tcps_step_leave(&visit, record);
	return told;
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
 * What is in such a state already is looked for in the whole table. A pass that
 * was going on begins anew; what it has told is not told again.
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
	is_going_on = false;
}

static void begin_pass(void)
{
	unsigned int limit = shortest();

	is_going_on = true;
	next_chain = 0;
	first_ns = U64_MAX;
	/* What gets into its state from now on. */
	if (limit)
		first_ns = ktime_get_boottime_ns() + (u64)limit * NSEC_PER_SEC;
}

/**
 * tcps_stuck_pass() - tell of connections that are due
 * @most: of how many at most
 * @due_ns: gets the time, CLOCK_BOOTTIME, before which no other can be due;
 *	U64_MAX if there is no limit. Written when the pass is over
 *
 * Context: process; not while another pass or tcps_stuck_watch() runs.
 * Return: true if the pass is over; false if it has told of @most, and the next
 * call goes on with it.
 */
bool tcps_stuck_pass(unsigned int most, u64 *due_ns)
{
	unsigned int told;
	u64 next_ns;

	if (!is_going_on)
		begin_pass();
	for_each_set_bit_from(next_chain, tcps_conn_marks, tcps_conn_chains()) {
		do {
			told = look(next_chain, min(most, TELL_AT_ONCE),
				    &next_ns);
			most -= told;
			if (!most)
				return false;
		} while (told);
		first_ns = min(first_ns, next_ns);
		cond_resched();
	}
	is_going_on = false;
	*due_ns = first_ns;
	return true;
}
