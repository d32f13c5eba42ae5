/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attaches to the kernel: one tracepoint by look-up, the other hooks by
 * ftrace at the entry of functions. It knows names and arguments; probe.h
 * says what a call means. Nothing else in the module touches ftrace.
 *
 * Context: process; loading and unloading.
 */
#ifndef _TCPS_HOOKS_H
#define _TCPS_HOOKS_H

#include <linux/errno.h>
#include <linux/types.h>

struct tcpstates_stats;

/**
 * tcps_hooks_stops_loading() - what to do about a function that cannot be hooked
 * @error: why
 *
 * Most errors are of this kernel and this function: it has none of this name
 * (ENOENT) or several (EADDRNOTAVAIL), nobody may set probes there (EINVAL), ftrace
 * does not know it (EINVAL). Then the module says what it does not see.
 *
 * Context: any.
 * Return: true if another try, or another kernel state, could give another answer.
 */
static inline bool tcps_hooks_stops_loading(int error)
{
	return error == -ENOMEM || error == -EINTR || error == -EAGAIN ||
	       error == -ENODEV;
}

int tcps_hooks_attach(void);
void tcps_hooks_detach(void);
bool tcps_hooks_remain(void);
void tcps_hooks_stats(struct tcpstates_stats *stats);

#endif /* _TCPS_HOOKS_H */
