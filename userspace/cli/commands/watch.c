// SPDX-License-Identifier: GPL-2.0
/* tcpstates watch: state changes as they happen. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/output.h"
#include "base/status.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/stream_cmd.h"
#include "libtcpstates.h"
#include "records/flow_buffer.h"
#include "records/rate_limit.h"
#include "records/summary.h"
#include "text/cell.h"
#include "text/lookup.h"

/* Default limit of rows per second on a terminal: more than anybody reads. */
#define TERMINAL_RATE	500

static const struct usage_option options[] = {
	{ "count", OPTION_COUNT, "N", "end after N changes" },
	{ "rewind", OPTION_REWIND, NULL,
	  "begin with the oldest change that is still in memory" },
	{ "flow", OPTION_FLOW, NULL,
	  "show the changes of a connection together, when it has ended or\n"
	  "reached TIME_WAIT" },
	{ "timestamps", OPTION_TIMESTAMPS, "WHICH",
	  "in a table: 'wall' (time of day), 'relative' (seconds since the\n"
	  "first row) or 'delta' (seconds since the row before)" },
	{ "services", OPTION_SERVICES, NULL, "show names of ports, in a table" },
	{ "resolve", OPTION_RESOLVE, NULL,
	  "show names of hosts, too; looking them up may take a while" },
	{ "rate", OPTION_RATE, "N",
	  "show at most N rows of a table per second, and how many more\n"
	  "there were (500 on a terminal; 0 for all)" },
	{ "summary", OPTION_SUMMARY, NULL,
	  "show counts, handshake times and failures at the end" },
	{ .name = NULL }
};

const struct usage watch_usage = {
	.synopsis = "[watch] [OPTION]... [FILTER]",
	.about =
"Shows every state change of TCP connections from now on, and its cause: as a\n"
"table on a terminal (local time; from 90 columns on with the old state, from 98\n"
"on with its duration, from 115 on with the owner), elsewhere as lines of\n"
"key=value pairs like those of the device (UTC). Also reports connections that\n"
"are in a state for too long. Ends with Ctrl-C.\n",
	.column = USAGE_COLUMN,
	.options = options,
	.shared = stream_cmd_options,
	.details =
STREAM_CMD_FORMS
STREAM_CMD_FILTER
"\n"
"If this reads too slowly, it shows how many changes are missing, whatever the\n"
"filter.\n",
	.words = USAGE_FILTER,
};

/**
 * struct watch - one run
 * @cmd: what all commands on the stream have
 * @rewind: whether to begin with the oldest change
 * @of_table: whether an option was given that only a table supports
 * @left: changes to show before it ends
 * @flow: whether the changes of a connection are shown together
 * @buffer: records held back for that
 * @summed: whether to print a summary
 * @summary: the counts for it
 * @limit: limit of rows per second
 */
struct watch {
	struct stream_cmd cmd;
	bool rewind;
	bool of_table;
	unsigned long long left;
	bool flow;
	struct flow_buffer buffer;
	bool summed;
	struct summary summary;
	struct rate_limit limit;
};

/* Parses the value of --timestamps. Returns a status, or -1 to go on. */
static int parse_timestamps(struct watch *watch)
{
	static const char * const names[] = {
		[TABLE_WALL] = "wall",
		[TABLE_RELATIVE] = "relative",
		[TABLE_DELTA] = "delta",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(optarg, names[i]))
			continue;
		watch->cmd.print.table.timestamps = i;
		return -1;
	}
	return usage_error("--timestamps: '%s' is not wall, relative or delta",
			   optarg);
}

/* Handles an option. Returns a status, or -1 to go on. */
static int watch_option(struct stream_cmd *cmd, int option)
{
	struct watch *watch = container_of(cmd, struct watch, cmd);

	if (option == OPTION_RATE || option == OPTION_RESOLVE ||
	    option == OPTION_SERVICES || option == OPTION_TIMESTAMPS)
		watch->of_table = true;
	switch (option) {
	case OPTION_FLOW:
		watch->flow = true;
		return -1;
	case OPTION_RATE:
		if (!strcmp(optarg, "0"))
			watch->limit.rate = 0;
		else if (!parse_count(optarg, &watch->limit.rate))
			return usage_error("--rate: '%s' is not a number", optarg);
		return -1;
	case OPTION_RESOLVE:
		cell_name_hosts(lookup_host);
		cell_name_ports(lookup_port);
		return -1;
	case OPTION_REWIND:
		watch->rewind = true;
		return -1;
	case OPTION_SERVICES:
		cell_name_ports(lookup_port);
		return -1;
	case OPTION_SUMMARY:
		watch->summed = true;
		return -1;
	case OPTION_TIMESTAMPS:
		return parse_timestamps(watch);
	default:
		if (parse_count(optarg, &watch->left))
			return -1;
		return usage_error("--count: '%s' is not a number of at least 1",
				   optarg);
	}
}

