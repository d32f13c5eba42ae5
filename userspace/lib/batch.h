/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Binary records, read in batches from a file descriptor or from mapped rings. It
 * knows the layout of records, not the device.
 */
#ifndef _TCPS_BATCH_H
#define _TCPS_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "linux/tcpstates.h"

struct tcps_mapped;

/**
 * struct tcps_batch - a batch, and the source of more
 * @fd: where the records come from; not owned
 * @mapped: mapped rings to read instead, while poll() still waits for @fd; or NULL
 * @buffer: the current batch
 * @size: bytes of @buffer
 * @begin: offset of the next record
 * @end: offset after the last record
 */
struct tcps_batch {
	int fd;
	struct tcps_mapped *mapped;
	unsigned char *buffer;
	size_t size;
	size_t begin;
	size_t end;
};

int tcps_batch_init(struct tcps_batch *batch, int fd, size_t record_size);
void tcps_batch_free(struct tcps_batch *batch);
void tcps_batch_unmap(struct tcps_batch *batch);

int tcps_batch_next(struct tcps_batch *batch,
		    const struct tcpstates_record **record);
bool tcps_batch_buffered(const struct tcps_batch *batch);
void tcps_batch_filter(struct tcps_batch *batch,
		       const struct tcpstates_filter *filter);
void tcps_batch_rewind(struct tcps_batch *batch);
void tcps_batch_drop(struct tcps_batch *batch);

#endif /* _TCPS_BATCH_H */
