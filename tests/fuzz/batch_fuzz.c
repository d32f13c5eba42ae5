// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as what read() of the device gives: the library steps through them
 * without leaving them, never twice over the same, and stays where they are no
 * records any more. A filter may come in the middle.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "batch.h"
#include "filter.h"
#include "input.h"

/* Of a record as a module of this or another version would have it. */
#define RECORD_SIZE	(sizeof(struct tcpstates_record) + 16)

static int make_file(const unsigned char *data, size_t size)
{
	int fd = memfd_create("records", MFD_CLOEXEC);

	MUST(fd >= 0);
	MUST(write(fd, data, size) == (ssize_t)size);
	MUST(!lseek(fd, 0, SEEK_SET));
	return fd;
}

/* Each byte of what is given must be there. */
static void touch(const struct tcps_batch *batch,
		  const struct tcpstates_record *record)
{
	const unsigned char *bytes = (const unsigned char *)record;
	unsigned int i;

	MUST(bytes >= batch->buffer &&
	     bytes + record->size <= batch->buffer + batch->size);
	MUST(record->size >= sizeof(*record) && !(record->size % 8));
	MUST(record->version == TCPSTATES_ABI_VERSION);
	for (i = 0; i < record->size; i++)
		MUST(bytes[i] <= 0xff);
}

/* The end of the file, or bytes that are no record: both are errors. */
static void must_stay(struct tcps_batch *batch)
{
	const struct tcpstates_record *record;

	MUST(errno == EPROTO);
	MUST(tcps_batch_next(batch, &record) < 0 && errno == EPROTO);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct input input = { .data = data, .left = size };
	const struct tcpstates_record *record;
	struct tcpstates_filter filter;
	unsigned char filter_at;
	struct tcps_batch batch;
	size_t given = 0;
	int got, fd;

	if (!input_take(&input, &filter_at, sizeof(filter_at)) ||
	    !input_take(&input, &filter, sizeof(filter)))
		return 0;
	fd = make_file(input.data, input.left);
	MUST(!tcps_batch_init(&batch, fd, RECORD_SIZE));
	while ((got = tcps_batch_next(&batch, &record)) > 0) {
		touch(&batch, record);
		given += record->size;
		MUST(given <= input.left);
		if (!filter_at-- && !tcps_filter_check(&filter))
			tcps_batch_filter(&batch, &filter);
	}
	MUST(got < 0);
	must_stay(&batch);
	tcps_batch_free(&batch);
	close(fd);
	return 0;
}
