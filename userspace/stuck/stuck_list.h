/* SPDX-License-Identifier: GPL-2.0 */
/* Stuck connections, each with its diagnosis and the processes that hold it. */
#ifndef _STUCK_STUCK_LIST_H
#define _STUCK_STUCK_LIST_H

#include "base/stuck_states.h"
#include "filter/language.h"
#include "records/rows.h"
#include "stuck/diagnosis.h"
#include "stuck/holders.h"

/**
 * struct stuck_conn - a stuck connection
 * @record: its latest record
 * @diagnosis: why it can be stuck
 * @inode: of the socket whose holders matter: its own, or that of the listener whose
 *	queue it is in; 0 if unknown
 * @listeners: number of listeners whose queue it may be in
 */
struct stuck_conn {
	struct tcpstates_record record;
	enum diagnosis diagnosis;
	__u64 inode;
	size_t listeners;
};

/**
 * struct stuck_list - stuck connections
 * @conns: by diagnosis, the oldest first
 * @count: number of connections
 * @holders: processes that hold them
 * @lost: number of connections that may be missing
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
