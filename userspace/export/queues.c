// SPDX-License-Identifier: GPL-2.0
/*
 * Accept queues of listeners. A sum over a group would hide a full queue among empty
 * ones: of the workers that share a port with SO_REUSEPORT, or of listeners in other
 * network namespaces, which any user can add. So a group has its fullest queue.
 */
#include "export/queues.h"

#include <stdbool.h>

/*
 * By length / limit, as the alert TcpAcceptQueueFull compares them: if it is true of any
 * queue, it is true of the fullest one. Lengths and limits have 32 bits.
 */
static bool is_fuller(const struct metrics_queue *a, const struct metrics_queue *b)
{
	unsigned long long left = a->length * b->limit;
	unsigned long long right = b->length * a->limit;

	if (left != right)
		return left > right;
	if (a->length != b->length)
		return a->length > b->length;
	return a->limit < b->limit;
}

/**
 * queues_add() - add the queue of a listener to those of the groups
 * @queues: the queues, with room for one of each group
 * @count: number of queues
 * @queue: the queue of the listener
 */
void queues_add(struct metrics_queue *queues, size_t *count,
		const struct metrics_queue *queue)
{
	size_t i;

	for (i = 0; i < *count; i++) {
		if (queues[i].listener != queue->listener)
			continue;
		if (is_fuller(queue, &queues[i]))
			queues[i] = *queue;
		return;
	}
	queues[(*count)++] = *queue;
}
