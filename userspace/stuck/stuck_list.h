/* SPDX-License-Identifier: GPL-2.0 */
/* Connections that are stuck, each with what it means and who holds it. */
#ifndef _STUCK_STUCK_LIST_H
#define _STUCK_STUCK_LIST_H

#include "base/stuck_states.h"
#include "filter/language.h"
#include "records/rows.h"
#include "stuck/diagnosis.h"
#include "stuck/holders.h"

/**
 * struct conn - one of them
 * @record: how it is
 * @diagnosis: what that means
 * @inode: of the socket that somebody holds: its own, or that of the listener
 *	that has it in its queue; 0 if that is not known
 * @listeners: how many listeners may have it in their queue
 */
struct stuck_conn {
	struct tcpstates_record record;
	enum diagnosis diagnosis;
	__u64 inode;
	size_t listeners;
};

/**
 * struct list - some of them
 * @list: by meaning, the oldest first
 * @count: of these
 * @holders: those who hold them
 * @lost: how many may be missing
 */
struct stuck_list {
	struct stuck_conn *conns;
	size_t count;
	struct holders holders;
	unsigned long long lost;
};

int stuck_list_find(struct stuck_list *list, const char *device, __u64 age_ns,
		    const struct filter *filter);
int stuck_list_diagnose(struct stuck_list *list, const struct rows *rows,
			const char *device);
void stuck_list_free(struct stuck_list *list);

#endif /* _STUCK_STUCK_LIST_H */
