/* SPDX-License-Identifier: GPL-2.0 */
/* Signals come by themselves in a program, and end no search. */
#ifndef _TCPS_SHIM_LINUX_SCHED_SIGNAL_H
#define _TCPS_SHIM_LINUX_SCHED_SIGNAL_H

#define signal_pending(task)	0

#endif /* _TCPS_SHIM_LINUX_SCHED_SIGNAL_H */
