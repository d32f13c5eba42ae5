// SPDX-License-Identifier: GPL-2.0
#include "clock_stub.h"

#include <linux/ktime.h>

u64 now;

u64 ktime_get_boottime_ns(void)
{
	return now;
}

u64 ktime_get_real_ns(void)
{
	return now + SHIM_REAL_OFFSET;
}
