/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MODEL_LINUX_ATOMIC_H
#define _MODEL_LINUX_ATOMIC_H

#include "../model.h"

#define cmpxchg(address, old, new)	model_cmpxchg(address, old, new)

#endif /* _MODEL_LINUX_ATOMIC_H */
