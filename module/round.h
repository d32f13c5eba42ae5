/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A round searches new records for one user, once for each group of files with
 * the same criteria, and wakes the files for which a record matches. It is done
 * in portions. wake_pass.c decides when a portion is due.
 *
 * Context: any, with tcps_wake_lock held and interrupts off, where nothing else
 * is said.
 */
#ifndef _TCPS_ROUND_H
#define _TCPS_ROUND_H

#include <linux/types.h>

struct tcps_budget;
struct tcps_sleeper;
struct tcps_wake_group;
struct tcps_wake_user;

void tcps_round_begin(struct tcps_wake_user *user);
bool tcps_round_continue(struct tcps_wake_user *user,
			 struct tcps_budget *budget);
void tcps_round_wake_now(struct tcps_sleeper *sleeper);
void tcps_round_drop(struct tcps_wake_user *user,
		     struct tcps_wake_group *group);
u64 tcps_round_woken(void);

#endif /* _TCPS_ROUND_H */
