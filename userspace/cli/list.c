// SPDX-License-Identifier: GPL-2.0
/* tcpstates list: what exists now, since when, and whose it is. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "libtcpstates.h"
#include "options.h"
#include "output.h"
#include "print.h"
#include "stop.h"

static const char help[] =
"Usage: tcpstates list [OPTION]...\n"
"\n"
"Shows the TCP connections that exist now, for how long each has been in its\n"
"state, and whose it is: as a table on a terminal, elsewhere as lines of\n"
"key=value pairs like those of the device. For a listener it shows how many\n"
"connections wait for accept(), and how many may; on terminals of 92 columns or\n"
"more, for others how many bytes are not read yet, and not acknowledged yet.\n"
"\n"
"  --json         an object per line, with the keys of the lines\n"
"  --lines        lines, on a terminal too\n"
"  --table        a table, elsewhere too\n"
"  --device PATH  the device, if it is not " TCPSTATES_DEVICE "\n"
"  --help         this text\n"
"\n"
"Of --json, --lines and --table the last one counts. Of connections that are\n"
"older than the loaded module the user is known, and that their age is at least\n"
"the one shown (>). Filters are not supported yet.\n";

/**
 * struct list - one run
 * @out: where it prints
 * @stream: what it reads
 * @print: how it prints
 * @device: the device, or NULL
 * @end_ns: no row comes after a change later than that; 0 is not known yet
 */
struct list {
	struct output *out;
	struct tcpstates *stream;
	struct print print;
	const char *device;
	unsigned long long end_ns;
};

static const struct option options[] = {
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "lines", no_argument, NULL, OPTION_LINES },
	{ "table", no_argument, NULL, OPTION_TABLE },
	{ 0 }
};

/* Takes the command line. Returns a status, or -1 to go on. */
static int parse(struct list *list, int argc, char *argv[])
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case OPTION_DEVICE:
			list->device = optarg;
			break;
		case OPTION_HELP:
		case 'h':
			output_add(list->out, help, sizeof(help) - 1);
			return STATUS_OK;
		case OPTION_JSON:
			list->print.form = FORM_JSON;
			break;
		case OPTION_LINES:
			list->print.form = FORM_LINES;
			break;
		case OPTION_TABLE:
			list->print.form = FORM_TABLE;
			break;
		default:
			return option_error(option, argv);
		}
	}
	if (optind < argc)
		return usage_error("list: '%s': filters are not supported yet",
				   argv[optind]);
	return -1;
}

static unsigned long long boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/*
 * Whether all rows have come when @record does. The module gives most of them
 * first, and those of connections that changed meanwhile before these changes:
 * none after a change that is later than the first that came.
 */
static bool is_past_the_end(struct list *list,
			    const struct tcpstates_record *record)
{
	if (record->event != TCPSTATES_EVENT_TRANSITION)
		return false;
	if (!list->end_ns)
		list->end_ns = boot_ns();
	return record->boot_ns > list->end_ns;
}

/* Returns 1 to go on, 0 at the end, -1 and errno. */
static int step(struct list *list)
{
	const struct tcpstates_record *record;
	int count = tcpstates_next(list->stream, &record);

	if (count < 0)
		return errno == EINTR ? 1 : -1;
	if (count == 0 || is_past_the_end(list, record))
		return 0;
	/* A loss may have taken the change with it that a row goes before. */
	if (record->event == TCPSTATES_EVENT_EXISTING ||
	    record->event == TCPSTATES_EVENT_LOST)
		print_record(&list->print, record);
	if (!tcpstates_buffered(list->stream) && output_flush(list->out))
		return 0;
	return 1;
}

static int list_stream(struct list *list)
{
	int going = tcpstates_snapshot(list->stream) ? -1 : 1;

	while (going > 0 && !stop_requested())
		going = step(list);
	if (going < 0) {
		fprintf(stderr, "tcpstates: %s: %s\n",
			list->device ? list->device : TCPSTATES_DEVICE,
			errno == EPROTO ? "what it gives is no stream" :
					  strerror(errno));
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

int list_run(struct output *out, int argc, char *argv[])
{
	struct list list = { .out = out };
	int status;

	print_init(&list.print, out, TABLE_CONNECTIONS);
	status = parse(&list, argc, argv);
	if (status >= 0)
		return status;
	list.stream = tcpstates_open(list.device, TCPSTATES_OPEN_NONBLOCK);
	if (!list.stream) {
		fprintf(stderr, "tcpstates: %s\n", tcpstates_open_error());
		return STATUS_FAILED;
	}
	status = list_stream(&list);
	tcpstates_close(list.stream);
	return status;
}
