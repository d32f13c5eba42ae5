// SPDX-License-Identifier: GPL-2.0
/*
 * The search goes backwards from the end of the ring and stops at the first
 * record that matches. Times in a ring do not go back, so this record alone
 * decides which readers of a group have something new. A group without a filter
 * costs one look for each ring, whatever the load is.
 */
#include "match.h"

#include <linux/compiler.h>

/* Whether a record from number @from and time @since_ns on is overwritten. */
static bool is_overwritten(const struct tcps_ring *ring, u64 from, u64 since_ns)
{
	u64 oldest_ns;

	if (tcps_ring_holds(ring, from))
		return false;
	return !tcps_ring_read_time(ring, tcps_ring_oldest(ring), &oldest_ns) ||
	       oldest_ns > since_ns;
}

/**
 * tcps_match_latest() - time of the latest new record that matches
 * @ring: the ring
 * @from: number of the first new record
 * @to: number after the last one; moved towards @from as the search goes on
 * @since_ns: records before this time (CLOCK_BOOTTIME) need no look
 * @criteria: the criteria
 * @looks: how many records may be looked at; reduced by those that were
 *
 * If @looks is 0 afterwards and *@to is not @from, the search is not over, and
 * continues at the next call.
 *
 * Context: any.
 * Return: CLOCK_BOOTTIME of the record; 0 if no record matches among those looked
 * at; TCPS_MATCH_LOST if some of them are overwritten.
 */
u64 tcps_match_latest(const struct tcps_ring *ring, u64 from, u64 *to,
		      u64 since_ns, const struct tcps_criteria *criteria,
		      unsigned int *looks)
{
	if (*to == from)
		return 0;
	if (!tcps_ring_has_slots(ring) || is_overwritten(ring, from, since_ns))
		return TCPS_MATCH_LOST;
	while (*to != from && *looks) {
		const struct tcpstates_record *slot;
		bool passes;
		u64 boot_ns;

		slot = tcps_ring_slot(ring, *to - 1);
		boot_ns = READ_ONCE(slot->boot_ns);
		passes = !criteria->filtered ||
			 tcps_match_record(criteria, slot);
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
