/* SPDX-License-Identifier: GPL-2.0 */
/* Counts in the text format of Prometheus, version 0.0.4. */
#ifndef _EXPORT_METRICS_H
#define _EXPORT_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

struct tally;

/**
 * struct metrics_queue - the accept queue of listeners at one address
 * @listener: number of their group
 * @length: connections that wait, of all of them
 * @limit: how many may
 */
struct metrics_queue {
	unsigned int listener;
	unsigned long long length;
	unsigned long long limit;
};

/**
 * struct metrics - what is told
 * @tally: the counts
 * @queues: the accept queues, one for each group at most
 * @queue_count: of these
 * @writes: whether they go into a file
 * @write_failures: how often that has failed
 * @info: the module
 * @stats: its counters
 * @account: what it holds
 * @has_account: false if the module is too old to tell
 */
struct metrics {
	const struct tally *tally;
	const struct metrics_queue *queues;
	size_t queue_count;
	bool writes;
	unsigned long long write_failures;
	struct tcpstates_info info;
	struct tcpstates_stats stats;
	struct tcpstates_account account;
	bool has_account;
};

char *metrics_text(const struct metrics *metrics, size_t *length);

#endif /* _EXPORT_METRICS_H */
