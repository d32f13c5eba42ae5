// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel returns whole records. Still, the length and version of each record
 * are checked, since they decide where the next one begins, and the source may be
 * another version of the module or no device at all.
 *
 * A record that fails the check cannot be skipped, as its length is not known. So
 * the stream stays there, and every further call returns the same error.
 */
#include "batch.h"

#include <linux/compiler.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "mapped.h"

#define BATCH_RECORDS	256
#define RECORD_ALIGN	8

/* For records of @record_size bytes. 0, or -1 and ENOMEM. */
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
	tcps_batch_unmap(batch);
	free(batch->buffer);
	batch->buffer = NULL;
}

/* Reads records from the file descriptor from here on. */
void tcps_batch_unmap(struct tcps_batch *batch)
{
	tcps_mapped_free(batch->mapped);
	batch->mapped = NULL;
}

/* The full check: a record may be longer than this library knows. */
static bool is_record(const struct tcpstates_record *record, size_t left)
{
	return record->size >= sizeof(*record) && record->size <= left &&
	       record->size % RECORD_ALIGN == 0 &&
	       record->version == TCPSTATES_ABI_VERSION;
}

/* The record at @offset, or NULL if the bytes there are not a record. */
static inline const struct tcpstates_record *
record_at(const struct tcps_batch *batch, size_t offset)
{
	const struct tcpstates_record *record;
	size_t left = batch->end - offset;

	if (left < sizeof(*record))
		return NULL;
	record = (const void *)(batch->buffer + offset);
	if ((record->size == sizeof(*record) &&
	     record->version == TCPSTATES_ABI_VERSION) ||
	    is_record(record, left))
		return record;
	return NULL;
}

/* 1 if there may be a record, 0 with O_NONBLOCK, -1 and errno. */
static int wait_for(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	if (flags & O_NONBLOCK)
		return 0;
	return poll(&ready, 1, -1) < 0 ? -1 : 1;
}

/* The length of the batch in bytes, 0 if there is nothing now, -1 and errno. */
static ssize_t fill_from_map(struct tcps_batch *batch)
{
	for (;;) {
		ssize_t count = tcps_mapped_read(batch->mapped,
						 (void *)batch->buffer,
						 BATCH_RECORDS);
		int ready;

		if (count)
			return count < 0 ? -1 : count * (ssize_t)
						sizeof(struct tcpstates_record);
		ready = wait_for(batch->fd);
		if (ready <= 0)
			return ready;
	}
}

/* The length of the batch in bytes, 0 if there is nothing now, -1 and errno. */
static ssize_t fill_from_file(struct tcps_batch *batch)
{
	ssize_t count = read(batch->fd, batch->buffer, batch->size);

	if (count < 0)
		return errno == EAGAIN ? 0 : -1;
	if (count == 0) { /* the device has no end */
		errno = EPROTO;
		return -1;
	}
	return count;
}

/* 1 with a batch, 0 if there is nothing now, -1 and errno. */
static int fill(struct tcps_batch *batch)
{
	ssize_t count = batch->mapped ? fill_from_map(batch) :
					fill_from_file(batch);

	if (count <= 0)
		return count;
	batch->begin = 0;
	batch->end = count;
	return 1;
}

static bool has_next(const struct tcps_batch *batch)
{
	return batch->begin < batch->end;
}

/* The next item of the current batch, which must have one. */
static inline int give_next(struct tcps_batch *batch,
			    const struct tcpstates_record **record)
{
	const struct tcpstates_record *next = record_at(batch, batch->begin);

	if (!next) {
		errno = EPROTO;
		return -1;
	}
	batch->begin += next->size;
	*record = next;
	return 1;
}

/* Not inlined, so that the items of a batch cost little. */
static noinline int fill_and_give(struct tcps_batch *batch,
				  const struct tcpstates_record **record)
{
	int filled = fill(batch);

	return filled <= 0 ? filled : give_next(batch, record);
}

/* tcpstates_next() */
int tcps_batch_next(struct tcps_batch *batch,
		    const struct tcpstates_record **record)
{
	return has_next(batch) ? give_next(batch, record) :
				   fill_and_give(batch, record);
}

/* tcpstates_buffered() */
bool tcps_batch_buffered(const struct tcps_batch *batch)
{
	return has_next(batch) ||
	       (batch->mapped && tcps_mapped_buffered(batch->mapped));
}

/*
 * Removes records that do not match from the current batch. The kernel has
 * accepted the filter.
 */
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
	/* Invalid bytes stay, so that tcps_batch_next() reports them. */
	memmove(batch->buffer + to, batch->buffer + from, batch->end - from);
	batch->end -= from - to;
	if (batch->mapped)
		tcps_mapped_filter(batch->mapped, filter);
}

/* The file in the kernel has been rewound. */
void tcps_batch_rewind(struct tcps_batch *batch)
{
	tcps_batch_drop(batch);
	if (batch->mapped)
		tcps_mapped_rewind(batch->mapped);
}

/* Discards the current batch. */
void tcps_batch_drop(struct tcps_batch *batch)
{
	batch->begin = 0;
	batch->end = 0;
}
