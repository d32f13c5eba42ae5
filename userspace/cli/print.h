/* SPDX-License-Identifier: GPL-2.0 */
/* Records on standard output, in the form that was asked for. */
#ifndef _CLI_PRINT_H
#define _CLI_PRINT_H

#include "table.h"

enum form { FORM_TABLE, FORM_LINES, FORM_JSON };

/**
 * struct print - how to print
 * @out: where to
 * @form: in which form; may be set after print_init()
 * @table: for FORM_TABLE
 */
struct print {
	struct output *out;
	enum form form;
	struct table table;
};

void print_init(struct print *print, struct output *out, enum table_kind kind);
void print_record(struct print *print, const struct tcpstates_record *record);

#endif /* _CLI_PRINT_H */
