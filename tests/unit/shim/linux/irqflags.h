/* SPDX-License-Identifier: GPL-2.0 */
/* No interrupt comes here, but who must keep them off is held to it. */
#ifndef _SHIM_LINUX_IRQFLAGS_H
#define _SHIM_LINUX_IRQFLAGS_H

#include <assert.h>
#include <stdbool.h>

__attribute__((weak)) __thread bool shim_irqs_off;

static inline void local_irq_disable(void)
{
	assert(!shim_irqs_off);
	shim_irqs_off = true;
}

static inline void local_irq_enable(void)
{
	assert(shim_irqs_off);
	shim_irqs_off = false;
}

#define local_irq_save(flags) \
	do { \
		(flags) = shim_irqs_off; \
		shim_irqs_off = true; \
	} while (0)

#define local_irq_restore(flags) \
	do { \
		assert(shim_irqs_off); \
		shim_irqs_off = (flags); \
	} while (0)

#endif /* _SHIM_LINUX_IRQFLAGS_H */
