/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MODEL_ASM_BARRIER_H
#define _MODEL_ASM_BARRIER_H

#include "../model.h"

#define smp_mb()	model_barrier(MODEL_MB)
#define smp_rmb()	model_barrier(MODEL_RMB)
#define smp_wmb()	model_barrier(MODEL_WMB)

#define smp_load_acquire(p)		model_load(p, MODEL_ACQUIRE)
#define smp_store_release(p, value)	model_store(p, value, MODEL_RELEASE)

#endif /* _MODEL_ASM_BARRIER_H */
