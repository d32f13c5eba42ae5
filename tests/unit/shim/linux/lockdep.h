/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_LOCKDEP_H
#define _SHIM_LINUX_LOCKDEP_H

static inline void lockdep_assert_irqs_disabled(void)
{
}

#endif /* _SHIM_LINUX_LOCKDEP_H */
