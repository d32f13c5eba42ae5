// SPDX-License-Identifier: GPL-2.0
/* tcpstates watch: what happens, as it happens. */
#include <stdbool.h>

#include "cli.h"
#include "common.h"
#include "libtcpstates.h"
#include "output.h"
#include "stop.h"

static const char help[] =
"Usage: tcpstates [watch] [OPTION]... [FILTER]\n"
"\n"
"Shows every change of state of TCP connections from now on, and what caused it:\n"
"as a table on a terminal (time of day where you are; from 90 columns on with the\n"
"old state, from 98 on with how long that lasted, from 115 on with the owner),\n"
"elsewhere as lines of key=value pairs like those of the device (time in UTC).\n"
"Says also when one is in a state for too long. Ends with Ctrl-C.\n"
"\n"
"  --count N      end after N changes\n"
"  --rewind       begin with the oldest change that is still in memory\n"
COMMON_HELP
"\n"
"Where this was too slow to read everything, it says how many changes are\n"
"missing, whatever the filter.\n";

/**
 * struct watch - one run
 * @common: what it was told, and how it prints; the first member
 * @rewind: whether to begin in the past
 * @left: changes to print before ending
 */
struct watch {
	struct common common;
	bool rewind;
	unsigned long long left;
};

static const struct option options[] = {
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "rewind", no_argument, NULL, OPTION_REWIND },
	{ 0 }
};

/* Takes one option. Returns a status, or -1 to go on. */
static int take_option(struct common *common, int option)
{
	struct watch *watch = (struct watch *)common;

	if (option == OPTION_REWIND)
		watch->rewind = true;
	else if (!parse_count(optarg, &watch->left))
		return usage_error("--count: '%s' is not a number from 1 on",
				   optarg);
	return -1;
}

/* Asks for what the module can tell to be wanted. */
static int begin(struct common *common)
{
	const struct watch *watch = (struct watch *)common;
	struct tcpstates_filter kernel;

	filter_narrow(common->filter, &kernel);
	if (tcpstates_set_filter(common->stream, &kernel))
		return -1;
	if (watch->rewind && tcpstates_rewind(common->stream))
		return -1;
	print_begin(&common->print);
	return output_flush(common->print.out) ? 0 : 1;
}

static int take(struct common *common, const struct tcpstates_record *record)
{
	struct watch *watch = (struct watch *)common;

	print_record(&common->print, record);
	if (record->event == TCPSTATES_EVENT_TRANSITION)
		watch->left--;
	return watch->left ? 1 : 0;
}

static int wait_for_more(struct common *common)
{
	return stop_wait(tcpstates_fd(common->stream));
}

int watch_run(struct output *out, int argc, char *argv[])
{
	struct watch watch = {
		.common = {
			.help = help, .options = options, .take = take_option,
		},
		.left = -1ULL,
	};
	int status;

	common_init(&watch.common, out, TABLE_TRANSITIONS, NULL);
	status = common_parse(&watch.common, argc, argv);
	if (status < 0)
		status = common_follow(&watch.common, begin, take,
				       wait_for_more);
	common_free(&watch.common);
	return status;
}
