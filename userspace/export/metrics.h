/* SPDX-License-Identifier: GPL-2.0 */
/* The metrics in the text format of Prometheus, version 0.0.4. */
#ifndef _EXPORT_METRICS_H
#define _EXPORT_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "export/queues.h"
#include "libtcpstates.h"

struct tally;

/**
 * struct metrics - what metrics_text() is made of
 * @tally: the counts
 * @queues: accept queues, at most one per group
 * @queue_count: number of queues
 * @writes: whether the metrics are written to a file
 * @write_failures: how often that has failed
 * @info: reported by the module, like @stats and @account
 * @stats: likewise
 * @account: likewise
 * @has_account: false if the module is too old to report @account
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
