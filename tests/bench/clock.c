// SPDX-License-Identifier: GPL-2.0

#include "clock.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tcpstates.h"

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* The kernel counts it in nanoseconds nowhere else. One processor only. */
static long long idle(void)
{
	FILE *file = fopen("/proc/timer_list", "re");
	long long time = -1;
	char line[256];

	if (!file)
		err(1, "/proc/timer_list");
	while (time < 0 && fgets(line, sizeof(line), file))
		if (strstr(line, ".idle_sleeptime"))
			sscanf(strchr(line, ':'), ": %lld", &time);
	fclose(file);
	if (time < 0)
		errx(1, "no idle_sleeptime in /proc/timer_list");
	return time;
}

/* Open for a moment only: a reader that stays might change what is measured. */
static unsigned long long recorded(void)
{
	struct tcpstates_stats stats = { 0 };
	int device = open(TCPSTATES_DEVICE, O_RDONLY | O_CLOEXEC);

	if (device < 0)
		return 0;
	if (ioctl(device, TCPSTATES_IOC_GET_STATS, &stats))
		err(1, "TCPSTATES_IOC_GET_STATS");
	close(device);
	return stats.recorded;
}

void clock_begin(struct stamp *stamp)
{
	stamp->recorded = recorded();
	stamp->idle = idle();
	stamp->now = now();
}

void clock_end(struct stamp *stamp)
{
	stamp->now = now();
	stamp->idle = idle();
	stamp->recorded = recorded();
}

long long clock_busy(const struct stamp *begin, const struct stamp *end)
{
	return (end->now - begin->now) - (end->idle - begin->idle);
}
