/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's clocks, for the module's files in the library. */
#ifndef _TCPS_SHIM_LINUX_KTIME_H
#define _TCPS_SHIM_LINUX_KTIME_H

#include <linux/types.h>

#include <time.h>

static inline u64 ktime_get_ns_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static inline u64 ktime_get_boottime_ns(void)
{
	return ktime_get_ns_of(CLOCK_BOOTTIME);
}

static inline u64 ktime_get_real_ns(void)
{
	return ktime_get_ns_of(CLOCK_REALTIME);
}

#endif /* _TCPS_SHIM_LINUX_KTIME_H */
