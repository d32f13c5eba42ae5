/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wake-ups of open files. A file is woken when a record is written that passes
 * its filter and namespace.
 *
 * Context: process, without tcps_wake_lock, where nothing else is said.
 */
#ifndef _TCPS_WAKE_H
#define _TCPS_WAKE_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

struct tcps_merge;
struct tcps_sleeper;

int tcps_wake_init(void);
void tcps_wake_exit(void);

int tcps_wake_add(struct tcps_sleeper *sleeper, u32 uid, u32 netns);
void tcps_wake_remove(struct tcps_sleeper *sleeper);
int tcps_wake_set_filter(struct tcps_sleeper *sleeper, u32 netns,
			 const struct tcpstates_filter *filter);

void tcps_wake_arm(struct tcps_sleeper *sleeper);
u64 tcps_wake_begin_look(struct tcps_sleeper *sleeper,
			 struct tcps_merge *merge);
void tcps_wake_settle(struct tcps_sleeper *sleeper, u64 generation);
void tcps_wake_now(struct tcps_sleeper *sleeper);

u64 tcps_wake_count(void);

#endif /* _TCPS_WAKE_H */
