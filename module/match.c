// SPDX-License-Identifier: GPL-2.0
/*
 * The latest record that passes is looked for, from the end of the ring
 * backwards: as times in a ring do not go back, it alone decides which readers
 * of a group have something new. So a group that wants everything costs one look
 * for each ring, whatever the load is.
 */
#include "match.h"

#include <linux/compiler.h>

#include "filter.h"

/* Of a record that may be written to at the same time. */
static bool is_wanted(const struct tcps_criteria *wanted,
		      const struct tcpstates_record *record)
{
	if (wanted->netns && wanted->netns != READ_ONCE(record->netns))
		return false;
	return tcps_filter_match(&wanted->filter, record);
}

/* Whether records from @from and @since_ns on are overwritten. */
static bool is_lost(const struct tcps_ring *ring, u64 from, u64 since_ns)
{
	u64 oldest_ns;

	if (tcps_ring_holds(ring, from))
		return false;
	return !tcps_ring_read_time(ring, tcps_ring_oldest(ring), &oldest_ns) ||
	       oldest_ns > since_ns;
}

/**
 * tcps_match_latest() - when the latest record that passes happened
 * @ring: the ring
 * @from: number of the first record to look at
 * @to: number after the last one; set to where the look has got to
 * @since_ns: records before this time need no look
 * @wanted: what passes
 * @looks: how many records may be looked at; what is left of it
 *
 * If @looks is 0 afterwards and *@to is not @from, the look is not over, and
 * goes on at the next call.
 *
 * Context: any.
 * Return: CLOCK_BOOTTIME of the record; 0 if none passes among those looked at;
 * TCPS_MATCH_LOST if some of them are overwritten.
 */
u64 tcps_match_latest(const struct tcps_ring *ring, u64 from, u64 *to,
		     u64 since_ns, const struct tcps_criteria *wanted,
		     unsigned int *looks)
{
	if (*to == from)
		return 0;
	if (!tcps_ring_has_slots(ring) || is_lost(ring, from, since_ns))
		return TCPS_MATCH_LOST;
	while (*to != from && *looks) {
		const struct tcpstates_record *slot;
		bool passes;
		u64 boot_ns;

		slot = tcps_ring_slot(ring, *to - 1);
		boot_ns = READ_ONCE(slot->boot_ns);
		passes = !wanted->filtered || is_wanted(wanted, slot);
		if (!tcps_ring_holds(ring, *to - 1))
			return TCPS_MATCH_LOST;
		--*looks;
		if (boot_ns < since_ns)
			*to = from;
		else
			--*to;
		if (passes && boot_ns >= since_ns)
			return boot_ns;
	}
	return 0;
}
