// SPDX-License-Identifier: GPL-2.0
/* What commands that read the stream share: options, a filter, and the loop. */
#include "cli/stream_cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/output.h"
#include "base/status.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "text/cell.h"

/* Columns of a wrong filter that are shown: a line of a terminal. */
#define EXCERPT		72

const struct usage_option stream_cmd_options[] = {
	{ "json", OPTION_JSON, NULL,
	  "one JSON object per line, with the keys of the lines" },
	{ "csv", OPTION_CSV, NULL,
	  "one row per line, the keys in the first one (RFC 4180)" },
	{ "lines", OPTION_LINES, NULL, "lines, also on a terminal" },
	{ "table", OPTION_TABLE, NULL, "a table, also elsewhere" },
	{ "format", OPTION_FORMAT, "KEYS",
	  "only these keys of lines, objects or rows, in this order:\n"
	  "--format time,conn,old,new" },
	{ "exec", OPTION_EXEC, "CMD",
	  "run the shell command CMD for each, and print nothing unless a\n"
	  "form is given. The keys of the line are in its environment\n"
	  "(TCPSTATES_PID, ...), the JSON object is its standard input. If\n"
	  "CMD still runs when tcpstates has to end, it gets SIGTERM" },
	USAGE_DEVICE, USAGE_HELP, { .name = NULL }
};

/**
 * stream_cmd_init() - prepare for stream_cmd_parse()
 * @cmd: filled in, but for @usage, @take and @stopped
 * @out: output
 * @kind: what rows of a table are
 * @more: an additional key of lines, or NULL
 */
void stream_cmd_init(struct stream_cmd *cmd, struct output *out,
		     enum table_kind kind, const char *more)
{
	print_init(&cmd->print, out, kind, more);
}

static void choose_form(struct stream_cmd *cmd, enum form form)
{
	cmd->print.form = form;
	cmd->chosen = true;
}

/* Takes an option. Returns -1 to go on, or a status to end with. */
static int parse_option(struct stream_cmd *cmd, int option, char *argv[])
{
	switch (option) {
	case OPTION_CSV:
		choose_form(cmd, FORM_CSV);
		return -1;
	case OPTION_DEVICE:
		cmd->device = optarg;
		return -1;
	case OPTION_EXEC:
		cmd->command = optarg;
		return -1;
	case OPTION_FORMAT:
		cmd->format = optarg;
		return -1;
	case OPTION_HELP:
	case 'h':
		return command_help(cmd->print.out, cmd->usage);
	case OPTION_JSON:
		choose_form(cmd, FORM_JSON);
		return -1;
	case OPTION_LINES:
		choose_form(cmd, FORM_LINES);
		return -1;
	case OPTION_TABLE:
		choose_form(cmd, FORM_TABLE);
		return -1;
	case ':':
	case '?':
		return option_error(option, argv);
	default:
		return cmd->take(cmd, option);
	}
}

/* Joins words with blanks, as ss does. Returns NULL without memory. */
static char *join_words(int argc, char *argv[])
{
	size_t length = 1;
	char *text, *end;
	int i;

	for (i = 0; i < argc; i++)
		length += strlen(argv[i]) + 1;
	text = malloc(length);
	if (!text)
		return NULL;
	end = text;
	*end = '\0';
	for (i = 0; i < argc; i++)
		end = stpcpy(stpcpy(end, i ? " " : ""), argv[i]);
	return text;
}

/* Prints the filter, and a mark below the column that is wrong. */
static void show_error(const char *text, const struct filter_error *error)
{
	size_t from = error->column > EXCERPT / 2 ? error->column - EXCERPT / 2 : 0;
	char excerpt[EXCERPT + 1], what[sizeof(error->text)];

	snprintf(excerpt, sizeof(excerpt), "%s", text + from);
	cell_tame(excerpt);
	snprintf(what, sizeof(what), "%s", error->text);
	cell_tame(what);
	fprintf(stderr,
		"tcpstates: filter: %s\n  %s\n  %*s^\nSee 'tcpstates filter'.\n",
		what, excerpt, (int)(error->column - from), "");
}

/**
 * stream_cmd_filter() - parse a filter
 * @filter: set to the filter
 * @argc: number of words
 * @argv: the words of the filter
 *
 * Return: -1 to go on, or a status to end with, after a message.
 */
int stream_cmd_filter(struct filter **filter, int argc, char *argv[])
{
	struct filter_error error = { .text = "no memory" };
	char *text = join_words(argc, argv);

	/* A lookup of a host name may take long: a signal may end the program. */
	stop_at_once(true);
	*filter = text ? filter_parse(text, &error) : NULL;
	stop_at_once(false);
	if (!*filter)
		show_error(text ? text : "", &error);
	free(text);
	return *filter ? -1 : STATUS_USAGE;
}

