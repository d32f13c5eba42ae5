// SPDX-License-Identifier: GPL-2.0
/*
 * The age of a connection in its state is in its entry. The next record is due at the
 * smallest age above that of the last record which is the limit times a power of two.
 * So limits may change at any time, and passes may be late or divided in parts. A part
 * continues with the chain at which the last one has stopped.
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
#include "record.h"
#include "stream.h"
#include "uninitialized.h"
#include "visit.h"

/*
 * Records written with interrupts off and the lock of a chain held, some 500
 * instructions each.
 */
#define RECORDS_AT_ONCE	8U

/* The current pass. */
static bool is_going_on;
static unsigned long next_chain;
static u64 first_ns;	/* before this time none will be due, as far as it has got */

/* In seconds, by state; 0 is no limit. */
static unsigned int limits[TCPSTATES_STATE_COUNT];

/* The time of the next record of @conn, which is in a state with a limit. */
static u64 next_due_ns(const struct tcps_conn *conn)
{
	u64 age_s = limits[conn->state];

	while (age_s <= conn->stuck_s)
		age_s *= 2;
	return conn->since_ns + age_s * NSEC_PER_SEC;
}

static struct tcpstates_record *
record_stuck(struct tcps_visit *visit, struct tcps_conn *conn, u64 now_ns)
{
	struct tcpstates_record *record = tcps_stream_begin(visit->stream,
							    &visit->number);

	tcps_record_fill(record, conn, TCPSTATES_EVENT_STUCK);
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
			 tcps_record_counters(record, conn->holder, conn->kind);
	conn->stuck_s = div_u64(record->dur_ns, NSEC_PER_SEC);
	return record;
}

/*
 * Record the connections of a chain that are due, @most of them at most. Returns how
 * many; @next_ns becomes the time at which the next of the chain is due, or U64_MAX.
 */
static unsigned int record_chain(unsigned long chain, unsigned int most,
				 u64 *next_ns)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcpstates_record *record = NULL;
	struct hlist_bl_node *node;
	struct tcps_conn *conn;
	unsigned int count = 0;
	u64 now_ns;

	*next_ns = U64_MAX;
	tcps_visit_enter_chain(&visit, chain);
	now_ns = ktime_get_boottime_ns();
	hlist_bl_for_each_entry(conn, node, visit.chain, node) {
		if (!limits[conn->state])
			continue;
		if (count < most && next_due_ns(conn) <= now_ns) {
			if (record)
				tcps_stream_commit(visit.stream, visit.number);
			record = record_stuck(&visit, conn, now_ns);
			count++;
		}
		*next_ns = min(*next_ns, next_due_ns(conn));
	}
	if (*next_ns == U64_MAX)
		tcps_conn_unwatch(visit.chain);
	tcps_visit_leave(&visit, record);
	return count;
}

/* In seconds; 0 if there is no limit. */
static unsigned int shortest_limit(void)
{
	unsigned int i, found = 0;

	for (i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i] && (!found || limits[i] < found))
			found = limits[i];
	return found;
}

/**
 * tcps_stuck_watch() - set the limits
 * @new_limits: in seconds, by state; 0 is no limit
 *
 * Finds connections that are in such a state already in the whole table. A pass that
 * was going on begins anew, and does not repeat records.
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
	tcps_conn_watch_states(states);
	is_going_on = false;
}

static void begin_pass(void)
{
	unsigned int limit = shortest_limit();

	is_going_on = true;
	next_chain = 0;
	first_ns = U64_MAX;
	/* Connections that enter such a state from now on. */
	if (limit)
		first_ns = ktime_get_boottime_ns() + (u64)limit * NSEC_PER_SEC;
}

/**
 * tcps_stuck_pass() - begin or continue a pass: record connections that are due
 * @most: how many records to write at most
 * @due_ns: if the pass is over, becomes the time, CLOCK_BOOTTIME, before which no
 *	other connection can be due; U64_MAX if there is no limit
 *
 * Context: process; not while another pass or tcps_stuck_watch() runs.
 * Return: true if the pass is over; false if @most records were written, and the next
 * call continues the pass.
 */
bool tcps_stuck_pass(unsigned int most, u64 *due_ns)
{
	unsigned int count;
	u64 next_ns;

	if (!is_going_on)
		begin_pass();
	for_each_set_bit_from(next_chain, tcps_conn_watched, tcps_conn_chains()) {
		do {
			count = record_chain(next_chain,
					     min(most, RECORDS_AT_ONCE),
					     &next_ns);
			most -= count;
			if (!most)
				return false;
		} while (count);
		first_ns = min(first_ns, next_ns);
		cond_resched();
	}
	is_going_on = false;
	*due_ns = first_ns;
	return true;
}
