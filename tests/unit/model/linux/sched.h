/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MODEL_LINUX_SCHED_H
#define _MODEL_LINUX_SCHED_H

#include "../model.h"

#define cond_resched()	model_yield()

#endif /* _MODEL_LINUX_SCHED_H */
