/* SPDX-License-Identifier: GPL-2.0 */
/* Of the kernel's <linux/compiler.h> what the module's files in the library use. */
#ifndef _TCPS_SHIM_LINUX_COMPILER_H
#define _TCPS_SHIM_LINUX_COMPILER_H

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

#define noinline		__attribute__((__noinline__))

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value)	__atomic_store_n(&(x), value, __ATOMIC_RELAXED)

#endif /* _TCPS_SHIM_LINUX_COMPILER_H */
