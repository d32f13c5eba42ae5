/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_MUTEX_H
#define _SHIM_LINUX_MUTEX_H

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

struct mutex {
	pthread_mutex_t mutex;
	bool held;
};

#define DEFINE_MUTEX(name) \
	struct mutex name = { .mutex = PTHREAD_MUTEX_INITIALIZER }

static inline void mutex_lock(struct mutex *lock)
{
	pthread_mutex_lock(&lock->mutex);
	lock->held = true;
}

static inline void mutex_unlock(struct mutex *lock)
{
	assert(lock->held);
	lock->held = false;
	pthread_mutex_unlock(&lock->mutex);
}

#endif /* _SHIM_LINUX_MUTEX_H */
