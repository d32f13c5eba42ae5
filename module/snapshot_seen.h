/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rows that a snapshot has returned, to be looked up for each record that
 * follows. It knows the order of the table's chains, and nothing else of it.
 *
 * Context: process, one thread at a time for one list.
 */
#ifndef _TCPS_SNAPSHOT_SEEN_H
#define _TCPS_SNAPSHOT_SEEN_H

#include <linux/types.h>

struct tcps_user;

/**
 * struct tcps_seen_row - a row that has been returned
 * @conn: cookie of the connection
 * @since: when it had entered its state, and the state; see snapshot_seen.c
 */
struct tcps_seen_row {
	u64 conn;
	u64 since;
};

/**
 * struct tcps_seen - a list of rows, sorted by chain
 * @user: the user to charge for the memory
 * @pages: the rows, in pages
 * @room: length of @pages
 * @count: number of rows
 */
struct tcps_seen {
	struct tcps_user *user;
	struct tcps_seen_row **pages;
	unsigned long room;
	unsigned long count;
};

bool tcps_seen_add(struct tcps_seen *seen, u64 conn, u64 since_ns, u8 state);
bool tcps_seen_has(const struct tcps_seen *seen, u64 conn, u64 since_ns,
		   u8 state);
void tcps_seen_free(struct tcps_seen *seen);

#endif /* _TCPS_SNAPSHOT_SEEN_H */
