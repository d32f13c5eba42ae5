// SPDX-License-Identifier: GPL-2.0
/* tcpstates export: metrics for Prometheus. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/options.h"
#include "base/start.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/stuck_states.h"
#include "export/http.h"
#include "export/metrics.h"
#include "export/queues.h"
#include "export/sandbox.h"
#include "export/tally.h"
#include "export/textfile.h"
#include "export/usage.h"
#include "libtcpstates.h"

#define INTERVAL_S	15
#define INTERVAL_MAX_S	86400
#define FIRST_DRAIN_MS	10000
#define DRAIN_MS	100	/* HTTP waits for so long */
#define DRAIN_BATCH	64	/* records from one look at the clock to the next */
#define NETNS		"/proc/self/ns/net"
#define LIMIT(state, name)	{ TCPSTATES_##state, #name },
#define PARAMETERS	"/sys/module/tcpstates/parameters/stuck_"

/**
 * struct export - one run
 * @device: path of the device, or NULL
 * @where: value of --listen
 * @textfile: value of --textfile, or NULL
 * @user: value of --user, or NULL
 * @interval_s: value of --interval
 * @stream: the stream that is counted
 * @listeners: a second stream, for snapshots of accept queues
 * @http: the server, or NULL
 * @file: the file that is written instead
 * @tally: the counts
 * @queues: the accept queues
 * @stock: whether a snapshot is needed, is being read, or is complete
 * @next_ms: clock_ms() at which the file is written next
 */
struct export {
	const char *device;
	const char *where;
	const char *textfile;
	const char *user;
	unsigned long long interval_s;
	struct tcpstates *stream;
	struct tcpstates *listeners;
	struct http *http;
	struct textfile file;
	struct tally tally;
	struct metrics_queue queues[TALLY_GROUPS];
	enum { STOCK_NEEDED, STOCK_COMES, STOCK_TAKEN } stock;
	long long next_ms;
};

/* Handles an option. Returns a status, or -1 to go on. */
static int parse_option(struct export *export, int option, char *argv[])
{
	switch (option) {
	case OPTION_DEVICE:
		export->device = optarg;
		return -1;
	case OPTION_HELP:
	case 'h':
		return usage_show(&export_usage) ? STATUS_FAILED : STATUS_OK;
	case OPTION_INTERVAL:
		if (parse_count(optarg, &export->interval_s) &&
		    export->interval_s <= INTERVAL_MAX_S)
			return -1;
		return usage_error("--interval: '%s' is not a number from 1 to %d",
				   optarg, INTERVAL_MAX_S);
	case OPTION_LISTEN:
		export->where = optarg;
		return -1;
	case OPTION_TEXTFILE:
		export->textfile = optarg;
		return -1;
	case OPTION_USER:
		export->user = optarg;
		return -1;
	default:
		return option_error(option, argv);
	}
}

/* Parses the command line. Returns a status, or -1 to go on. */
static int parse_options(struct export *export, int argc, char *argv[])
{
	int option, status;

	while ((option = usage_next(&export_usage, argc, argv)) != -1) {
		status = parse_option(export, option, argv);
		if (status >= 0)
			return status;
	}
	if (optind < argc)
		return usage_error("export: unexpected argument '%s'",
				   argv[optind]);
	if (export->textfile && export->where)
		return usage_error("--textfile and --listen exclude each other");
	if (!export->where)
		export->where = EXPORT_LISTEN;
	return -1;
}

/* Reads the limits of the module from which on a connection is stuck; 0: never. */
static void read_limits(struct tally *tally)
{
	static const struct {
		unsigned int state;
		const char *name;
	} limits[] = {
		EACH_STUCK_STATE(LIMIT)
	};
	char path[128];
	size_t i;
	FILE *file;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		unsigned int *limit_s = &tally->limits_s[limits[i].state];

		snprintf(path, sizeof(path), PARAMETERS "%s", limits[i].name);
		file = fopen(path, "re");
		*limit_s = 0;
		if (!file)
			continue;
		if (fscanf(file, "%u", limit_s) != 1)
			*limit_s = 0;
		fclose(file);
	}
}

