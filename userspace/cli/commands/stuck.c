// SPDX-License-Identifier: GPL-2.0
/* tcpstates stuck: what is in a state for too long, who holds it, and why. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/output.h"
#include "base/status.h"
#include "base/stop.h"
#include "base/stuck_states.h"
#include "cli/commands.h"
#include "cli/stream_cmd.h"
#include "libtcpstates.h"
#include "stuck/report.h"
#include "stuck/stuck_list.h"

#define AGE_MAX_S	3153600000ULL	/* a century */
#define PARAMETERS	"/sys/module/tcpstates/parameters/stuck_"

static const struct usage_option options[] = {
	{ "older", OPTION_OLDER, "AGE",
	  "from this age on: seconds, or a number with s, m, h or d (60s)" },
	{ "watch", OPTION_WATCH, NULL,
	  "go on, and show each connection when the module reports it as\n"
	  "stuck: when its age passes the limit of its state, and whenever\n"
	  "the age has doubled. The limits are parameters of the module,\n"
	  "stuck_close_wait and others. Ends with Ctrl-C" },
	{ "check", OPTION_CHECK, "W,C",
	  "print one line for a monitor, as Nagios plugins do, and exit\n"
	  "with 0, with 1 (warning) if W or more are stuck, with 2\n"
	  "(critical) if C or more are, with 3 if that is not known" },
	{ .name = NULL }
};

const struct usage stuck_usage = {
	.synopsis = "stuck [OPTION]... [FILTER]",
	.about =
"Shows connections that have been in a state for too long, what that means, and\n"
"who has each open now: every process and descriptor, whoever made the\n"
"connection. For connections that nobody has accepted, it names the listener. As\n"
"a table on a terminal, elsewhere as lines of key=value pairs like those of the\n"
"device, with holders=PID:FD,... at the end.\n",
	.column = USAGE_COLUMN,
	.options = options,
	.shared = stream_cmd_options,
	.details =
STREAM_CMD_FORMS
STREAM_CMD_FILTER
"\n"
"Lines also have holders, objects holders and meaning. Without root, only a\n"
"count of inaccessible processes is shown.\n",
	.words = USAGE_FILTER,
};

/* Exit status of --check, in addition to those of report_check(). */
enum { STATUS_UNKNOWN = 3 };

/**
 * struct stuck - one run
 * @cmd: what all commands on the stream have
 * @age_s: minimum age in seconds
 * @watch: whether --watch was given
 * @check: whether --check was given
 * @levels: its value: the numbers from which on it is a warning, and critical
 * @level: its result, an exit status
 */
struct stuck {
	struct stream_cmd cmd;
	unsigned long long age_s;
	bool watch;
	bool check;
	unsigned long long levels[2];
	int level;
};

/* Handles an option. Returns a status, or -1 to go on. */
static int stuck_option(struct stream_cmd *cmd, int option)
{
	struct stuck *stuck = container_of(cmd, struct stuck, cmd);

	switch (option) {
	case OPTION_CHECK:
		stuck->check = true;
		if (parse_levels(optarg, stuck->levels))
			return -1;
		return usage_error("--check: '%s' is not two numbers from 1, the smaller first",
				   optarg);
	case OPTION_OLDER:
		if (parse_age(optarg, AGE_MAX_S, &stuck->age_s))
			return -1;
		return usage_error("--older: '%s' is not an age like 90, 90s, 5m, 2h or 1d",
				   optarg);
	default:
		stuck->watch = true;
		return -1;
	}
}

/* Parses the command line. Returns a status, or -1 to go on. */
static int parse_stuck(struct stuck *stuck, int argc, char *argv[])
{
	int status = stream_cmd_parse(&stuck->cmd, argc, argv);

	if (status < 0 && stuck->check &&
	    (stuck->watch || stuck->cmd.command))
		return usage_error("--check cannot be combined with --watch or --exec");
	return status;
}

static void show_list(struct stuck *stuck, const struct stuck_list *list)
{
	struct print *print = &stuck->cmd.print;
	struct report_item item;
	size_t i;

	if (print->form == FORM_TABLE && !print->silent)
		report_table(print->out, list, stuck->watch);
	for (i = 0; i < list->count && !stop_requested(); i++) {
		report_item(&item, list, &list->conns[i]);
		print_item(print, &item.item);
	}
	output_flush(print->out);
}

/* Adds the records that are available. Returns 1, 0 at the end, or -1 and errno. */
static int read_batch(const struct stuck *stuck, struct tcpstates *stream,
		      struct rows *rows)
{
	const struct tcpstates_record *record;
	int count;

	do {
		count = tcpstates_next(stream, &record);
		if (count < 0 && errno != EINTR)
			return -1;
		if (count <= 0)
			break;
		if (record->event == TCPSTATES_EVENT_LOST)
			fprintf(stderr, "tcpstates: %llu records were lost; some may be missing\n",
				(unsigned long long)record->count);
		else if (record->dur_ns >= stuck->age_s * NSEC_PER_SEC &&
			 filter_matches(stuck->cmd.filter, record) &&
			 rows_add(rows, record))
			return -1;
	} while (tcpstates_buffered(stream));
	return 1;
}

