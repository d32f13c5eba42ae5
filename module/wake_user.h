/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The users that have files open, and the groups of their files: found by user
 * id and by criteria, made for the first file and freed with the last.
 *
 * Context: process, without tcps_wake_lock; may sleep.
 */
#ifndef _TCPS_WAKE_USER_H
#define _TCPS_WAKE_USER_H

#include <linux/types.h>

struct tcps_criteria;
struct tcps_wake_group;
struct tcps_wake_user;

struct tcps_wake_user *tcps_wake_user_get(u32 uid, bool is_privileged);
void tcps_wake_user_put(struct tcps_wake_user *user);
struct tcps_wake_group *
tcps_wake_group_get(struct tcps_wake_user *user,
		    const struct tcps_criteria *criteria);
void tcps_wake_group_put(struct tcps_wake_user *user,
			 struct tcps_wake_group *group);

#endif /* _TCPS_WAKE_USER_H */