/* Applies --format. Returns -1 to go on, or a status to end with. */
static int choose_fields(struct stream_cmd *cmd)
{
	const char *bad;

	if (!cmd->format)
		return -1;
	bad = fields_choose(&cmd->print.fields, cmd->format);
	if (bad)
		return usage_error("--format: '%.*s' is not a key of a line",
				   (int)strcspn(bad, ","), bad);
	/* A table has its own columns. */
	if (cmd->print.form == FORM_TABLE && cmd->chosen)
		return usage_error("--format needs --lines, --json or --csv");
	if (cmd->print.form == FORM_TABLE)
		choose_form(cmd, FORM_LINES);
	cmd->chosen = true;
	return -1;
}

/**
 * stream_cmd_parse() - parse a command line: options, and the filter
 * @cmd: filled in
 * @argc: of main()
 * @argv: of main()
 *
 * Return: -1 to go on, or a status to end with. The words of a USAGE_COMMAND begin
 * at optind.
 */
int stream_cmd_parse(struct stream_cmd *cmd, int argc, char *argv[])
{
	int option, status = -1;

	while (status < 0 &&
	       (option = usage_next(cmd->usage, argc, argv)) != -1)
		status = parse_option(cmd, option, argv);
	if (status < 0)
		status = choose_fields(cmd);
	if (status >= 0)
		return status;
	cmd->print.command = cmd->command;
	cmd->print.silent = cmd->command && !cmd->chosen;
	return stream_cmd_filter(&cmd->filter,
				 cmd->usage->words == USAGE_FILTER ?
				 argc - optind : 0, argv + optind);
}

/* Handles the next record, or waits. Returns 1 to go on, 0 to end, -1 and errno. */
static int follow_step(struct stream_cmd *cmd,
		       int (*take)(struct stream_cmd *cmd,
				   const struct tcpstates_record *record),
		       int (*wait)(struct stream_cmd *cmd))
{
	const struct tcpstates_record *record;
	int count = tcpstates_next(cmd->stream, &record), going = 1;

	if (count < 0)
		return errno == EINTR ? 1 : -1;
	if (count == 0)
		return wait ? wait(cmd) : 0;
	if (filter_matches(cmd->filter, record))
		going = take(cmd, record);
	/* One write per batch of records: fast, and no record is delayed. */
	if (!tcpstates_buffered(cmd->stream) &&
	    output_flush(cmd->print.out))
		return 0;
	return going;
}

/* A signal asks the program to end. Returns 1 to go on, 0 to end. */
static int follow_stopped(struct stream_cmd *cmd)
{
	return cmd->stopped ? cmd->stopped(cmd) : 0;
}

/**
 * stream_cmd_follow() - open the stream, and handle the records that match the filter
 * @cmd: the command, parsed
 * @begin: sets up the stream
 * @take: handles a record
 * @wait: waits when no record is available; NULL to end then
 *
 * The functions return 1 to go on, 0 to end, or -1 and errno.
 *
 * Return: a status, after a message if it is not STATUS_OK.
 */
int stream_cmd_follow(struct stream_cmd *cmd,
		      int (*begin)(struct stream_cmd *cmd),
		      int (*take)(struct stream_cmd *cmd,
				  const struct tcpstates_record *record),
		      int (*wait)(struct stream_cmd *cmd))
{
	int going, error;

	cmd->stream = tcpstates_open(cmd->device,
				     TCPSTATES_OPEN_NONBLOCK);
	if (!cmd->stream) {
		fprintf(stderr, "tcpstates: %s\n", tcpstates_open_error());
		return STATUS_FAILED;
	}
	going = begin(cmd);
	while (going > 0)
		going = stop_requested() ? follow_stopped(cmd) :
					   follow_step(cmd, take, wait);
	error = errno;
	tcpstates_close(cmd->stream);
	cmd->stream = NULL;
	if (going < 0) {
		fprintf(stderr, "tcpstates: %s: %s\n",
			cmd->device ? cmd->device : TCPSTATES_DEVICE,
			error == EPROTO ? "not a stream of records" :
					  strerror(error));
		return STATUS_FAILED;
	}
	return cmd->print.failed ? STATUS_FAILED : STATUS_OK;
}

/** stream_cmd_free() - free the filter */
void stream_cmd_free(struct stream_cmd *cmd)
{
	filter_free(cmd->filter);
	cmd->filter = NULL;
}
