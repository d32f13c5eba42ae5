/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of open files: who has them open, how much memory is charged for them,
 * and the limits. It knows users and bytes, not files.
 *
 * Context: process; may sleep. Any number of threads at once.
 */
#ifndef _TCPS_CHARGE_H
#define _TCPS_CHARGE_H

#include <linux/list.h>
#include <linux/types.h>

#include "uapi/tcpstates.h"

#define TCPS_FILES_MIB_MAX	65536U

/**
 * struct tcps_user - a user with open files
 * @node: in the list of users
 * @uid: user id in the initial user namespace
 * @privileged: only the limit for all files holds
 * @files: number of open files; the user is freed with the last one
 * @bytes: memory charged for them
 *
 * @uid and @privileged are constant, the rest is private to charge.c.
 */
struct tcps_user {
	struct list_head node;
	u32 uid;
	bool privileged;
	unsigned int files;
	u64 bytes;
};

int tcps_charge_init(unsigned int mib, unsigned int conn_mib);
unsigned int tcps_charge_mib(void);

struct tcps_user *tcps_charge_open(u32 uid, bool privileged);
void tcps_charge_close(struct tcps_user *user);
bool tcps_charge_reserve(struct tcps_user *user, size_t size);
void tcps_charge_release(struct tcps_user *user, size_t size);
void *tcps_charge_alloc(struct tcps_user *user, size_t size);
void tcps_charge_free(struct tcps_user *user, void *memory, size_t size);

void tcps_charge_stats(struct tcpstates_account *account);

#endif /* _TCPS_CHARGE_H */
