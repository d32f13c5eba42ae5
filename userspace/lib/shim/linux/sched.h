/* SPDX-License-Identifier: GPL-2.0 */
/* A program is interrupted at any time: it need not offer its CPU. */
#ifndef _TCPS_SHIM_LINUX_SCHED_H
#define _TCPS_SHIM_LINUX_SCHED_H

static inline void cond_resched(void)
{
}

#endif /* _TCPS_SHIM_LINUX_SCHED_H */
