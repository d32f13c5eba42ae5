// SPDX-License-Identifier: GPL-2.0
/*
 * The picture of a connection, row by row. A segment that one end sent and the
 * other received is one row: there is at most one of each kind from each side.
 */
#include "ladder/rungs.h"

#include <string.h>

/** rung_time() - when it was sent, or came if that is not known; nanoseconds */
__u64 rung_time(const struct rung *rung)
{
	return (rung->sent ? rung->sent : rung->received)->boot_ns;
}

/*
 * Where an acknowledgment belongs that nobody was seen to send: before what was
 * sent from the same side and has not come yet, which may have brought it.
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

/* The same segment, of which only the other half is known; else a new one. */
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

/* What came in, knowing what had come in before at the same end. */
static enum segment received_at(const struct end *end, size_t i)
{
	const struct tcpstates_record *record = &end->records[i];

	if (record->old_state != TCPSTATES_SYN_RECV ||
	    record->cause != TCPSTATES_CAUSE_ACK)
		return segment_received(record);
	/*
	 * A SYN cookie's connection is half open only when it is complete: what
	 * comes after that has come with the same segment.
	 */
	if (record->flags & TCPSTATES_FLAG_SYNCOOKIE)
		return SEGMENT_NONE;
	/* Of two that open at once, each answers with a SYN-ACK. */
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
 * rungs_of_last() - what the last change of an end looks like alone
 * @end: the end
 * @side: where: 0 left, 1 right
 * @rungs: the rows
 *
 * Return: how many rows, 1 or 2.
 */
size_t rungs_of_last(const struct end *end, int side, struct rung rungs[2])
{
	size_t count = 0;

	append_rung(rungs, &count, end, end->count - 1, side);
	return count;
}

/**
 * rungs_of_flow() - what a connection looks like
 * @flow: the connection; the rows point into it
 * @rungs: the rows, in the order in which they began
 *
 * Return: how many rows. A row may be later than the next one, see place_of_ack().
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
