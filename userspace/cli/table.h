/* SPDX-License-Identifier: GPL-2.0 */
/* Records as rows of a table for people, in as many columns as there are. */
#ifndef _CLI_TABLE_H
#define _CLI_TABLE_H

#include <stdbool.h>

#include "libtcpstates.h"

struct output;

/**
 * struct table - a table on standard output
 * @out: where it goes
 * @terminal: whether that is a terminal
 * @colour: whether to colour
 * @columns: columns to fill
 * @side: columns for each of two addresses side by side
 * @rows: repeat the head after so many rows; 0 for never
 * @printed: rows since the head; 0 before the first
 */
struct table {
	struct output *out;
	bool terminal;
	bool colour;
	int columns;
	int side;
	int rows;
	int printed;
};

void table_init(struct table *table, struct output *out);
void table_add(struct table *table, const struct tcpstates_record *record);

#endif /* _CLI_TABLE_H */
