/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_LOG2_H
#define _SHIM_LINUX_LOG2_H

static inline unsigned long rounddown_pow_of_two(unsigned long number)
{
	return 1UL << (63 - __builtin_clzl(number));
}

static inline unsigned long roundup_pow_of_two(unsigned long number)
{
	return number == 1 ? 1 : 1UL << (64 - __builtin_clzl(number - 1));
}

#endif /* _SHIM_LINUX_LOG2_H */
