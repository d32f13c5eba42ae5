// SPDX-License-Identifier: GPL-2.0
/* A connection with one or both of its ends. */
#include "ladder/flow.h"

/** flow_begins() - whether a change is the first of a connection's life */
bool flow_begins(const struct tcpstates_record *record)
{
	return (record->old_state == TCPSTATES_CLOSE ||
		record->old_state == TCPSTATES_LISTEN) &&
	       record->new_state != TCPSTATES_CLOSE &&
	       record->new_state != TCPSTATES_LISTEN;
}

/**
 * flow_add() - add what happened
 * @flow: where
 * @end: at which end of it
 * @record: the change, later than all that were added
 */
void flow_add(struct flow *flow, struct end *end,
	      const struct tcpstates_record *record)
{
	end->conn = record->conn;
	if (end->count == END_RECORDS) {
		flow->cut = true;
		/* The state it is in is never wrong. */
		end->count--;
	}
	end->order[end->count] = flow->seen++;
	end->records[end->count++] = *record;
}

/** end_state() - the state it is in; TCPSTATES_UNKNOWN if it was not seen */
unsigned int end_state(const struct end *end)
{
	return end->count ? end->records[end->count - 1].new_state :
			    TCPSTATES_UNKNOWN;
}

/**
 * flow_done() - whether nothing more is to come, at those ends that were seen
 * @flow: the connection
 * @time_wait: whether TIME_WAIT is to be waited for
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
 * end_owner() - the record that says best whose it is
 * @end: which has been seen
 *
 * Return: the last one after accept() that knows the owner; else the last one.
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
 * flow_left() - which end a picture has on its left: the one that opened it
 * @flow: the connection
 *
 * Return: 0 or 1, of the ends.
 */
int flow_left(const struct flow *flow)
{
	const struct end *first = &flow->ends[0];

	/* Of two that both opened, the first one. */
	return first->records[0].new_state == TCPSTATES_SYN_SENT ? 0 : 1;
}
