/* SPDX-License-Identifier: GPL-2.0 */
/* A test may say that a signal is pending; in the others none is. */
#ifndef _SHIM_LINUX_SCHED_SIGNAL_H
#define _SHIM_LINUX_SCHED_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>

#define current NULL

#ifdef SHIM_SIGNALS
extern bool shim_signal_pending;
#else
#define shim_signal_pending	false
#endif

static inline bool signal_pending(const void *task)
{
	(void)task;
	return shim_signal_pending;
}

#endif /* _SHIM_LINUX_SCHED_SIGNAL_H */
