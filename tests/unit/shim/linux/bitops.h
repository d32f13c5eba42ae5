/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_BITOPS_H
#define _SHIM_LINUX_BITOPS_H

#include <stdbool.h>

static inline bool test_and_set_bit_lock(int bit, unsigned long *word)
{
	return __atomic_fetch_or(word, 1UL << bit, __ATOMIC_ACQUIRE) >> bit & 1;
}

static inline bool test_bit(int bit, const unsigned long *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED) >> bit & 1;
}

static inline void __clear_bit_unlock(int bit, unsigned long *word)
{
	__atomic_fetch_and(word, ~(1UL << bit), __ATOMIC_RELEASE);
}

#endif /* _SHIM_LINUX_BITOPS_H */
