/* SPDX-License-Identifier: GPL-2.0 */
/* Records on standard output, in the form that was asked for. */
#ifndef _PRINT_PRINT_H
#define _PRINT_PRINT_H

#include <stdbool.h>

#include "print/fields.h"
#include "print/table.h"

struct item;

enum form { FORM_TABLE, FORM_LINES, FORM_JSON, FORM_CSV };

/**
 * struct print - how to print
 * @out: where to
 * @form: in which form; may be set after print_init()
 * @fields: which fields, except in a table
 * @begun: the first row of CSV is printed
 * @command: what to run for each record as well, or NULL
 * @silent: print nothing, only run @command
 * @failed: a command has failed
 * @table: for FORM_TABLE
 */
struct print {
	struct output *out;
	enum form form;
	struct fields fields;
	bool begun;
	const char *command;
	bool silent;
	bool failed;
	struct table table;
};

void print_init(struct print *print, struct output *out, enum table_kind kind,
		const char *more);
void print_begin(struct print *print);
void print_record(struct print *print, const struct tcpstates_record *record);
void print_item(struct print *print, const struct item *item);

#endif /* _PRINT_PRINT_H */
