/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_KTIME_H
#define _SHIM_LINUX_KTIME_H

#include <linux/types.h>

/* Each test that needs the time defines these. */
u64 ktime_get_boottime_ns(void);
u64 ktime_get_real_ns(void);

/* All clocks run at one rate; CLOCK_MONOTONIC is CLOCK_BOOTTIME. */
#define SHIM_REAL_OFFSET	1000

enum tk_offsets { TK_OFFS_REAL, TK_OFFS_BOOT };

typedef s64 ktime_t;

static inline ktime_t ktime_get(void)
{
	return ktime_get_boottime_ns();
}

static inline ktime_t ktime_mono_to_any(ktime_t time, enum tk_offsets offset)
{
	return offset == TK_OFFS_REAL ? time + SHIM_REAL_OFFSET : time;
}

static inline s64 ktime_to_ns(ktime_t time)
{
	return time;
}

#endif /* _SHIM_LINUX_KTIME_H */
