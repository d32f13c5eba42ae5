/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_KTIME_H
#define _SHIM_LINUX_KTIME_H

#include <linux/types.h>

/* Each test that needs the time defines these. */
u64 ktime_get_boottime_ns(void);
u64 ktime_get_real_ns(void);

#endif /* _SHIM_LINUX_KTIME_H */
