// SPDX-License-Identifier: GPL-2.0
/* tcpstates list: what exists now, since when, and whose it is. */
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

/**
 * struct list - one run
 * @common: what it was told, and how it prints
 * @stream: what it reads
 */
struct list {
	struct common common;
	struct tcpstates *stream;
};

/* Returns 1 to go on, 0 at the end, -1 and errno. */
static int step(struct list *list)
{
	const struct tcpstates_record *record;
	int count = tcpstates_next(list->stream, &record);

	if (count < 0)
		return errno == EINTR ? 1 : -1;
	if (count == 0)
		return 0;
	if (filter_matches(list->common.filter, record))
		print_record(&list->common.print, record);
	if (!tcpstates_buffered(list->stream) &&
	    output_flush(list->common.print.out))
		return 0;
	return 1;
}

/* Asks for the rows that the module can tell to be wanted. As step(). */
static int begin(struct list *list)
{
	struct tcpstates_filter kernel;

	filter_narrow(list->common.filter, &kernel);
	/* Without what happens meanwhile, the rows end when nothing comes. */
	kernel.events = 1U << TCPSTATES_EVENT_EXISTING;
	if (tcpstates_set_filter(list->stream, &kernel) ||
	    tcpstates_snapshot(list->stream))
		return -1;
	print_begin(&list->common.print);
	return 1;
}

static int list_stream(struct list *list)
{
	int going = begin(list);

	while (going > 0 && !stop_requested())
		going = step(list);
	if (going < 0) {
		fprintf(stderr, "tcpstates: %s: %s\n",
			list->common.device ? list->common.device :
					      TCPSTATES_DEVICE,
			errno == EPROTO ? "what it gives is no stream" :
					  strerror(errno));
		return STATUS_FAILED;
	}
	return list->common.print.failed ? STATUS_FAILED : STATUS_OK;
}

int list_run(struct output *out, int argc, char *argv[])
{
	struct list list = { .common = { .help = help } };
	int status;

	common_init(&list.common, out, TABLE_CONNECTIONS, NULL);
	status = common_parse(&list.common, argc, argv);
	if (status < 0) {
		list.stream = tcpstates_open(list.common.device,
					     TCPSTATES_OPEN_NONBLOCK);
		status = STATUS_FAILED;
		if (list.stream)
			status = list_stream(&list);
		else
			fprintf(stderr, "tcpstates: %s\n",
				tcpstates_open_error());
		tcpstates_close(list.stream);
	}
	common_free(&list.common);
	return status;
}
