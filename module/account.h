/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What open files of the device make the module take: who has them open, how
 * much memory they have, and how much they may have. It knows users and bytes,
 * not files.
 *
 * Context: process; may sleep. Several threads at once.
 */
#ifndef _TCPS_ACCOUNT_H
#define _TCPS_ACCOUNT_H

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
 * @uid and @privileged stay the same. The rest belongs to account.c.
 */
struct tcps_user {
	struct list_head node;
	u32 uid;
	bool privileged;
	unsigned int files;
	u64 bytes;
};

int tcps_account_init(unsigned int mib, unsigned int conn_mib);
unsigned int tcps_account_mib(void);

struct tcps_user *tcps_account_open(u32 uid, bool privileged);
void tcps_account_close(struct tcps_user *user);
void *tcps_account_alloc(struct tcps_user *user, size_t size);
void tcps_account_free(struct tcps_user *user, void *memory, size_t size);

void tcps_account_stats(struct tcpstates_account *account);

#endif /* _TCPS_ACCOUNT_H */
