/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a reader may see and wants to see, and the latest new record of a ring
 * that matches. It knows records and filters, not readers.
 */
#ifndef _TCPS_MATCH_H
#define _TCPS_MATCH_H

#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/types.h>

#include "filter.h"
#include "ring.h"
#include "uapi/tcpstates.h"

/* In place of a time: records that might have matched are overwritten. */
#define TCPS_MATCH_LOST	U64_MAX

/**
 * struct tcps_criteria - what a reader may see and wants to see
 * @netns: inode number of the only namespace that it may see; 0 for all
 * @filtered: @netns or @filter hold something back
 * @born_ns: when that namespace was created (CLOCK_BOOTTIME). An earlier one may
 *	have had the same number
 * @filter: what it wants; tcps_filter_check() has accepted it
 */
struct tcps_criteria {
	u32 netns;
	bool filtered;
	u64 born_ns;
	struct tcpstates_filter filter;
};

/**
 * tcps_criteria_init() - fill in criteria
 * @criteria: the criteria
 * @netns: inode number of the only namespace that may be seen; 0 for all
 * @born_ns: when it was created; 0 if all records looked at are newer
 * @filter: the filter; tcps_filter_check() has accepted it
 *
 * Context: any.
 */
static inline void tcps_criteria_init(struct tcps_criteria *criteria, u32 netns,
				      u64 born_ns,
				      const struct tcpstates_filter *filter)
{
	criteria->netns = netns;
	criteria->born_ns = born_ns;
	criteria->filtered = netns || !tcps_filter_is_empty(filter);
	criteria->filter = *filter;
}

/*
 * Whether a record is of the namespace that may be seen. The state that a record
 * ends began in its namespace, so it cannot be older than that. How old it is, is
 * not known of an end that was not seen: it may be of an earlier namespace.
 */
static inline bool tcps_match_netns(const struct tcps_criteria *criteria,
				    const struct tcpstates_record *record)
{
	return criteria->netns == READ_ONCE(record->netns) &&
	       READ_ONCE(record->cause) != TCPSTATES_CAUSE_UNSEEN &&
	       READ_ONCE(record->boot_ns) - READ_ONCE(record->dur_ns) >=
	       criteria->born_ns;
}

/**
 * tcps_match_record() - whether a record matches criteria
 * @criteria: the criteria
 * @record: the record, which may be written to at the same time; then the
 *	result means nothing
 *
 * Context: any.
 * Return: true if it matches.
 */
static inline bool tcps_match_record(const struct tcps_criteria *criteria,
				     const struct tcpstates_record *record)
{
	if (criteria->netns && !tcps_match_netns(criteria, record))
		return false;
	return tcps_filter_match(&criteria->filter, record);
}

u64 tcps_match_latest(const struct tcps_ring *ring, u64 from, u64 *to,
		      u64 since_ns, const struct tcps_criteria *criteria,
		      unsigned int *looks);

#endif /* _TCPS_MATCH_H */
