/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_ATOMIC_H
#define _SHIM_LINUX_ATOMIC_H

#include <linux/types.h>

/* The only width that the module uses. */
static inline u64 cmpxchg(u64 *address, u64 old, u64 new)
{
	__atomic_compare_exchange_n(address, &old, new, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return old;
}

static inline u64 xchg(u64 *address, u64 value)
{
	return __atomic_exchange_n(address, value, __ATOMIC_SEQ_CST);
}

typedef s64 atomic64_t;

static inline s64 atomic64_read(const atomic64_t *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static inline s64 atomic64_add_return(s64 count, atomic64_t *number)
{
	return __atomic_add_fetch(number, count, __ATOMIC_SEQ_CST);
}

typedef int atomic_t;

static inline int atomic_read(const atomic_t *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static inline void atomic_inc(atomic_t *number)
{
	__atomic_add_fetch(number, 1, __ATOMIC_RELAXED);
}

static inline void atomic_dec(atomic_t *number)
{
	__atomic_sub_fetch(number, 1, __ATOMIC_RELAXED);
}

static inline void atomic_sub(int count, atomic_t *number)
{
	__atomic_sub_fetch(number, count, __ATOMIC_RELAXED);
}

#endif /* _SHIM_LINUX_ATOMIC_H */
