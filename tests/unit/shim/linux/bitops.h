/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_BITOPS_H
#define _SHIM_LINUX_BITOPS_H

#include <stdbool.h>

static inline bool test_and_set_bit_lock(int bit, unsigned long *word)
{
	return __atomic_fetch_or(word, 1UL << bit, __ATOMIC_ACQUIRE) >> bit & 1;
}

#define SHIM_LONG_BITS	(8 * sizeof(long))

static inline bool test_bit(unsigned long bit, const unsigned long *words)
{
	return __atomic_load_n(&words[bit / SHIM_LONG_BITS],
			       __ATOMIC_RELAXED) >> bit % SHIM_LONG_BITS & 1;
}

static inline void set_bit(unsigned long bit, unsigned long *words)
{
	__atomic_fetch_or(&words[bit / SHIM_LONG_BITS],
			  1UL << bit % SHIM_LONG_BITS, __ATOMIC_RELAXED);
}

static inline void clear_bit(unsigned long bit, unsigned long *words)
{
	__atomic_fetch_and(&words[bit / SHIM_LONG_BITS],
			   ~(1UL << bit % SHIM_LONG_BITS), __ATOMIC_RELAXED);
}

static inline unsigned long shim_next_bit(const unsigned long *words,
					  unsigned long size, unsigned long bit)
{
	while (bit < size && !test_bit(bit, words))
		bit++;
	return bit;
}

#define for_each_set_bit_from(bit, words, size) \
	for (bit = shim_next_bit(words, size, bit); bit < (size); \
	     bit = shim_next_bit(words, size, bit + 1))

static inline void __clear_bit_unlock(int bit, unsigned long *word)
{
	__atomic_fetch_and(word, ~(1UL << bit), __ATOMIC_RELEASE);
}

#endif /* _SHIM_LINUX_BITOPS_H */
