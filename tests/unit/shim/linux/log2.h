/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_LOG2_H
#define _SHIM_LINUX_LOG2_H

static inline unsigned int ilog2(unsigned long number)
{
	return 63 - __builtin_clzl(number);
}

#endif /* _SHIM_LINUX_LOG2_H */
