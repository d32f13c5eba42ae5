// SPDX-License-Identifier: GPL-2.0
/* Records on standard output, in the form that was asked for. */
#include "print.h"

#include <unistd.h>

#include "libtcpstates.h"
#include "output.h"

/* A table for people, lines for programs. */
void print_init(struct print *print, struct output *out, enum table_kind kind)
{
	print->out = out;
	print->form = isatty(STDOUT_FILENO) ? FORM_TABLE : FORM_LINES;
	table_init(&print->table, out, kind);
}

void print_record(struct print *print, const struct tcpstates_record *record)
{
	struct output *out = print->out;
	char *text;

	switch (print->form) {
	case FORM_TABLE:
		table_add(&print->table, record);
		break;
	case FORM_LINES:
		text = output_room(out, TCPSTATES_LINE_SIZE);
		out->length += tcpstates_format_line(record, text,
						     TCPSTATES_LINE_SIZE);
		break;
	case FORM_JSON:
		text = output_room(out, TCPSTATES_JSON_SIZE);
		out->length += tcpstates_format_json(record, text,
						     TCPSTATES_JSON_SIZE);
		break;
	}
}
