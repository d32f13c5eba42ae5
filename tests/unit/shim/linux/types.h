/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few words of the kernel that the module's pure files use, so that they
 * compile unchanged in user space. Nothing here knows what is tested.
 */
#ifndef _SHIM_LINUX_TYPES_H
#define _SHIM_LINUX_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#endif /* _SHIM_LINUX_TYPES_H */
