// SPDX-License-Identifier: GPL-2.0
/*
 * Buffered standard output. stdio cannot be used: a signal must end a blocked write,
 * and no byte may be lost or written twice then.
 */
#include "base/output.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "base/stop.h"

#define LONGEST_FORMAT	1024

/*
 * Writes as much of the buffer as one write() takes. It may block: a signal ends it,
 * as it ends poll(), and a partial write counts.
 */
static int write_some(struct output *out, size_t *done)
{
	struct pollfd ready = { .fd = STDOUT_FILENO, .events = POLLOUT };
	ssize_t written;

	if (stop_overdue()) {
		errno = ETIMEDOUT;
		return -1;
	}
	written = stop_write(STDOUT_FILENO, out->bytes + *done,
			     out->length - *done);
	if (written >= 0) {
		*done += written;
		return 0;
	}
	/* Another process that shares the file may have set O_NONBLOCK. */
	if (errno == EAGAIN && stop_poll(&ready, 1) >= 0)
		return 0;
	return errno == EINTR ? 0 : -1;
}

/* Writes the buffer. Returns 0, or -1 if this or an earlier write failed. */
int output_flush(struct output *out)
{
	size_t done = 0;

	while (!out->error && done < out->length)
		if (write_some(out, &done))
			out->error = errno;
	out->length = 0;
	return out->error ? -1 : 0;
}

/*
 * Returns room for @size bytes, at most OUTPUT_SIZE. The caller adds the number of
 * bytes that it has written there to @out->length.
 */
char *output_room(struct output *out, size_t size)
{
	if (size > OUTPUT_SIZE - out->length)
		output_flush(out);
	return out->bytes + out->length;
}

void output_add(struct output *out, const char *bytes, size_t length)
{
	memcpy(output_room(out, length), bytes, length);
	out->length += length;
}

/* Like printf(), for at most LONGEST_FORMAT bytes. */
void output_format(struct output *out, const char *format, ...)
{
	char text[LONGEST_FORMAT];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length > 0)
		output_add(out, text, (size_t)length < sizeof(text) ?
			   (size_t)length : sizeof(text) - 1);
}

/*
 * Writes the rest, and prints the first error. A reader that closes the pipe has seen
 * enough: that is no failure. Returns a status.
 */
int output_finish(struct output *out)
{
	output_flush(out);
	/* Some file systems report only at close() that they are full. */
	if (close(STDOUT_FILENO) && !out->error)
		out->error = errno;
	if (!out->error || out->error == EPIPE)
		return STATUS_OK;
	/* A stopped terminal takes no message, either. */
	if (out->error != ETIMEDOUT)
		fprintf(stderr, "tcpstates: standard output: %s\n",
			strerror(out->error));
	return STATUS_FAILED;
}
