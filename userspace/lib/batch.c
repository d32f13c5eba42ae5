// SPDX-License-Identifier: GPL-2.0
/*
 * Batches of records, taken apart. The kernel hands out whole records; that
 * and everything else about the bytes is checked, as they decide how far to
 * step, and what comes may be of another version or from something else.
 *
 * A record that fails the check is not stepped over: nothing tells where the
 * next one begins. So the stream stays at it, and says the same ever after.
 */
#include "batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"

#define BATCH_RECORDS	256
#define RECORD_ALIGN	8

/* Memory for batches of records of @record_size bytes. 0, or -1 and ENOMEM. */
int tcps_batch_init(struct tcps_batch *batch, int fd, size_t record_size)
{
	*batch = (struct tcps_batch) {
		.fd = fd,
		.size = BATCH_RECORDS * record_size,
	};
	batch->buffer = malloc(batch->size);
	return batch->buffer ? 0 : -1;
}

void tcps_batch_free(struct tcps_batch *batch)
{
	free(batch->buffer);
	batch->buffer = NULL;
}

/* The record at @offset, or NULL if the bytes there are none. */
static const struct tcpstates_record *
record_at(const struct tcps_batch *batch, size_t offset)
{
	const struct tcpstates_record *record;
	size_t left = batch->end - offset;

	if (left < sizeof(*record))
		return NULL;
	record = (const void *)(batch->buffer + offset);
	if (record->size < sizeof(*record) || record->size > left ||
	    record->size % RECORD_ALIGN ||
	    record->version != TCPSTATES_ABI_VERSION)
		return NULL;
	return record;
}

/* 1 with a batch, 0 if there is nothing now, -1 and errno. */
static int fill(struct tcps_batch *batch)
{
	ssize_t count = read(batch->fd, batch->buffer, batch->size);

	if (count < 0)
		return errno == EAGAIN ? 0 : -1;
	if (count == 0) { /* the device has no end */
		errno = EPROTO;
		return -1;
	}
	batch->begin = 0;
	batch->end = count;
	return 1;
}

/* tcpstates_next() */
int tcps_batch_next(struct tcps_batch *batch,
		    const struct tcpstates_record **record)
{
	const struct tcpstates_record *next;

	if (!tcps_batch_buffered(batch)) {
		int filled = fill(batch);

		if (filled <= 0)
			return filled;
	}
	next = record_at(batch, batch->begin);
	if (!next) {
		errno = EPROTO;
		return -1;
	}
	batch->begin += next->size;
	*record = next;
	return 1;
}

/* tcpstates_buffered() */
bool tcps_batch_buffered(const struct tcps_batch *batch)
{
	return batch->begin < batch->end;
}

/* Takes records that do not match out of the batch at hand. */
void tcps_batch_filter(struct tcps_batch *batch,
		       const struct tcpstates_filter *filter)
{
	const struct tcpstates_record *record;
	size_t from = batch->begin, to = batch->begin, size;

	while ((record = record_at(batch, from))) {
		size = record->size;
		if (tcps_filter_match(filter, record)) {
			memmove(batch->buffer + to, record, size);
			to += size;
		}
		from += size;
	}
	/* What is no record stays, so that tcps_batch_next() tells of it. */
	memmove(batch->buffer + to, batch->buffer + from, batch->end - from);
	batch->end -= from - to;
}

/* Forgets the batch at hand. */
void tcps_batch_drop(struct tcps_batch *batch)
{
	batch->begin = 0;
	batch->end = 0;
}
