/* SPDX-License-Identifier: GPL-2.0 */
/*
 * This folder has what the module's pure files use of the kernel, so that they
 * compile unchanged in user space. It adds to userspace/lib/shim, which has what
 * the library needs, and knows nothing of what is tested.
 */
#ifndef _SHIM_LINUX_TYPES_H
#define _SHIM_LINUX_TYPES_H

#include_next <linux/types.h>

typedef __u16 u16;
typedef __s64 s64;

/* As in the kernel, without vector registers. */
#undef TCPS_RING_CHUNK

#endif /* _SHIM_LINUX_TYPES_H */
