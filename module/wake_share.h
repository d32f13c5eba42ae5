/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much of the processors' time each user gets for wake-ups, and which users'
 * waiters interrupts do not call.
 *
 * Context: any, with tcps_wake_lock held.
 */
#ifndef _TCPS_WAKE_SHARE_H
#define _TCPS_WAKE_SHARE_H

#include <linux/types.h>

struct tcps_budget;
struct tcps_wake_user;

void tcps_wake_share_init(void);
void tcps_wake_share_get(struct tcps_wake_user *user);
void tcps_wake_share_put(struct tcps_wake_user *user);
bool tcps_wake_share_is_due(const struct tcps_wake_user *user, u64 now_ns);
bool tcps_wake_share_is_slow(const struct tcps_wake_user *user, u64 now_ns);
void tcps_wake_share_charge(struct tcps_wake_user *user, u64 now_ns,
			    u64 work_ns, const struct tcps_budget *budget,
			    bool is_done);

#endif /* _TCPS_WAKE_SHARE_H */
