/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine with weak memory, to run small programs on.
 *
 * The CPU at hand may be one that never reorders stores, and then a missing
 * barrier shows in no test. Here a store is a message that stays; a load takes
 * any message of its location that is not older than what its thread must have
 * seen. What it must have seen follows from its own accesses, and from what
 * barriers and release and acquire bring together, as in the C11 model (but no
 * load sees a store that comes later). Which thread goes on, and which message
 * a load takes, is drawn at random.
 *
 * The macros of model/linux and model/asm lead here. Stores also reach real
 * memory, where their own thread may load them without a macro.
 */
#ifndef _TCPS_MODEL_H
#define _TCPS_MODEL_H

#include <linux/types.h>

enum model_operation {
	MODEL_NONE,
	MODEL_MB,
	MODEL_RMB,
	MODEL_WMB,
	MODEL_ACQUIRE,
	MODEL_RELEASE,
};

#define MODEL_THREADS	3

/* Makes one thread's operations of one kind order nothing. */
void model_weaken(unsigned int thread, enum model_operation operation);

/* Only those at this address, until the next model_weaken(). */
void model_weaken_at(const void *address);

/* Runs the threads to their ends; the same @seed gives the same run. */
void model_run(u64 seed, void (*const threads[])(void), unsigned int count);

/* For the threads, beside the macros: a clock that all agree on. */
u64 model_clock(void);
void model_yield(void);

u64 model_load(const void *address, enum model_operation operation);
void model_store(void *address, u64 value, enum model_operation operation);
u64 model_cmpxchg(u64 *address, u64 old, u64 new);
void model_barrier(enum model_operation operation);

#endif /* _TCPS_MODEL_H */