/* Waits for stuck connections, and shows them. Returns as read_batch(). */
static int watch_step(struct stuck *stuck, struct tcpstates *stream)
{
	struct stuck_list list;
	struct rows rows = { 0 };
	int going = read_batch(stuck, stream, &rows);

	if (going > 0 && rows.count) {
		if (!stuck_list_diagnose(&list, &rows, stuck->cmd.device))
			show_list(stuck, &list);
		stuck_list_free(&list);
	} else if (going > 0) {
		going = stop_wait(tcpstates_fd(stream));
	}
	rows_free(&rows);
	return going;
}

/* Warns of states for which the module reports nothing. */
static void warn_of_limits(void)
{
	static const char * const names[] = {
		EACH_STUCK_STATE(STUCK_LIMIT_NAME)
	};
	char path[128], value[16] = "", off[128] = "";
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), PARAMETERS "%s", names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (read(fd, value, sizeof(value) - 1) > 0 && *value == '0')
			snprintf(off + strlen(off), sizeof(off) - strlen(off),
				 " stuck_%s", names[i]);
		close(fd);
	}
	if (*off)
		fprintf(stderr, "tcpstates: %s:\n%s\n",
			"these limits of the module are 0: nothing is reported for them",
			off);
}

static int watch_stream(struct stuck *stuck, struct tcpstates *stream)
{
	int going = 1;

	while (going > 0 && !stop_requested() && !stuck->cmd.print.out->error)
		going = watch_step(stuck, stream);
	if (going < 0) {
		fprintf(stderr, "tcpstates: %s: %s\n",
			stuck->cmd.device ? stuck->cmd.device : TCPSTATES_DEVICE,
			strerror(errno));
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

static struct tcpstates *open_stuck_stream(const struct stuck *stuck)
{
	struct tcpstates *stream = tcpstates_open(stuck->cmd.device,
						  TCPSTATES_OPEN_NONBLOCK);
	struct tcpstates_filter filter;

	filter_narrow(stuck->cmd.filter, &filter);
	filter.events = 1U << TCPSTATES_EVENT_STUCK;
	if (!stream)
		fprintf(stderr, "tcpstates: %s\n", tcpstates_open_error());
	else if (tcpstates_set_filter(stream, &filter))
		fprintf(stderr, "tcpstates: the module is too old to report stuck connections\n");
	else
		return stream;
	tcpstates_close(stream);
	return NULL;
}

/* Shows what is stuck now. Returns a status. */
static int show_now(struct stuck *stuck)
{
	struct stuck_list list;
	int status = STATUS_FAILED;

	if (!stuck->check)
		print_begin(&stuck->cmd.print);
	if (!stuck_list_find(&list, stuck->cmd.device,
			     stuck->age_s * NSEC_PER_SEC, stuck->cmd.filter)) {
		status = STATUS_OK;
		if (stuck->check)
			stuck->level = report_check(stuck->cmd.print.out, &list,
						    stuck->age_s,
						    stuck->levels);
		else
			show_list(stuck, &list);
		if (isatty(STDOUT_FILENO) && !stuck->check &&
		    stuck->cmd.print.form == FORM_TABLE &&
		    !list.count && !list.lost)
			report_nothing(stuck->cmd.print.out, stuck->age_s);
	}
	stuck_list_free(&list);
	return status;
}

/* With --watch, opens the stream before it shows the current list: no gap. */
static int run_stuck(struct stuck *stuck)
{
	struct tcpstates *stream;
	int status;

	if (!stuck->watch)
		return show_now(stuck);
	stream = open_stuck_stream(stuck);
	if (!stream)
		return STATUS_FAILED;
	warn_of_limits();
	status = show_now(stuck);
	if (!status)
		status = watch_stream(stuck, stream);
	tcpstates_close(stream);
	return status;
}

int stuck_run(struct output *out, int argc, char *argv[])
{
	struct stuck stuck = {
		.cmd = {
			.usage = &stuck_usage, .take = stuck_option,
		},
		.age_s = 60,
	};
	int status;

	stream_cmd_init(&stuck.cmd, out, TABLE_CONNECTIONS, "holders");
	status = parse_stuck(&stuck, argc, argv);
	if (status < 0)
		status = run_stuck(&stuck);
	stream_cmd_free(&stuck.cmd);
	if (stuck.check && status != STATUS_OK) {
		output_format(out, "TCPSTATES UNKNOWN - the check failed\n");
		return STATUS_UNKNOWN;
	}
	if (stuck.cmd.print.failed && !status)
		status = STATUS_FAILED;
	return stuck.check ? stuck.level : status;
}
