/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What open files of the device make the module take: who has them open, how
 * much memory they have, and how much they may have. It knows users and bytes,
 * not files.
 *
 * Context: process; may sleep. Several threads at once.
 */
#ifndef _TCPS_CHARGE_H
#define _TCPS_CHARGE_H

#include <linux/list.h>
#include <linux/types.h>

#include "uapi/tcpstates.h"

#define TCPS_FILES_MIB_MAX	65536U

/**
 * struct tcps_user - somebody who has the device open
 * @node: in the list of all of them
 * @uid: the user's number in the initial user namespace
 * @privileged: may use up what all files together may take
 * @files: how many files he has open; the user is gone with the last one
 * @bytes: memory that these have
 *
 * @uid and @privileged stay the same. The rest belongs to charge.c.
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
void *tcps_charge_alloc(struct tcps_user *user, size_t size);
void tcps_charge_free(struct tcps_user *user, void *memory, size_t size);

void tcps_charge_stats(struct tcpstates_account *account);

#endif /* _TCPS_CHARGE_H */
