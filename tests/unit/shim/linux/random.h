/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_RANDOM_H
#define _SHIM_LINUX_RANDOM_H

#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

/* A test may set it: what is drawn then. */
__attribute__((weak)) unsigned long long shim_random;

static inline void get_random_bytes(void *buffer, size_t size)
{
	if (!shim_random) {
		if (getrandom(buffer, size, 0) != (ssize_t)size)
			abort();
		return;
	}
	memcpy(buffer, &shim_random,
	       size < sizeof(shim_random) ? size : sizeof(shim_random));
}

static inline unsigned int get_random_u32(void)
{
	unsigned int value;

	get_random_bytes(&value, sizeof(value));
	return value;
}

#endif /* _SHIM_LINUX_RANDOM_H */
