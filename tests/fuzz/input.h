/* SPDX-License-Identifier: GPL-2.0 */
/* A target: what libFuzzer calls with each input, and pieces of that input. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Not assert(), which may be off. */
#define MUST(condition)							\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "%s:%d: not so: %s\n",		\
				__FILE__, __LINE__, #condition);	\
			abort();					\
		}							\
	} while (0)

struct input {
	const unsigned char *data;
	size_t left;
};

/* The next @size bytes, or false if there are not as many. */
static inline bool input_take(struct input *input, void *to, size_t size)
{
	if (input->left < size)
		return false;
	memcpy(to, input->data, size);
	input->data += size;
	input->left -= size;
	return true;
}

#endif /* FUZZ_INPUT_H */
