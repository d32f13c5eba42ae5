/* SPDX-License-Identifier: GPL-2.0 */
/* Records on standard output, in the form that was asked for. */
#ifndef _PRINT_PRINT_H
#define _PRINT_PRINT_H

#include <stdbool.h>

#include "print/fields.h"
#include "print/table.h"

enum form { FORM_TABLE, FORM_LINES, FORM_JSON, FORM_CSV };

/**
 * struct print - how to print
 * @out: where to
 * @form: in which form; may be set after print_init()
 * @fields: which keys of it, but for a table
 * @begun: whether CSV has its first row
 * @command: what to run for each besides, or NULL
 * @silent: whether that is all
 * @failed: whether one such command has failed
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
void print_text(struct print *print, const char *line, const char *json);

#endif /* _PRINT_PRINT_H */
