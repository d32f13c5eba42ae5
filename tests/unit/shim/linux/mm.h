/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_MM_H
#define _SHIM_LINUX_MM_H

#include <linux/types.h>
#include <stdlib.h>

#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0

#define PAGE_SHIFT		12
#define PAGE_SIZE		4096UL

/* A machine of 1 GiB. */
static inline unsigned long totalram_pages(void)
{
	return 1UL << (30 - PAGE_SHIFT);
}

/* A test may set it: what it then asks for is not to be had. */
__attribute__((weak)) bool shim_no_memory;

static inline void *kvcalloc(size_t count, size_t size, int flags)
{
	(void)flags;
	return shim_no_memory ? NULL : calloc(count, size);
}

static inline void *kvzalloc(size_t size, int flags)
{
	return kvcalloc(1, size, flags);
}

static inline void *kzalloc(size_t size, int flags)
{
	return kvcalloc(1, size, flags);
}

static inline void kvfree(void *memory)
{
	free(memory);
}

static inline void kfree(void *memory)
{
	free(memory);
}

#endif /* _SHIM_LINUX_MM_H */