/* Adds one listener to the queues of the groups. */
static void add_queue(struct export *export, size_t *count,
		      const struct tcpstates_record *record)
{
	struct metrics_queue queue = {
		.listener = tally_listener(&export->tally, record) -
			    export->tally.listeners,
		.length = record->acceptq,
		.limit = record->backlog,
	};

	if (record->known & TCPSTATES_KNOW_ACCEPTQ)
		queues_add(export->queues, count, &queue);
}

/* Reads all listeners. Returns the number of queues, or -1 and errno. */
static ssize_t ask_queues(struct export *export)
{
	const struct tcpstates_record *record;
	size_t count = 0;
	int got;

	if (tcpstates_snapshot(export->listeners))
		return -1;
	while ((got = tcpstates_next(export->listeners, &record))) {
		if (got < 0 && (errno != EINTR || stop_requested()))
			return -1;
		if (got > 0 && record->event == TCPSTATES_EVENT_EXISTING)
			add_queue(export, &count, record);
	}
	return count;
}

/*
 * Begins a snapshot. Listeners come first: connections are assigned to them. Returns
 * 0, or -1 and errno.
 */
static int begin_stock(struct export *export)
{
	read_limits(&export->tally);
	if (ask_queues(export) < 0 || tcpstates_snapshot(export->stream))
		return -1;
	tally_begin_round(&export->tally);
	export->stock = STOCK_COMES;
	return 0;
}

/*
 * Counts available records, for @limit_ms, as they may arrive faster than they are
 * counted. When no more are available, a snapshot is complete; after a loss, a new one
 * begins. Returns 0, or -1 and errno.
 */
static int count_pending(struct export *export, unsigned int limit_ms)
{
	long long end_ms = clock_ms() + limit_ms;
	const struct tcpstates_record *record;
	unsigned int count = 0;
	int got;

	while (!stop_requested()) {
		if (++count % DRAIN_BATCH == 0 && clock_ms() >= end_ms)
			return 0;
		got = tcpstates_next(export->stream, &record);
		if (got > 0) {
			if (tally_add(&export->tally, record))
				export->stock = STOCK_NEEDED;
			continue;
		}
		if (got < 0)
			return errno == EINTR ? 0 : -1;
		if (export->stock == STOCK_COMES)
			tally_end_round(&export->tally);
		if (export->stock != STOCK_NEEDED) {
			export->stock = STOCK_TAKEN;
			return 0;
		}
		if (begin_stock(export))
			return -1;
	}
	return 0;
}

/* As http_source_t. */
static char *make_text(void *data, size_t *length)
{
	struct export *export = data;
	struct metrics metrics = { .tally = &export->tally,
				   .queues = export->queues,
				   .writes = export->textfile,
				   .write_failures = export->file.failures };
	ssize_t queues;

	if (count_pending(export, DRAIN_MS))
		return NULL;
	queues = ask_queues(export);
	if (queues < 0 || tcpstates_info(export->stream, &metrics.info) ||
	    tcpstates_stats(export->stream, &metrics.stats))
		return NULL;
	metrics.has_account = !tcpstates_account(export->stream,
						 &metrics.account);
	metrics.queue_count = queues;
	return metrics_text(&metrics, length);
}

/* Writes the file; after a failure, again at the next interval. Returns 0, or -1. */
static int write_file(struct export *export)
{
	size_t length;
	char *text = make_text(export, &length);
	int ret = textfile_write(&export->file, text, length);

	free(text);
	export->next_ms = clock_ms() + export->interval_s * 1000;
	return ret;
}

/* The timeout for poll(). */
static int timeout_ms(const struct export *export)
{
	long long left;

	if (export->http)
		return http_timeout_ms(export->http);
	left = export->next_ms - clock_ms();
	return left < 0 ? 0 : left;
}

