/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which rows a snapshot has given, to be asked for each record that follows. It
 * knows the order of the table's chains, nothing else of it.
 *
 * Context: process; one thread at a time for one list.
 */
#ifndef _TCPS_SNAPSHOT_SEEN_H
#define _TCPS_SNAPSHOT_SEEN_H

#include <linux/types.h>

struct tcps_user;

/**
 * struct tcps_seen_row - a row that has been given
 * @conn: of which connection
 * @since: since when that was in its state, and which: see snapshot_seen.c
 */
struct tcps_seen_row {
	u64 conn;
	u64 since;
};

/**
 * struct tcps_seen - a list of rows, in the order of their chains
 * @user: who is charged for its memory
 * @pages: the rows, in pages
 * @room: how many pages fit into @pages
 * @count: how many rows there are
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
