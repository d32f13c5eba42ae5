/* SPDX-License-Identifier: GPL-2.0 */
/* Accept queues of listeners, one for each group of listeners. */
#ifndef _EXPORT_QUEUES_H
#define _EXPORT_QUEUES_H

#include <stddef.h>

/**
 * struct metrics_queue - the fullest accept queue of the listeners of a group
 * @listener: number of the group
 * @length: number of waiting connections
 * @limit: the listener's backlog
 */
struct metrics_queue {
	unsigned int listener;
	unsigned long long length;
	unsigned long long limit;
};

void queues_add(struct metrics_queue *queues, size_t *count,
		const struct metrics_queue *queue);

#endif /* _EXPORT_QUEUES_H */
