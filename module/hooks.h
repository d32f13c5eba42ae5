/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attaches to the kernel: one tracepoint by look-up, the other hooks by
 * ftrace at the entry of functions. It knows names and arguments; what a call
 * means is probe.c's business. Nothing else in the module touches ftrace.
 *
 * Context: process; loading and unloading.
 */
#ifndef _TCPS_HOOKS_H
#define _TCPS_HOOKS_H

struct tcpstates_stats;

int tcps_hooks_attach(void);
void tcps_hooks_detach(void);
void tcps_hooks_stats(struct tcpstates_stats *stats);

#endif /* _TCPS_HOOKS_H */
