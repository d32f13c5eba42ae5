/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_ASM_BARRIER_H
#define _SHIM_ASM_BARRIER_H

#include_next <asm/barrier.h>

#define smp_mb__after_atomic()	smp_mb()

#endif /* _SHIM_ASM_BARRIER_H */
