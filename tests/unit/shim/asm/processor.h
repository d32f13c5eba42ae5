/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_ASM_PROCESSOR_H
#define _SHIM_ASM_PROCESSOR_H

/* Nothing to gain in a test; ring.c offers the CPU by cond_resched(). */
static inline void cpu_relax(void)
{
}

#endif /* _SHIM_ASM_PROCESSOR_H */