/* Waits for an event, and handles it. Returns 0, or -1 and errno. */
static int export_step(struct export *export)
{
	struct pollfd fds[1 + HTTP_FDS] = {
		{ .fd = tcpstates_fd(export->stream), .events = POLLIN },
		{ .fd = -1 }, { .fd = -1 },
	};

	if (export->http)
		http_fds(export->http, fds + 1);
	if (stop_poll_for(fds, 1 + HTTP_FDS, timeout_ms(export)) < 0 &&
	    errno != EINTR)
		return -1;
	if (count_pending(export, DRAIN_MS))
		return -1;
	if (export->http)
		http_run(export->http);
	else if (clock_ms() >= export->next_ms)
		write_file(export);
	return 0;
}

/* Returns the inode number of this network namespace; 0 if the kernel has only one. */
static unsigned int own_netns(void)
{
	struct stat status;

	return stat(NETNS, &status) ? 0 : status.st_ino;
}

static struct tcpstates *open_filtered(const struct export *export,
				       const struct tcpstates_filter *filter)
{
	struct tcpstates *stream = tcpstates_open(export->device,
						  TCPSTATES_OPEN_NONBLOCK);

	if (!stream) {
		fprintf(stderr, "tcpstates: %s\n", tcpstates_open_error());
		return NULL;
	}
	if (!tcpstates_set_filter(stream, filter))
		return stream;
	fprintf(stderr, "tcpstates: the module is too old for this command\n");
	tcpstates_close(stream);
	return NULL;
}

/*
 * Chooses the user to become: by default nobody, with --textfile the owner of the
 * folder. Returns 0, or -1 after a message.
 */
static int choose_user(const struct export *export, struct identity *identity)
{
	if (export->user || !export->textfile)
		return sandbox_find_user(export->user, identity);
	*identity = (struct identity) { .uid = export->file.owner,
					.gid = export->file.group };
	return 0;
}

/* Opens what needs privileges, then drops them. Returns 0, or -1 after a message. */
static int open_all(struct export *export)
{
	static const struct tcpstates_filter all;
	static const struct tcpstates_filter listening = {
		.events = 1U << TCPSTATES_EVENT_EXISTING,
		.new_states = 1U << TCPSTATES_LISTEN,
	};
	struct tcpstates_info info;
	struct identity identity;

	export->stream = open_filtered(export, &all);
	if (!export->stream)
		return -1;
	export->listeners = open_filtered(export, &listening);
	if (!export->listeners)
		return -1;
	if (tcpstates_info(export->stream, &info)) {
		fprintf(stderr, "tcpstates: %s\n", strerror(errno));
		return -1;
	}
	export->tally.sees_all = info.map_ring;
	export->tally.own_netns = own_netns();
	if (export->textfile) {
		if (textfile_open(&export->file, export->textfile))
			return -1;
	} else {
		export->http = http_start(export->where, make_text, export);
		if (!export->http)
			return -1;
	}
	return choose_user(export, &identity) || sandbox_enter(&identity) ? -1 : 0;
}

static int run_export(struct export *export)
{
	/* No answer before the first snapshot is complete: it would lack some. */
	int failed = count_pending(export, FIRST_DRAIN_MS);

	/* If the first write fails, the exporter must not look healthy. */
	if (!failed && export->textfile && write_file(export))
		return STATUS_FAILED;
	while (!failed && !stop_requested())
		failed = export_step(export);
	if (!failed || stop_requested())
		return export->file.error ? STATUS_FAILED : STATUS_OK;
	fprintf(stderr, "tcpstates: %s: %s\n",
		export->device ? export->device : TCPSTATES_DEVICE,
		strerror(errno));
	return STATUS_FAILED;
}

int main(int argc, char *argv[])
{
	static struct export export = { .interval_s = INTERVAL_S }; /* large */
	int status;

	if (start_program(false))
		return STATUS_FAILED;
	status = parse_options(&export, argc, argv);
	if (status >= 0)
		return status;
	export.file.fd = -1;
	tally_init(&export.tally);
	status = open_all(&export) ? STATUS_FAILED : run_export(&export);
	http_stop(export.http);
	textfile_close(&export.file);
	tcpstates_close(export.listeners);
	tcpstates_close(export.stream);
	tally_free(&export.tally);
	return status;
}
