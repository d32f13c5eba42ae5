// SPDX-License-Identifier: GPL-2.0
/* tcpstates list: what exists now, since when, and whose it is. */
#include "cli/commands.h"
#include "cli/common.h"
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
COMMON_HELP
"\n"
"Of connections that are older than the loaded module the user is known, and\n"
"that their age is at least the one shown (>).\n";

/* Asks for the rows that the module can tell to be wanted. */
static int begin(struct common *common)
{
	struct tcpstates_filter kernel;

	filter_narrow(common->filter, &kernel);
	/* Without what happens meanwhile, the rows end when nothing comes. */
	kernel.events = 1U << TCPSTATES_EVENT_EXISTING;
	if (tcpstates_set_filter(common->stream, &kernel) ||
	    tcpstates_snapshot(common->stream))
		return -1;
	print_begin(&common->print);
	return 1;
}

static int take(struct common *common, const struct tcpstates_record *record)
{
	print_record(&common->print, record);
	return 1;
}

int list_run(struct output *out, int argc, char *argv[])
{
	struct common common = { .help = help };
	int status;

	common_init(&common, out, TABLE_CONNECTIONS, NULL);
	status = common_parse(&common, argc, argv);
	if (status < 0)
		status = common_follow(&common, begin, take, NULL);
	common_free(&common);
	return status;
}
