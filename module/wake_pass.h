/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When rounds are done, and in which context. wake.c opens with how the parts work
 * together.
 *
 * Context: any, with tcps_wake_lock held, where nothing else is said.
 */
#ifndef _TCPS_WAKE_PASS_H
#define _TCPS_WAKE_PASS_H

struct tcps_sleeper;
struct tcps_wake_user;

int tcps_wake_pass_init(void);
void tcps_wake_pass_exit(void);

void tcps_wake_pass_want(struct tcps_wake_user *user);
void tcps_wake_pass_wake(struct tcps_sleeper *sleeper);
void tcps_wake_pass_forget(struct tcps_wake_user *user);

#endif /* _TCPS_WAKE_PASS_H */
