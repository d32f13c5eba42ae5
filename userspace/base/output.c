// SPDX-License-Identifier: GPL-2.0
/*
 * Standard output. stdio does not do: a write that waits has to end when the
 * user wants the program to end, and nothing may be lost until then.
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
 * Writes some of it, all if nothing comes between. A write that has to wait is
 * as good as poll(): a signal ends both, and what was taken until then counts.
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
	/* Whoever has the other end of it may have made it not wait. */
	if (errno == EAGAIN && stop_poll(&ready, 1) >= 0)
		return 0;
	return errno == EINTR ? 0 : -1;
}

/* Writes what has been collected. Returns 0, or -1 if that failed, or before. */
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
 * Room for @size bytes, at most OUTPUT_SIZE, for the caller to write to. What
 * of them is to be kept, it adds to the length.
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
 * Writes the rest and says what went wrong, if anything. Somebody who reads no
 * more has seen enough, which is no failure. Returns a status.
 */
int output_finish(struct output *out)
{
	output_flush(out);
	/* Some file systems tell only now that there was no room. */
	if (close(STDOUT_FILENO) && !out->error)
		out->error = errno;
	if (!out->error || out->error == EPIPE)
		return STATUS_OK;
	/* Nobody reads: maybe a terminal, where a message would get stuck. */
	if (out->error != ETIMEDOUT)
		fprintf(stderr, "tcpstates: standard output: %s\n",
			strerror(out->error));
	return STATUS_FAILED;
}
