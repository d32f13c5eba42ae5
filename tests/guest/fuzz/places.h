/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses for the kernel to read from or write to, good and bad. Each thread
 * has memory of its own for them:
 *
 *   [ good, 4 pages ][ nothing, 1 page ][ read only, 1 page ][ nothing ]
 */
#ifndef FUZZ_PLACES_H
#define FUZZ_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "random.h"

#define PAGE		4096UL
#define GOOD_BYTES	(4 * PAGE)

struct places {
	char *memory;
};

void places_make(struct places *places);

/* Where @size bytes can be written, on any alignment. */
void *places_good(const struct places *places, struct random *random,
		  size_t size);
/* Anywhere; mostly where that goes wrong, at once or on the way. */
void *places_any(const struct places *places, struct random *random);

/*
 * Look at memory that may not be there, or not any more. False if it is not,
 * with a signal caught that would have been SIGSEGV or SIGBUS.
 */
bool places_touch(const char *address);

#endif /* FUZZ_PLACES_H */
