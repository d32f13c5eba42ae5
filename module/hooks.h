/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attaches the module to the kernel: functions by ftrace (hook_ftrace.h), and the
 * tracepoint for changes of state of full sockets.
 *
 * Context: process; loading and unloading.
 */
#ifndef _TCPS_HOOKS_H
#define _TCPS_HOOKS_H

#include <linux/types.h>

struct tcpstates_stats;

int tcps_hooks_attach(void);
void tcps_hooks_detach(void);
bool tcps_hooks_remain(void);
void tcps_hooks_stats(struct tcpstates_stats *stats);

#endif /* _TCPS_HOOKS_H */
