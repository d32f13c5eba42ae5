/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory for connections, had ready ahead of need: taking and giving back
 * neither allocates nor waits. Once in some dozens of objects a CPU takes a raw
 * spinlock for a few instructions.
 *
 * Context of tcps_pool_get() and tcps_pool_put(): interrupts off.
 */
#ifndef _TCPS_POOL_H
#define _TCPS_POOL_H

#include <linux/types.h>

int tcps_pool_init(size_t size, unsigned long most);
void tcps_pool_exit(void);
void *tcps_pool_get(void);
void tcps_pool_put(void *object);
unsigned long tcps_pool_objects(void);

/* Context: process. */
void tcps_pool_refill(void);

#endif /* _TCPS_POOL_H */
