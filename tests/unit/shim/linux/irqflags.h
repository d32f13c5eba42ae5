/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_IRQFLAGS_H
#define _SHIM_LINUX_IRQFLAGS_H

static inline void local_irq_disable(void)
{
}

static inline void local_irq_enable(void)
{
}

#endif /* _SHIM_LINUX_IRQFLAGS_H */
