// SPDX-License-Identifier: GPL-2.0
/*
 * The rows of a picture of a connection. A segment that one end sent and the other
 * received is one row: each side sends at most one of each kind.
 */
#include "ladder/rungs.h"

#include <string.h>

/** rung_time() - when a segment was sent, else when it was received; nanoseconds */
__u64 rung_time(const struct rung *rung)
{
	return (rung->sent ? rung->sent : rung->received)->boot_ns;
}

/*
 * The position of a segment of which only the arrival is known. An ACK of a FIN belongs
 * before segments that the same side has sent and that have not arrived: they may
 * have carried it.
 */
static size_t place_of_ack(const struct rung *rungs, size_t count,
			   enum segment segment, int from)
{
	size_t i = count;

	if (segment != SEGMENT_FIN_ACKED)
		return count;
	while (i && rungs[i - 1].segment && rungs[i - 1].from == from &&
	       !rungs[i - 1].received)
		i--;
	return i;
}

/* Finds the row of which only the other half is known, or inserts a new one. */
static struct rung *find_or_insert(struct rung *rungs, size_t *count,
				   enum segment segment, int from, bool arrival)
{
	struct rung *rung;
	size_t i;

	for (i = 0; i < *count; i++) {
		rung = &rungs[i];
		if (rung->segment == segment && rung->from == from &&
		    !(arrival ? rung->received : rung->sent))
			return rung;
	}
	i = arrival ? place_of_ack(rungs, *count, segment, from) : *count;
	rung = &rungs[i];
	memmove(rung + 1, rung, (*count - i) * sizeof(*rung));
	*rung = (struct rung) { .segment = segment, .from = from };
	(*count)++;
	return rung;
}

/* The segment that caused a change, given the earlier changes of the same end. */
static enum segment received_at(const struct end *end, size_t i)
{
	const struct tcpstates_record *record = &end->records[i];

	if (record->old_state != TCPSTATES_SYN_RECV ||
	    record->cause != TCPSTATES_CAUSE_ACK)
		return segment_received(record);
	/*
	 * A connection by SYN cookie enters SYN_RECV only when it is complete: the
	 * next change was caused by the same segment.
	 */
	if (record->flags & TCPSTATES_FLAG_SYNCOOKIE)
		return SEGMENT_NONE;
	/* In a simultaneous open, both ends send a SYN-ACK. */
	return i && end->records[i - 1].old_state == TCPSTATES_SYN_SENT ?
	       SEGMENT_SYN_ACK : SEGMENT_ACK;
}

static void append_rung(struct rung *rungs, size_t *count, const struct end *end,
			size_t i, int side)
{
	const struct tcpstates_record *record = &end->records[i];
	enum segment received = received_at(end, i);
	enum segment sent = segment_sent(record);
	struct rung *rung;

	if (received) {
		rung = find_or_insert(rungs, count, received, !side, true);
		rung->received = record;
		rung->change[side] = record;
	}
	if (!sent && received)
		return;
	if (sent) {
		rung = find_or_insert(rungs, count, sent, side, false);
	} else {
		rung = &rungs[(*count)++];
		*rung = (struct rung) { .from = side };
	}
	rung->sent = record;
	if (!received)
		rung->change[side] = record;
}

/**
 * rungs_of_last() - the rows of the last change of an end
 * @end: the end
 * @side: its side: 0 left, 1 right
 * @rungs: filled in
 *
 * Return: number of rows, 1 or 2.
 */
size_t rungs_of_last(const struct end *end, int side, struct rung rungs[2])
{
	size_t count = 0;

	append_rung(rungs, &count, end, end->count - 1, side);
	return count;
}

/**
 * rungs_of_flow() - the rows of a connection
 * @flow: the connection; the rows point into it
 * @rungs: filled in, in the order in which they began
 *
 * Return: number of rows. A row may be later than the next one, see place_of_ack().
 */
size_t rungs_of_flow(const struct flow *flow, struct rung rungs[RUNGS_MAX])
{
	size_t next[2] = { 0 }, count = 0;
	int left = flow_left(flow);

	for (;;) {
		const struct end *best = NULL;
		int i, which = 0;

		for (i = 0; i < 2; i++) {
			const struct end *end = &flow->ends[i];

			if (next[i] == end->count)
				continue;
			if (!best || end->order[next[i]] < best->order[next[which]]) {
				best = end;
				which = i;
			}
		}
		if (!best)
			return count;
		append_rung(rungs, &count, best, next[which]++, which != left);
	}
}
