// SPDX-License-Identifier: GPL-2.0
/* tcpstates watch: what happens, as it happens. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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
 * @stream: what it reads
 * @rewind: whether to begin in the past
 * @left: changes to print before ending
 */
struct watch {
	struct common common;
	struct tcpstates *stream;
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

static void show(struct watch *watch, const struct tcpstates_record *record)
{
	if (!filter_matches(watch->common.filter, record))
		return;
	print_record(&watch->common.print, record);
	if (record->event == TCPSTATES_EVENT_TRANSITION)
		watch->left--;
}

/* Returns 1 to go on, 0 to end, -1 and errno. */
static int step(struct watch *watch)
{
	const struct tcpstates_record *record;
	int count = tcpstates_next(watch->stream, &record);

	if (count < 0)
		return errno == EINTR ? 1 : -1;
	if (count == 0)
		return stop_wait(tcpstates_fd(watch->stream));
	show(watch, record);
	/* Output of a batch goes out at once: nothing is late, nothing slow. */
	if (!tcpstates_buffered(watch->stream) && output_flush(watch->common.print.out))
		return 0;
	return watch->left ? 1 : 0;
}

/* Asks for what the module can tell to be wanted. Returns 1, or -1 and errno. */
static int begin(struct watch *watch)
{
	struct tcpstates_filter kernel;

	filter_narrow(watch->common.filter, &kernel);
	if (tcpstates_set_filter(watch->stream, &kernel))
		return -1;
	if (watch->rewind && tcpstates_rewind(watch->stream))
		return -1;
	print_begin(&watch->common.print);
	return output_flush(watch->common.print.out) ? 0 : 1;
}

static int watch_stream(struct watch *watch)
{
	int going = begin(watch);

	while (going > 0 && !stop_requested())
		going = step(watch);
	if (going < 0) {
		fprintf(stderr, "tcpstates: %s: %s\n",
			watch->common.device ? watch->common.device :
					       TCPSTATES_DEVICE,
			errno == EPROTO ? "what it gives is no stream" :
					  strerror(errno));
		return STATUS_FAILED;
	}
	return watch->common.print.failed ? STATUS_FAILED : STATUS_OK;
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
	if (status < 0) {
		watch.stream = tcpstates_open(watch.common.device,
					      TCPSTATES_OPEN_NONBLOCK);
		status = STATUS_FAILED;
		if (watch.stream)
			status = watch_stream(&watch);
		else
			fprintf(stderr, "tcpstates: %s\n",
				tcpstates_open_error());
		tcpstates_close(watch.stream);
	}
	common_free(&watch.common);
	return status;
}
