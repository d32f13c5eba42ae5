// SPDX-License-Identifier: GPL-2.0
/* Records on standard output, in the form that was asked for. */
#include "print/print.h"

#include <stdio.h>
#include <unistd.h>

#include "base/output.h"
#include "libtcpstates.h"
#include "process/exec.h"
#include "text/item.h"

/**
 * print_init() - a table for people, lines for programs
 * @print: to be filled in
 * @out: where to
 * @kind: what a row of a table is
 * @more: key of a value that the command adds to records, or NULL
 */
void print_init(struct print *print, struct output *out, enum table_kind kind,
		const char *more)
{
	*print = (struct print) {
		.out = out,
		.form = isatty(STDOUT_FILENO) ? FORM_TABLE : FORM_LINES,
	};
	fields_init(&print->fields, more);
	table_init(&print->table, out, kind);
}

/** print_begin() - print what comes before the first record, even if none follows */
void print_begin(struct print *print)
{
	if (print->form == FORM_CSV && !print->silent && !print->begun)
		fields_csv_head(&print->fields, print->out);
	print->begun = true;
}

static void show_item(struct print *print, const struct item *item)
{
	if (print->silent)
		return;
	if (print->form == FORM_LINES)
		fields_line(&print->fields, print->out, item);
	else if (print->form == FORM_JSON)
		fields_json(&print->fields, print->out, item);
	else if (print->form == FORM_CSV)
		fields_csv(&print->fields, print->out, item);
}

/**
 * print_item() - print an item unless it belongs into a table, and run the command
 * @print: how
 * @item: the item
 */
void print_item(struct print *print, const struct item *item)
{
	show_item(print, item);
	if (!print->command)
		return;
	output_flush(print->out);
	if (exec_run(print->command, item))
		print->failed = true;
}

/* Straight into the output, where nothing is to be chosen: a stream is long. */
static bool print_whole(struct print *print,
			const struct tcpstates_record *record)
{
	struct output *out = print->out;
	char *text;

	if (print->command || !print->fields.all)
		return false;
	if (print->form == FORM_LINES) {
		text = output_room(out, TCPSTATES_LINE_SIZE);
		out->length += tcpstates_format_line(record, text,
						     TCPSTATES_LINE_SIZE);
		return true;
	}
	if (print->form == FORM_JSON) {
		text = output_room(out, TCPSTATES_JSON_SIZE);
		out->length += tcpstates_format_json(record, text,
						     TCPSTATES_JSON_SIZE);
		return true;
	}
	return false;
}

static void print_chosen(struct print *print,
			 const struct tcpstates_record *record)
{
	const struct item item = { .record = record };

	if (print->form == FORM_TABLE && !print->silent)
		table_add(&print->table, record);
	if (record->event != TCPSTATES_EVENT_LOST) {
		print_item(print, &item);
		return;
	}
	show_item(print, &item);
	if (print->command)
		fprintf(stderr, "tcpstates: %llu records were lost; some may be missing\n",
			(unsigned long long)record->count);
}

/** print_record() - print a record, and run the command unless it is a loss */
void print_record(struct print *print, const struct tcpstates_record *record)
{
	if (!print_whole(print, record))
		print_chosen(print, record);
}
