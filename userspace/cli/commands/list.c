// SPDX-License-Identifier: GPL-2.0
/* tcpstates list: the connections that exist now, their age and owner. */
#include "cli/commands.h"
#include "cli/stream_cmd.h"
#include "libtcpstates.h"

static const struct usage_option options[] = {
	{ .name = NULL }
};

const struct usage list_usage = {
	.synopsis = "list [OPTION]... [FILTER]",
	.about =
"Shows the TCP connections that exist now, how long each has been in its state,\n"
"and its owner: as a table on a terminal, elsewhere as lines of key=value pairs\n"
"like those of the device. For a listener it shows how many connections wait for\n"
"accept(), and the limit; on terminals of 92 columns or more, for other\n"
"connections how many bytes have not been read, and not been acknowledged.\n",
	.column = USAGE_COLUMN,
	.options = options,
	.shared = stream_cmd_options,
	.details =
STREAM_CMD_FORMS
STREAM_CMD_FILTER
"\n"
"Of connections older than the loaded module only the user is known, and a lower\n"
"bound of their age (>).\n",
	.words = USAGE_FILTER,
};

/* Requests a snapshot, with the part of the filter that the module evaluates. */
static int list_begin(struct stream_cmd *cmd)
{
	struct tcpstates_filter kernel;

	filter_narrow(cmd->filter, &kernel);
	/* With rows alone, the snapshot is complete when nothing more is readable. */
	kernel.events = 1U << TCPSTATES_EVENT_EXISTING;
	if (tcpstates_set_filter(cmd->stream, &kernel) ||
	    tcpstates_snapshot(cmd->stream))
		return -1;
	print_begin(&cmd->print);
	return 1;
}

static int list_record(struct stream_cmd *cmd, const struct tcpstates_record *record)
{
	print_record(&cmd->print, record);
	return 1;
}

int list_run(struct output *out, int argc, char *argv[])
{
	struct stream_cmd cmd = { .usage = &list_usage };
	int status;

	stream_cmd_init(&cmd, out, TABLE_CONNECTIONS, NULL);
	status = stream_cmd_parse(&cmd, argc, argv);
	if (status < 0)
		status = stream_cmd_follow(&cmd, list_begin, list_record, NULL);
	stream_cmd_free(&cmd);
	return status;
}
