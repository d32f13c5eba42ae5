/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether a ring holds something new that a group of readers wants: a look back
 * over its records, in portions. It knows records and filters, no readers.
 */
#ifndef _TCPS_MATCH_H
#define _TCPS_MATCH_H

#include <linux/limits.h>
#include <linux/types.h>

#include "ring.h"
#include "uapi/tcpstates.h"

/* The time of records that are overwritten: whoever waits has lost some. */
#define TCPS_MATCH_LOST	U64_MAX

/**
 * struct tcps_criteria - what a group of readers wants
 * @netns: the only namespace that they may see; 0 for all
 * @filtered: whether anything is held back at all
 * @filter: what they have chosen; tcps_filter_check() has accepted it
 */
struct tcps_criteria {
	u32 netns;
	bool filtered;
	struct tcpstates_filter filter;
};

u64 tcps_match_latest(const struct tcps_ring *ring, u64 from, u64 *to,
		     u64 since_ns, const struct tcps_criteria *wanted,
		     unsigned int *looks);

#endif /* _TCPS_MATCH_H */
