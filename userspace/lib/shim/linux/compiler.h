/* SPDX-License-Identifier: GPL-2.0 */
/* Of the kernel's <linux/compiler.h> what the module's files in the library use. */
#ifndef _TCPS_SHIM_LINUX_COMPILER_H
#define _TCPS_SHIM_LINUX_COMPILER_H

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

#ifndef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#endif
#define noinline		__attribute__((__noinline__))

#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))

#endif /* _TCPS_SHIM_LINUX_COMPILER_H */
