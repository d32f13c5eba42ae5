/* SPDX-License-Identifier: GPL-2.0 */
/* Connections that are stuck, each with what it means and who holds it. */
#ifndef _STUCK_TROUBLED_H
#define _STUCK_TROUBLED_H

#include "filter/language.h"
#include "records/rows.h"
#include "stuck/holders.h"
#include "stuck/meaning.h"

/* The states in which a connection can be stuck, as a filter has them. */
#define TROUBLED_STATES	((1U << TCPSTATES_CLOSE_WAIT) | \
			 (1U << TCPSTATES_SYN_SENT) | \
			 (1U << TCPSTATES_SYN_RECV) | \
			 (1U << TCPSTATES_FIN_WAIT1) | \
			 (1U << TCPSTATES_FIN_WAIT2) | \
			 (1U << TCPSTATES_LAST_ACK) | \
			 (1U << TCPSTATES_CLOSING))

/**
 * struct trouble - one of them
 * @record: how it is
 * @meaning: what that means
 * @inode: of the socket that somebody holds: its own, or that of the listener
 *	that has it in its queue; 0 if that is not known
 * @listeners: how many listeners may have it in their queue
 */
struct trouble {
	struct tcpstates_record record;
	enum meaning meaning;
	__u64 inode;
	size_t listeners;
};

/**
 * struct troubled - some of them
 * @list: by meaning, the oldest first
 * @count: of these
 * @holders: those who hold them
 * @lost: how many may be missing
 */
struct troubled {
	struct trouble *list;
	size_t count;
	struct holders holders;
	unsigned long long lost;
};

int troubled_find(struct troubled *troubled, const char *device, __u64 age_ns,
		  const struct filter *filter);
int troubled_explain(struct troubled *troubled, const struct rows *rows,
		     const char *device);
void troubled_free(struct troubled *troubled);

#endif /* _STUCK_TROUBLED_H */
