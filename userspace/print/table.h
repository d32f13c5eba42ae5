/* SPDX-License-Identifier: GPL-2.0 */
/* Records as rows of a table for people, in as many columns as there are. */
#ifndef _PRINT_TABLE_H
#define _PRINT_TABLE_H

#include <stdbool.h>

#include "libtcpstates.h"

struct output;

/* What the rows are. */
enum table_kind { TABLE_TRANSITIONS, TABLE_CONNECTIONS };

/* What stands for when something happened. */
enum table_timestamps { TABLE_WALL, TABLE_RELATIVE, TABLE_DELTA };

/**
 * struct table - a table on standard output
 * @out: where it goes
 * @kind: of which rows
 * @timestamps: how its times are told; may be set after table_init()
 * @since_ns: the time from which they are counted, unless it is of the day
 * @terminal: whether that is a terminal
 * @colour: whether to colour
 * @columns: columns to fill
 * @old: whether there is room for the old state
 * @after: whether there is room for how long that lasted
 * @owner: whether there is room for whose a transition is
 * @queues: whether there is room for what waits in a connection
 * @addresses: column where the addresses begin
 * @side: columns for each of two addresses side by side
 * @rows: repeat the head after so many rows; 0 for never
 * @printed: rows since the head; 0 before the first
 */
struct table {
	struct output *out;
	enum table_kind kind;
	enum table_timestamps timestamps;
	__u64 since_ns;
	bool terminal;
	bool colour;
	int columns;
	bool old;
	bool after;
	bool owner;
	bool queues;
	int addresses;
	int side;
	int rows;
	int printed;
};

void table_init(struct table *table, struct output *out, enum table_kind kind);
void table_note(struct table *table, const char *note);
void table_gap(struct table *table);
void table_add(struct table *table, const struct tcpstates_record *record);

#endif /* _PRINT_TABLE_H */
