/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_LOCKDEP_H
#define _SHIM_LINUX_LOCKDEP_H

#include <linux/irqflags.h>

#define lockdep_assert_held(lock)	assert((lock)->held)

static inline void lockdep_assert_irqs_disabled(void)
{
	assert(shim_irqs_off);
}

#endif /* _SHIM_LINUX_LOCKDEP_H */
