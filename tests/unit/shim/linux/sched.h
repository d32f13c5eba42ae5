/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_SCHED_H
#define _SHIM_LINUX_SCHED_H

#include <sched.h>
#include <stddef.h>

/* A test may set it: what happens whenever somebody offers the CPU. */
__attribute__((weak)) void (*shim_resched)(void);

static inline void cond_resched(void)
{
	if (shim_resched)
		shim_resched();
	else
		sched_yield();
}

#endif /* _SHIM_LINUX_SCHED_H */
