/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Standard output: collected, and written when the caller says so or there is
 * no more room. The first failure is kept; from then on nothing is written.
 */
#ifndef _BASE_OUTPUT_H
#define _BASE_OUTPUT_H

#include <stddef.h>

#include "base/compiler.h"

#define OUTPUT_SIZE	65536

/**
 * struct output - standard output
 * @error: errno of the first failure, or 0
 * @length: bytes collected
 * @bytes: these
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
