/* SPDX-License-Identifier: GPL-2.0 */
/* Of the kernel's <linux/compiler.h> what the module's files in the library use. */
#ifndef _TCPS_SHIM_LINUX_COMPILER_H
#define _TCPS_SHIM_LINUX_COMPILER_H

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

#define noinline		__attribute__((__noinline__))

#endif /* _TCPS_SHIM_LINUX_COMPILER_H */
