/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TCPS_SHIM_LINUX_SCHED_H
#define _TCPS_SHIM_LINUX_SCHED_H

#include <sched.h>

#define cond_resched()	sched_yield()

#endif /* _TCPS_SHIM_LINUX_SCHED_H */
