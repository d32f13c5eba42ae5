/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which rows a snapshot has given, to be asked for each record that follows. It
 * knows the order of the table's chains, nothing else of it.
 *
 * Context: process; one thread at a time for one list.
 */
#ifndef _TCPS_GIVEN_H
#define _TCPS_GIVEN_H

#include <linux/types.h>

struct tcps_user;

/**
 * struct tcps_given_row - a row that has been given
 * @conn: of which connection
 * @since: since when that was in its state, and which: see given.c
 */
struct tcps_given_row {
	u64 conn;
	u64 since;
};

/**
 * struct tcps_given - a list of rows, in the order of their chains
 * @user: who is charged for its memory
 * @pages: the rows, in pages
 * @room: how many pages fit into @pages
 * @count: how many rows there are
 */
struct tcps_given {
	struct tcps_user *user;
	struct tcps_given_row **pages;
	unsigned long room;
	unsigned long count;
};

bool tcps_given_add(struct tcps_given *given, u64 conn, u64 since_ns, u8 state);
bool tcps_given_has(const struct tcps_given *given, u64 conn, u64 since_ns,
		    u8 state);
void tcps_given_free(struct tcps_given *given);

#endif /* _TCPS_GIVEN_H */
