// SPDX-License-Identifier: GPL-2.0
/* tcpstates: runs the command that the command line names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/output.h"
#include "base/start.h"
#include "base/status.h"
#include "cli/commands.h"
#include "export/usage.h"
#include "filter/language.h"
#include "libtcpstates.h"
#include "top/usage.h"

static int help_run(struct output *out, int argc, char *argv[]);
static int version_run(struct output *out, int argc, char *argv[]);

const struct command commands[] = {
	{ .name = "-h", .run = help_run },
	{ .name = "--help", .run = help_run },
	{ .name = "--version", .run = version_run },
	{ .name = "complete", .run = complete_run },
	{ "watch", "show state changes as they happen (the default)",
	  &watch_usage, watch_run },
	{ "list", "show the connections that exist now, their age and owner",
	  &list_usage, list_run },
	{ "stuck", "show connections stuck in a state, why, and who holds them",
	  &stuck_usage, stuck_run },
	{ "run", "run a command, and draw each of its connections as a ladder",
	  &run_usage, run_run },
	{ "top", "show all of this on the whole screen, sorted and filtered live",
	  &top_usage, top_run },
	{ "doctor", "check this host's kernel, module, device and permissions",
	  &doctor_usage, doctor_run },
	{ "filter", "explain FILTER, which selects connections",
	  &filter_usage, filter_run },
	{ "export", "serve metrics to Prometheus", &export_usage, export_run },
	{ "stats", "show the module's counters, memory and hooks",
	  &stats_usage, stats_run },
	{ .name = NULL }
};

/**
 * command_help() - print the text of --help
 * @out: where it goes
 * @usage: the command's
 *
 * Return: a status, after a message if it is not STATUS_OK.
 */
int command_help(struct output *out, const struct usage *usage)
{
	char *text = usage_text(usage);

	if (!text) {
		fprintf(stderr, "tcpstates: %s\n", strerror(errno));
		return STATUS_FAILED;
	}
	output_add(out, text, strlen(text));
	free(text);
	return STATUS_OK;
}

static int help_run(struct output *out, int argc, char *argv[])
{
	const struct command *command;

	if (argc > 1)
		return usage_error("unexpected argument '%s' after '%s'",
				   argv[1], argv[0]);
	output_format(out,
		      "Usage: tcpstates [COMMAND] [OPTION]... [FILTER]\n"
		      "       tcpstates --help | --version\n"
		      "\n"
		      "Shows the life of every TCP connection of this host. Needs the kernel\n"
		      "module tcpstates.\n"
		      "\n"
		      "Commands; 'tcpstates COMMAND --help' lists their options:\n");
	for (command = commands; command->name; command++)
		if (command->summary)
			output_format(out, "  %-8s %s\n", command->name,
				      command->summary);
	output_format(out,
		      "\n"
		      "Exit status: 0 on success, 1 if something failed, 2 if the command line was\n"
		      "wrong.\n");
	return STATUS_OK;
}

static int version_run(struct output *out, int argc, char *argv[])
{
	if (argc > 1)
		return usage_error("unexpected argument '%s' after '%s'",
				   argv[1], argv[0]);
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
		return usage_error("'%s' is neither a command nor the start of a filter",
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
