/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When rounds are done, and how much of the processors' time each user gets for
 * them. wake.c opens with how the parts work together.
 *
 * Context: any, with tcps_wake_lock held, where nothing else is said.
 */
#ifndef _TCPS_WAKE_PASS_H
#define _TCPS_WAKE_PASS_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct tcps_sleeper;
struct tcps_wake_user;

/*
 * Protects sleepers, groups and users, and changes of tcps_stream_waiting. Taken
 * in hard interrupts; the lock of a file's queue is taken inside it.
 */
extern spinlock_t tcps_wake_lock;

int tcps_wake_pass_init(void);
void tcps_wake_pass_exit(void);

void tcps_wake_pass_want(struct tcps_wake_user *user);
void tcps_wake_pass_wake(struct tcps_sleeper *sleeper);
void tcps_wake_pass_forget(struct tcps_wake_user *user);

#endif /* _TCPS_WAKE_PASS_H */
