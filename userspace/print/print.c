// SPDX-License-Identifier: GPL-2.0
/* Records on standard output, in the form that was asked for. */
#include "print/print.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "libtcpstates.h"
#include "process/exec.h"

/**
 * print_init() - a table for people, lines for programs
 * @print: to be filled in
 * @out: where to
 * @kind: what a row of a table is
 * @more: a key that lines have besides, or NULL
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

/** print_begin() - what is there before the first record, if there is one or not */
void print_begin(struct print *print)
{
	if (print->form == FORM_CSV && !print->silent && !print->begun)
		fields_csv_head(&print->fields, print->out);
	print->begun = true;
}

static void show_text(struct print *print, const char *line, const char *json)
{
	if (print->silent)
		return;
	if (print->form == FORM_LINES)
		fields_line(&print->fields, print->out, line);
	else if (print->form == FORM_JSON)
		fields_json(&print->fields, print->out, json);
	else if (print->form == FORM_CSV)
		fields_csv(&print->fields, print->out, line);
}

/**
 * print_text() - show one that is not a row of a table, and run the command
 * @print: how
 * @line: the line of it
 * @json: the object
 */
void print_text(struct print *print, const char *line, const char *json)
{
	show_text(print, line, json);
	if (!print->command)
		return;
	output_flush(print->out);
	if (exec_run(print->command, line, json, strlen(json)))
		print->failed = true;
}

/* Without a copy, where nothing is to be chosen: what a stream is made for. */
static bool print_at_once(struct print *print,
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

/** print_record() - show a record, and run the command for it, unless it is a loss */
void print_record(struct print *print, const struct tcpstates_record *record)
{
	char line[TCPSTATES_LINE_SIZE], json[TCPSTATES_JSON_SIZE];

	if (print_at_once(print, record))
		return;
	if (print->form == FORM_TABLE && !print->silent)
		table_add(&print->table, record);
	if (print->form == FORM_TABLE && !print->command)
		return;
	tcpstates_format_line(record, line, sizeof(line));
	tcpstates_format_json(record, json, sizeof(json));
	if (record->event != TCPSTATES_EVENT_LOST) {
		print_text(print, line, json);
		return;
	}
	/* A loss is no connection to run a command for. */
	show_text(print, line, json);
	if (print->command)
		fprintf(stderr, "tcpstates: %llu records were lost; some may be missing\n",
			(unsigned long long)record->count);
}
