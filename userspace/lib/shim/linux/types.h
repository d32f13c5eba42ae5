/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's <linux/types.h> has and the one for programs has not, as
 * far as the module's files that are also part of the library need it.
 */
#ifndef _TCPS_SHIM_LINUX_TYPES_H
#define _TCPS_SHIM_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>

#include_next <linux/types.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;

/* Unlike the kernel, the library may use vector registers at any time. */
typedef u64 tcps_pair __attribute__((vector_size(16), aligned(8), may_alias));

#define TCPS_RING_CHUNK		tcps_pair

#endif /* _TCPS_SHIM_LINUX_TYPES_H */
