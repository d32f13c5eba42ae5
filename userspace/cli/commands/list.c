// SPDX-License-Identifier: GPL-2.0
/* tcpstates list: what exists now, since when, and whose it is. */
#include "cli/commands.h"
#include "cli/stream_cmd.h"
#include "libtcpstates.h"

static const char help[] =
"Usage: tcpstates list [OPTION]... [FILTER]\n"
"\n"
"Shows the TCP connections that exist now, for how long each has been in its\n"
"state, and whose it is: as a table on a terminal, elsewhere as lines of\n"
"key=value pairs like those of the device. For a listener it shows how many\n"
"connections wait for accept(), and how many may; on terminals of 92 columns or\n"
"more, for others how many bytes are not read yet, and not acknowledged yet.\n"
"\n"
STREAM_CMD_HELP
"\n"
"Of connections that are older than the loaded module the user is known, and\n"
"that their age is at least the one shown (>).\n";

/* Asks for the rows that the module can tell to be wanted. */
static int list_begin(struct stream_cmd *cmd)
{
	struct tcpstates_filter kernel;

	filter_narrow(cmd->filter, &kernel);
	/* Without what happens meanwhile, the rows end when nothing comes. */
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
	struct stream_cmd cmd = { .help = help };
	int status;

	stream_cmd_init(&cmd, out, TABLE_CONNECTIONS, NULL);
	status = stream_cmd_parse(&cmd, argc, argv);
	if (status < 0)
		status = stream_cmd_follow(&cmd, list_begin, list_record, NULL);
	stream_cmd_free(&cmd);
	return status;
}
