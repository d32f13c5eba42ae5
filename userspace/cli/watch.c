// SPDX-License-Identifier: GPL-2.0
/* tcpstates watch: what happens, as it happens. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "libtcpstates.h"
#include "options.h"
#include "output.h"
#include "print.h"
#include "stop.h"

static const char help[] =
"Usage: tcpstates [watch] [OPTION]...\n"
"\n"
"Shows every change of state of TCP connections from now on, and what caused it:\n"
"as a table on a terminal (time of day where you are; from 90 columns on with the\n"
"old state, from 98 on with how long that lasted, from 115 on with the owner),\n"
"elsewhere as lines of key=value pairs like those of the device (time in UTC).\n"
"Says also when one is in a state for too long. Ends with Ctrl-C.\n"
"\n"
"  --json         an object per line, with the keys of the lines\n"
"  --lines        lines, on a terminal too\n"
"  --table        a table, elsewhere too\n"
"  --count N      end after N changes\n"
"  --rewind       begin with the oldest change that is still in memory\n"
"  --device PATH  the device, if it is not " TCPSTATES_DEVICE "\n"
"  --help         this text\n"
"\n"
"Of --json, --lines and --table the last one counts. Where this was too slow\n"
"to read everything, it says how many changes are missing. Filters are not\n"
"supported yet.\n";

/**
 * struct watch - one run
 * @out: where it prints
 * @stream: what it reads
 * @print: how it prints
 * @device: the device, or NULL
 * @rewind: whether to begin in the past
 * @left: changes to print before ending
 */
struct watch {
	struct output *out;
	struct tcpstates *stream;
	struct print print;
	const char *device;
	bool rewind;
	unsigned long long left;
};

static const struct option options[] = {
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "lines", no_argument, NULL, OPTION_LINES },
	{ "rewind", no_argument, NULL, OPTION_REWIND },
	{ "table", no_argument, NULL, OPTION_TABLE },
	{ 0 }
};

/* Takes one option. Returns a status, or -1 to go on. */
static int parse_option(struct watch *watch, int option, char *argv[])
{
	switch (option) {
	case OPTION_COUNT:
		if (!parse_count(optarg, &watch->left))
			return usage_error("--count: '%s' is not a number from 1 on",
					   optarg);
		return -1;
	case OPTION_DEVICE:
		watch->device = optarg;
		return -1;
	case OPTION_HELP:
	case 'h':
		output_add(watch->out, help, sizeof(help) - 1);
		return STATUS_OK;
	case OPTION_JSON:
		watch->print.form = FORM_JSON;
		return -1;
	case OPTION_LINES:
		watch->print.form = FORM_LINES;
		return -1;
	case OPTION_REWIND:
		watch->rewind = true;
		return -1;
	case OPTION_TABLE:
		watch->print.form = FORM_TABLE;
		return -1;
	default:
		return option_error(option, argv);
	}
}

/* Takes the command line. Returns a status, or -1 to go on. */
static int parse(struct watch *watch, int argc, char *argv[])
{
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		status = parse_option(watch, option, argv);
		if (status >= 0)
			return status;
	}
	if (optind < argc)
		return usage_error("'%s' is no command, and filters are not supported yet",
				   argv[optind]);
	return -1;
}

static void show(struct watch *watch, const struct tcpstates_record *record)
{
	print_record(&watch->print, record);
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
	if (!tcpstates_buffered(watch->stream) && output_flush(watch->out))
		return 0;
	return watch->left ? 1 : 0;
}

static int watch_stream(struct watch *watch)
{
	int going = 1;

	if (watch->rewind && tcpstates_rewind(watch->stream))
		going = -1;
	while (going > 0 && !stop_requested())
		going = step(watch);
	if (going < 0) {
		fprintf(stderr, "tcpstates: %s: %s\n",
			watch->device ? watch->device : TCPSTATES_DEVICE,
			errno == EPROTO ? "what it gives is no stream" :
					  strerror(errno));
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

int watch_run(struct output *out, int argc, char *argv[])
{
	struct watch watch = { .out = out, .left = -1ULL };
	int status;

	print_init(&watch.print, out, TABLE_TRANSITIONS);
	status = parse(&watch, argc, argv);
	if (status >= 0)
		return status;
	watch.stream = tcpstates_open(watch.device, TCPSTATES_OPEN_NONBLOCK);
	if (!watch.stream) {
		fprintf(stderr, "tcpstates: %s\n", tcpstates_open_error());
		return STATUS_FAILED;
	}
	status = watch_stream(&watch);
	tcpstates_close(watch.stream);
	return status;
}
