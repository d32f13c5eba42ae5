// SPDX-License-Identifier: GPL-2.0
/* tcpstates: finds the command that is meant, and ends as it says. */
#include <string.h>

#include "base/options.h"
#include "base/output.h"
#include "base/start.h"
#include "base/status.h"
#include "cli/commands.h"
#include "filter/language.h"
#include "libtcpstates.h"

static int help_run(struct output *out, int argc, char *argv[]);
static int version_run(struct output *out, int argc, char *argv[]);

/* Options first; help and completion have only what has a summary. */
const struct command commands[] = {
	{ "-h", NULL, help_run },
	{ "--help", NULL, help_run },
	{ "--version", NULL, version_run },
	{ "complete", NULL, complete_run },
	{ "watch", "show changes of state as they happen (the default)",
	  watch_run },
	{ "list", "show the connections that exist now, their age and owner",
	  list_run },
	{ "stuck", "show what is in a state for too long, who holds it, and why",
	  stuck_run },
	{ "run", "run a command, and draw each of its connections as a ladder",
	  run_run },
	{ "top", "show it all on the whole screen, sorted and filtered as you type",
	  top_run },
	{ "doctor", "look whether all is as it should be here, and say what to do",
	  doctor_run },
	{ "filter", "explain FILTER, what the others can be given to show less",
	  filter_run },
	{ "export", "give counts to Prometheus", export_run },
	{ "stats", "show what the module has recorded, its memory and hooks",
	  stats_run },
	{ .name = NULL }
};

static int help_run(struct output *out, int argc, char *argv[])
{
	const struct command *command;

	if (argc > 1)
		return usage_error("'%s' after '%s'", argv[1], argv[0]);
	output_format(out,
		      "Usage: tcpstates [COMMAND] [OPTION]... [FILTER]\n"
		      "       tcpstates --help | --version\n"
		      "\n"
		      "Shows the life of every TCP connection of this host. Needs the kernel\n"
		      "module tcpstates.\n"
		      "\n"
		      "Commands; 'tcpstates COMMAND --help' tells their options:\n");
	for (command = commands; command->name; command++)
		if (command->summary)
			output_format(out, "  %-8s %s\n", command->name,
				      command->summary);
	output_format(out,
		      "\n"
		      "Exit status: 0 if all went well, 1 if something failed, 2 if the command\n"
		      "line was wrong.\n");
	return STATUS_OK;
}

static int version_run(struct output *out, int argc, char *argv[])
{
	if (argc > 1)
		return usage_error("'%s' after '%s'", argv[1], argv[0]);
	output_format(out, "tcpstates %s\n", tcpstates_version());
	return STATUS_OK;
}

static int dispatch(struct output *out, int argc, char *argv[])
{
	const struct command *command;

	if (argc > 1)
		for (command = commands; command->name; command++)
			if (!strcmp(argv[1], command->name))
				return command->run(out, argc - 1, argv + 1);
	if (argc > 1 && *argv[1] != '-' && !filter_begins(argv[1]))
		return usage_error("'%s' is neither a command nor the beginning of a filter",
				   argv[1]);
	return watch_run(out, argc, argv);
}

int main(int argc, char *argv[])
{
	static struct output out; /* large for a stack */
	int status, written;

	if (start_program(true))
		return STATUS_FAILED;
	status = dispatch(&out, argc, argv);
	written = output_finish(&out);
	return status ? status : written;
}
