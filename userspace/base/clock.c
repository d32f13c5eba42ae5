// SPDX-License-Identifier: GPL-2.0
/* The two clocks that programs compare times by. */
#include "base/clock.h"

#include <time.h>

#include "base/compiler.h"

/** clock_ms() - CLOCK_MONOTONIC in milliseconds, as of the last timer tick: cheap */
long long clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/** clock_boot_ns() - CLOCK_BOOTTIME in nanoseconds, the clock of records */
__u64 clock_boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}
