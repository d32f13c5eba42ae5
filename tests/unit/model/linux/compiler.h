/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MODEL_LINUX_COMPILER_H
#define _MODEL_LINUX_COMPILER_H

#include "../model.h"

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

#define READ_ONCE(x)		model_load(&(x), MODEL_NONE)
#define WRITE_ONCE(x, value)	model_store(&(x), value, MODEL_NONE)

#endif /* _MODEL_LINUX_COMPILER_H */
