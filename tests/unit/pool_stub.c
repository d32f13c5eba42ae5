// SPDX-License-Identifier: GPL-2.0
#include "pool_stub.h"

#include <linux/types.h>

#include <stdlib.h>

#include "pool.h"

unsigned long pool_in_use, pool_most;

static size_t object_size;

int tcps_pool_init(size_t size, unsigned long most)
{
	object_size = size;
	pool_most = most;
	return 0;
}

void tcps_pool_exit(void)
{
}

/* Not cleared, as the contract says. */
void *tcps_pool_get(void)
{
	unsigned char *object;
	size_t i;

	if (__atomic_add_fetch(&pool_in_use, 1, __ATOMIC_RELAXED) > pool_most) {
		__atomic_sub_fetch(&pool_in_use, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	object = malloc(object_size);
	for (i = 0; object && i < object_size; i++)
		object[i] = 0xa5;
	return object;
}

void tcps_pool_put(void *object)
{
	__atomic_sub_fetch(&pool_in_use, 1, __ATOMIC_RELAXED);
	free(object);
}

unsigned long tcps_pool_objects(void)
{
	return __atomic_load_n(&pool_in_use, __ATOMIC_RELAXED);
}
