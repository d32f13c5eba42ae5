/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When passes over stuck connections run, and the parameters stuck_*.
 *
 * Context: process.
 */
#ifndef _TCPS_STUCK_TIMER_H
#define _TCPS_STUCK_TIMER_H

int tcps_stuck_timer_init(void);
void tcps_stuck_timer_exit(void);

#endif /* _TCPS_STUCK_TIMER_H */
