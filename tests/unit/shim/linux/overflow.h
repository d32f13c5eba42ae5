/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_OVERFLOW_H
#define _SHIM_LINUX_OVERFLOW_H

#include_next <linux/overflow.h>

#define array_size(a, b)	((size_t)(a) * (b))

#endif /* _SHIM_LINUX_OVERFLOW_H */
