/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _POOL_LINUX_ERR_H
#define _POOL_LINUX_ERR_H

#include <errno.h>

#define IS_ERR(pointer)		((uintptr_t)(pointer) >= (uintptr_t)-4095)
#define PTR_ERR(pointer)	((long)(pointer))
#define ERR_PTR(error)		((void *)(long)(error))

#endif /* _POOL_LINUX_ERR_H */
