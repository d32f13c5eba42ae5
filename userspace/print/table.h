/* SPDX-License-Identifier: GPL-2.0 */
/* Records as rows of a table for people, as wide as the terminal. */
#ifndef _PRINT_TABLE_H
#define _PRINT_TABLE_H

#include <stdbool.h>

#include "libtcpstates.h"

struct output;

enum table_kind { TABLE_TRANSITIONS, TABLE_CONNECTIONS };

/* The form of times. */
enum table_timestamps { TABLE_WALL, TABLE_RELATIVE, TABLE_DELTA };

/**
 * struct table - a table on standard output
 * @out: output
 * @kind: what its rows are
 * @timestamps: form of its times; may be set after table_init()
 * @since_ns: start of relative times
 * @terminal: whether the output is a terminal
 * @colour: whether to use colours
 * @columns: columns of the terminal
 * @old: whether there is a column OLD
 * @after: whether there is a column AFTER
 * @owner: whether there is a column OWNER
 * @queues: whether there is a column QUEUES
 * @addresses: column at which the addresses begin
 * @side: columns for each of two addresses side by side
 * @rows: rows after which the head is repeated; 0 for never
 * @printed: rows since the head; 0 before the first one
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
