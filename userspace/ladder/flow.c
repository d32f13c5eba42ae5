// SPDX-License-Identifier: GPL-2.0
/* A connection, and the changes of one or both of its ends. */
#include "ladder/flow.h"

/** flow_begins() - whether a change is the first one of a connection */
bool flow_begins(const struct tcpstates_record *record)
{
	return (record->old_state == TCPSTATES_CLOSE ||
		record->old_state == TCPSTATES_LISTEN) &&
	       record->new_state != TCPSTATES_CLOSE &&
	       record->new_state != TCPSTATES_LISTEN;
}

/**
 * flow_add() - add a change
 * @flow: the connection
 * @end: the end of it that changed
 * @record: the change, later than those added before
 */
void flow_add(struct flow *flow, struct end *end,
	      const struct tcpstates_record *record)
{
	end->conn = record->conn;
	if (end->count == END_RECORDS) {
		flow->cut = true;
		/* Replace the last one: the current state must be right. */
		end->count--;
	}
	end->order[end->count] = flow->seen++;
	end->records[end->count++] = *record;
}

/** end_state() - the current state of an end; TCPSTATES_UNKNOWN if it was not seen */
unsigned int end_state(const struct end *end)
{
	return end->count ? end->records[end->count - 1].new_state :
			    TCPSTATES_UNKNOWN;
}

/**
 * flow_done() - whether all ends that were seen have ended
 * @flow: the connection
 * @time_wait: whether an end in TIME_WAIT has not ended yet
 */
bool flow_done(const struct flow *flow, bool time_wait)
{
	int i;

	for (i = 0; i < 2; i++) {
		unsigned int state = end_state(&flow->ends[i]);

		if (state != TCPSTATES_UNKNOWN && state != TCPSTATES_CLOSE &&
		    (state != TCPSTATES_TIME_WAIT || time_wait))
			return false;
	}
	return true;
}

/**
 * end_owner() - the record that knows the owner of an end best
 * @end: an end that was seen
 *
 * Return: the last record with an owner, of those after accept() if there are any;
 * else the last record.
 */
const struct tcpstates_record *end_owner(const struct end *end)
{
	const struct tcpstates_record *best = &end->records[end->count - 1];
	size_t i;

	for (i = 0; i < end->count; i++) {
		const struct tcpstates_record *record = &end->records[i];

		if (record->known & TCPSTATES_KNOW_OWNER &&
		    (!(record->flags & TCPSTATES_FLAG_UNACCEPTED) ||
		     !(best->known & TCPSTATES_KNOW_OWNER)))
			best = record;
	}
	return best;
}

/**
 * flow_left() - the end on the left of a picture: the one that opened it
 * @flow: the connection
 *
 * Return: its index in flow->ends.
 */
int flow_left(const struct flow *flow)
{
	const struct end *first = &flow->ends[0];

	/* In a simultaneous open, the first one. */
	return first->records[0].new_state == TCPSTATES_SYN_SENT ? 0 : 1;
}
