/* SPDX-License-Identifier: GPL-2.0 */
/* For losses of a CPU without memory for its ring; else no clock is read. */
#ifndef _TCPS_SHIM_LINUX_KTIME_H
#define _TCPS_SHIM_LINUX_KTIME_H

#include <time.h>

#include <linux/types.h>

static inline u64 tcps_shim_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

#define ktime_get_boottime_ns()	tcps_shim_clock(CLOCK_BOOTTIME)
#define ktime_get_real_ns()	tcps_shim_clock(CLOCK_REALTIME)

#endif /* _TCPS_SHIM_LINUX_KTIME_H */
