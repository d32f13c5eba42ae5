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
 * @filter: what it wants; tcps_filter_check() has accepted it
 */
struct tcps_criteria {
	u32 netns;
	bool filtered;
	struct tcpstates_filter filter;
};

/**
 * tcps_criteria_init() - fill in criteria
 * @criteria: the criteria
 * @netns: inode number of the only namespace that may be seen; 0 for all
 * @filter: the filter; tcps_filter_check() has accepted it
 *
 * Context: any.
 */
static inline void tcps_criteria_init(struct tcps_criteria *criteria, u32 netns,
				      const struct tcpstates_filter *filter)
{
	criteria->netns = netns;
	criteria->filtered = netns || !tcps_filter_is_empty(filter);
	criteria->filter = *filter;
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
	if (criteria->netns && criteria->netns != READ_ONCE(record->netns))
		return false;
	return tcps_filter_match(&criteria->filter, record);
}

u64 tcps_match_latest(const struct tcps_ring *ring, u64 from, u64 *to,
		      u64 since_ns, const struct tcps_criteria *criteria,
		      unsigned int *looks);

#endif /* _TCPS_MATCH_H */
