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

#endif /* _SHIM_LINUX_ATOMIC_H */
