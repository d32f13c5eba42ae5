/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffered standard output. The buffer is written when the caller flushes it or it is
 * full. The first error is kept; nothing is written after it.
 */
#ifndef _BASE_OUTPUT_H
#define _BASE_OUTPUT_H

#include <stddef.h>

#include "base/compiler.h"

#define OUTPUT_SIZE	65536

/**
 * struct output - standard output
 * @error: errno of the first failure, or 0
 * @length: number of bytes in the buffer
 * @bytes: the buffer
 */
struct output {
	int error;
	size_t length;
	char bytes[OUTPUT_SIZE];
};

char *output_room(struct output *out, size_t size);
void output_add(struct output *out, const char *bytes, size_t length);
__printf(2, 3)
void output_format(struct output *out, const char *format, ...);
int output_flush(struct output *out);
int output_finish(struct output *out);

#endif /* _BASE_OUTPUT_H */