/* Sets up the stream, with the part of the filter that the module evaluates. */
static int watch_begin(struct stream_cmd *cmd)
{
	const struct watch *watch = container_of(cmd, struct watch, cmd);
	struct tcpstates_filter kernel;

	filter_narrow(cmd->filter, &kernel);
	if (tcpstates_set_filter(cmd->stream, &kernel))
		return -1;
	if (watch->rewind && tcpstates_rewind(cmd->stream))
		return -1;
	print_begin(&cmd->print);
	return output_flush(cmd->print.out) ? 0 : 1;
}

static bool is_table(const struct watch *watch)
{
	return watch->cmd.print.form == FORM_TABLE &&
	       !watch->cmd.print.silent;
}

static void note_hidden(struct watch *watch, unsigned long long count)
{
	char note[80];

	if (!count)
		return;
	watch->summary.hidden += count;
	snprintf(note, sizeof(note), "%llu more, not shown (--rate)", count);
	table_note(&watch->cmd.print.table, note);
}

/* Shows a record, unless the rate limit hides it. */
static void show_record(struct watch *watch, const struct tcpstates_record *record)
{
	long long now;

	if (is_table(watch) && watch->limit.rate) {
		now = clock_ms();
		note_hidden(watch, rate_limit_take_hidden(&watch->limit, now));
		if (record->event != TCPSTATES_EVENT_LOST &&
		    !rate_limit_allows(&watch->limit, now) && !watch->cmd.command)
			return;
	}
	print_record(&watch->cmd.print, record);
}

/* Shows a record of a flow; in a table, a blank line ends the flow. */
static int show_flow_record(void *data, const struct tcpstates_record *record,
			    bool last)
{
	struct watch *watch = data;

	show_record(watch, record);
	if (last && is_table(watch))
		table_gap(&watch->cmd.print.table);
	return 1;
}

static int watch_record(struct stream_cmd *cmd, const struct tcpstates_record *record)
{
	struct watch *watch = container_of(cmd, struct watch, cmd);

	summary_add(&watch->summary, record);
	if (!watch->flow || record->event == TCPSTATES_EVENT_LOST)
		show_record(watch, record);
	else if (flow_buffer_add(&watch->buffer, record) < 0)
		return -1;
	if (record->event == TCPSTATES_EVENT_TRANSITION)
		watch->left--;
	return watch->left ? 1 : 0;
}

static int watch_wait(struct stream_cmd *cmd)
{
	struct watch *watch = container_of(cmd, struct watch, cmd);
	int limit = rate_limit_wait_ms(&watch->limit, clock_ms());
	int ret = stop_wait_for(tcpstates_fd(cmd->stream), limit);

	note_hidden(watch, rate_limit_take_hidden(&watch->limit, clock_ms()));
	if (output_flush(cmd->print.out))
		return 0;
	return ret;
}

/* Prints what is left at the end. Returns a status. */
static int print_summary(struct watch *watch)
{
	struct output *out = watch->cmd.print.out;
	char *text;

	if (flow_buffer_flush(&watch->buffer) < 0)
		return STATUS_FAILED;
	note_hidden(watch, watch->limit.hidden);
	if (!watch->summed)
		return STATUS_OK;
	text = summary_text(&watch->summary);
	if (!text) {
		fprintf(stderr, "tcpstates: %s\n", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	if (is_table(watch)) {
		output_add(out, "\n", 1);
		output_add(out, text, strlen(text));
	} else {
		/* Keep it out of the records that a program reads. */
		output_flush(out);
		fputs(text, stderr);
	}
	free(text);
	return STATUS_OK;
}

int watch_run(struct output *out, int argc, char *argv[])
{
	struct watch watch = {
		.cmd = {
			.usage = &watch_usage, .take = watch_option,
		},
		.left = -1ULL,
		.buffer.show = show_flow_record,
		.limit.rate = isatty(STDOUT_FILENO) ? TERMINAL_RATE : 0,
	};
	int status;

	watch.buffer.data = &watch;
	stream_cmd_init(&watch.cmd, out, TABLE_TRANSITIONS, NULL);
	status = stream_cmd_parse(&watch.cmd, argc, argv);
	if (status < 0 && watch.of_table && !is_table(&watch))
		status = usage_error("%s need --table",
				     "--timestamps, --services, --resolve and --rate");
	if (status < 0) {
		status = stream_cmd_follow(&watch.cmd, watch_begin, watch_record,
					   watch_wait);
		if (status == STATUS_OK)
			status = print_summary(&watch);
	}
	stream_cmd_free(&watch.cmd);
	return status;
}
