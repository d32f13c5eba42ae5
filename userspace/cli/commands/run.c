// SPDX-License-Identifier: GPL-2.0
/* tcpstates run: the connections of one command, each drawn as a ladder. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/output.h"
#include "base/status.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/stream_cmd.h"
#include "ladder/flows.h"
#include "ladder/picture.h"
#include "ladder/svg.h"
#include "libtcpstates.h"
#include "process/cgroup.h"
#include "process/child.h"
#include "text/cell.h"

#define WAIT_S		5	/* by default, for connections after the command */
#define WAIT_MAX_S	86400

static const struct usage_option options[] = {
	{ "live", OPTION_LIVE, NULL, "show each change as it happens" },
	{ "svg", OPTION_SVG, "FILE", "also draw all connections into FILE" },
	{ "time-wait", OPTION_TIME_WAIT, NULL,
	  "a connection ends after TIME_WAIT, not when it reaches it" },
	{ "wait", OPTION_WAIT, "AGE",
	  "wait this long for connections to end after COMMAND (5s)" },
	{ "user", OPTION_USER, "NAME", "run COMMAND as this user" },
	{ .name = NULL }
};

const struct usage run_usage = {
	.synopsis = "run [OPTION]... [--] COMMAND [ARGUMENT]...",
	.about =
"Runs COMMAND and draws each TCP connection that it or its children open or\n"
"accept, when the connection ends: the states of each end from top to bottom, on\n"
"the left the end that opened it; between them the segments that changed a\n"
"state, how long each took if both ends are on this host, and why it was sent;\n"
"who closed first, and what went wrong. Exits with the status of COMMAND.\n",
	.column = USAGE_COLUMN,
	.options = options,
	.shared = stream_cmd_options,
	.details =
STREAM_CMD_FORMS
"\n"
"With a form (--json ...) it prints the changes in that form, and draws nothing.\n"
"COMMAND runs in a cgroup (v2) of its own, by which its sockets are recognized:\n"
"creating one needs root or a delegated cgroup. Ctrl-C reaches COMMAND too, and\n"
"so do SIGTERM and SIGHUP; a second one ends the tracing. The cgroup and those\n"
"that COMMAND creates below it are removed at the end; those of a run that was\n"
"killed are removed by the next run, or by 'tcpstates doctor'.\n",
	.words = USAGE_COMMAND,
};

/**
 * struct run - one run
 * @cmd: what all commands on the stream have
 * @live: whether to draw each change as it happens
 * @time_wait: whether a connection ends after TIME_WAIT
 * @wait_s: how long to wait for connections after the last process
 * @user: user to run the command as, or NULL
 * @entry: its entry in the user database
 * @svg_path: file for an SVG drawing, or NULL
 * @svg_file: the open file
 * @svg: the drawing
 * @pictures: whether to draw on standard output
 * @argv: the command
 * @group: the cgroup that it runs in
 * @child: its process
 * @started: whether the process was started
 * @unread: whether the reader of standard output has gone
 * @status: exit status of the command
 * @stopping: whether a signal has asked the command to end
 * @deadline_ms: clock_ms() at which waiting for connections ends; 0 while processes
 *	run
 * @flows: its connections
 * @drawn: number of the connection that --live drew last
 * @lost: number of lost records
 */
struct run {
	struct stream_cmd cmd;
	bool live;
	bool time_wait;
	unsigned long long wait_s;
	const char *user;
	const struct passwd *entry;
	const char *svg_path;
	FILE *svg_file;
	struct svg svg;
	bool pictures;
	char **argv;
	struct cgroup group;
	struct child child;
	bool started;
	bool unread;
	int status;
	bool stopping;
	long long deadline_ms;
	struct flows flows;
	unsigned long drawn;
	unsigned long long lost;
};

/* Handles an option. Returns a status, or -1 to go on. */
static int run_option(struct stream_cmd *cmd, int option)
{
	struct run *run = container_of(cmd, struct run, cmd);

	switch (option) {
	case OPTION_LIVE:
		run->live = true;
		return -1;
	case OPTION_SVG:
		run->svg_path = optarg;
		return -1;
	case OPTION_TIME_WAIT:
		run->time_wait = true;
		return -1;
	case OPTION_USER:
		run->user = optarg;
		return -1;
	default:
		if (parse_age(optarg, WAIT_MAX_S, &run->wait_s))
			return -1;
		return usage_error("--wait: '%s' is not an age like 10s or 2m",
				   optarg);
	}
}

static struct picture begin_picture(char **text, size_t *length)
{
	struct picture picture = {
		.out = open_memstream(text, length),
		.colour = isatty(STDOUT_FILENO) && cell_wants_colour(),
	};

	return picture;
}

/* Prints a finished picture. Returns 0, or -1 and errno. */
static int end_picture(struct run *run, const struct picture *picture,
		       char **text, size_t *length)
{
	int ret = fclose(picture->out);

	if (!ret)
		output_add(run->cmd.print.out, *text, *length);
	free(*text);
	return ret;
}

/* Draws a connection that has ended. Returns 0, or -1 and errno. */
static int draw_whole(struct run *run, const struct flow *flow)
{
	struct picture picture;
	char *text = NULL;
	size_t length;

	if (run->svg_path)
		svg_add(&run->svg, flow);
	if (!run->pictures)
		return 0;
	picture = begin_picture(&text, &length);
	if (!picture.out)
		return -1;
	if (run->live && run->drawn != flow->number)
		picture_head(&picture, flow);
	if (run->live)
		picture_story(&picture, flow);
	else
		picture_flow(&picture, flow);
	run->drawn = 0;
	return end_picture(run, &picture, &text, &length);
}

/* Draws the last change of a connection. Returns 0, or -1 and errno. */
static int draw_last_change(struct run *run, const struct flow *flow, __u64 conn)
{
	struct picture picture;
	char *text = NULL;
	size_t length;

	picture = begin_picture(&text, &length);
	if (!picture.out)
		return -1;
	if (run->drawn != flow->number)
		picture_head(&picture, flow);
	run->drawn = flow->number;
	picture_change(&picture, flow, conn);
	return end_picture(run, &picture, &text, &length);
}

static bool is_own_end(const struct flow *flow, __u64 conn)
{
	return flow->ends[flow->ends[0].conn != conn].own;
}

/* Returns 1 to go on, or -1 and errno. */
static int trace_transition(struct run *run,
			    const struct tcpstates_record *record)
{
	bool own = record->known & TCPSTATES_KNOW_CGROUP &&
		   cgroup_has(&run->group, record->cgroup);
	struct flow *flow;

	if (flows_add(&run->flows, record, own, &flow))
		return -1;
	if (!run->pictures &&
	    (own || (flow && is_own_end(flow, record->conn))))
		print_record(&run->cmd.print, record);
	if (!flow)
		return 1;
	if (run->pictures && run->live && draw_last_change(run, flow, record->conn))
		return -1;
	if (!flow_done(flow, run->time_wait))
		return 1;
	if (draw_whole(run, flow))
		return -1;
	flows_remove(&run->flows, flow);
	return 1;
}

static int run_record(struct stream_cmd *cmd, const struct tcpstates_record *record)
{
	struct run *run = container_of(cmd, struct run, cmd);

	if (record->event == TCPSTATES_EVENT_TRANSITION)
		return trace_transition(run, record);
	if (record->event != TCPSTATES_EVENT_LOST)
		return 1;
	run->lost += record->count;
	flows_lose(&run->flows);
	if (!run->pictures)
		print_record(&cmd->print, record);
	return 1;
}

/*
 * Checks which processes still run. Reads cgroup.events each time: poll() reports it as
 * changed until it is read. Returns 0, or -1 and errno.
 */
static int check_processes(struct run *run, bool child_ended)
{
	int empty = cgroup_is_empty(&run->group);

	if (child_ended)
		run->status = child_status(&run->child);
	if (empty > 0 && run->child.fd < 0 && !run->deadline_ms)
		run->deadline_ms = clock_ms() + (long long)run->wait_s * 1000;
	return empty < 0 ? -1 : 0;
}

/* Waits for any event. Returns 1 to go on, 0 to end, or -1 and errno. */
static int run_wait(struct stream_cmd *cmd)
{
	struct run *run = container_of(cmd, struct run, cmd);
	struct pollfd fds[] = {
		{ .fd = tcpstates_fd(cmd->stream), .events = POLLIN },
		{ .fd = run->deadline_ms ? -1 : run->group.events,
		  .events = POLLPRI },
		{ .fd = run->child.fd, .events = POLLIN },
		/* Polled only until it fails: it would be ready for ever. */
		{ .fd = run->unread ? -1 : STDOUT_FILENO },
	};
	long long left = -1;

	if (run->deadline_ms) {
		left = run->deadline_ms - clock_ms();
		if (!run->flows.count || left <= 0)
			return 0;
	}
	if (stop_poll_for(fds, 4, (int)left) < 0)
		return errno == EINTR ? 1 : -1;
	if (fds[0].revents && !(fds[0].revents & POLLIN)) {
		errno = EIO;
		return -1;
	}
	run->unread |= fds[3].revents != 0;
	if (check_processes(run, fds[2].revents))
		return -1;
	/* A reader that has gone does not end the command. */
	return run->unread && run->child.fd < 0 ? 0 : 1;
}

/* Whether the terminal has sent the signal to the command, too. */
static bool from_terminal(int signal)
{
	int fd, ret;

	if (signal != SIGINT)
		return false;
	fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	ret = tcgetpgrp(fd) == getpgrp();
	close(fd);
	return ret;
}

/* Forwards the first request to end to the command. Returns 1 to go on, 0 to end. */
static int run_stopped(struct stream_cmd *cmd)
{
	struct run *run = container_of(cmd, struct run, cmd);
	int signal = stop_forget();

	if (run->child.fd < 0 || run->stopping) {
		/* Read what has happened so far; the next request ends that. */
		if (run->deadline_ms)
			return 0;
		run->deadline_ms = clock_ms();
		return 1;
	}
	run->stopping = true;
	if (!from_terminal(signal))
		kill(run->child.pid, signal);
	return 1;
}

/* Sets up the stream, then starts the command. Returns 1, 0 to end, or -1 and errno. */
static int run_begin(struct stream_cmd *cmd)
{
	struct tcpstates_filter filter = {
		.events = 1U << TCPSTATES_EVENT_TRANSITION,
	};
	struct run *run = container_of(cmd, struct run, cmd);

	if (tcpstates_set_filter(cmd->stream, &filter))
		return -1;
	if (!run->pictures)
		print_begin(&cmd->print);
	if (output_flush(cmd->print.out))
		return 0;
	run->status = child_start(&run->child, run->group.path, run->entry,
				  run->argv);
	run->started = !run->status;
	return run->started ? 1 : 0;
}

/* Draws connections that have not ended. Returns 0, or -1 after a message. */
static int finish_drawing(struct run *run)
{
	struct flow *flow;
	int ret = 0;

	while ((flow = flows_first(&run->flows))) {
		if (draw_whole(run, flow))
			ret = -1;
		flows_remove(&run->flows, flow);
	}
	if (run->svg_path) {
		if (svg_write(&run->svg, run->svg_file, run->argv[0]))
			ret = -1;
		if (fclose(run->svg_file))
			ret = -1;
	}
	if (ret)
		fprintf(stderr, "tcpstates: run: %s: %s\n",
			run->svg_path ? run->svg_path : "memory",
			strerror(errno));
	if (run->pictures && run->lost)
		fprintf(stderr, "tcpstates: run: %llu records were lost; some may be missing\n",
			run->lost);
	else if (run->pictures && !run->flows.begun)
		fputs("tcpstates: run: no TCP connection was made\n", stderr);
	return ret;
}

/* Traces the command. Returns a status. */
static int trace_command(struct run *run)
{
	int status = stream_cmd_follow(&run->cmd, run_begin, run_record, run_wait);

	if (status == STATUS_OK && run->started && finish_drawing(run))
		status = STATUS_FAILED;
	if (run->child.fd >= 0) {
		close(run->child.fd);
		run->status = CHILD_FAILED;
	}
	if (cgroup_remove(&run->group))
		fputs("tcpstates: run: processes of the command are still running\n",
		      stderr);
	return status == STATUS_OK ? run->status : CHILD_FAILED;
}

/* Prepares everything that the command needs. Returns 0 or a status. */
static int prepare_run(struct run *run)
{
	if (run->svg_path) {
		run->svg_file = fopen(run->svg_path, "we");
		if (!run->svg_file || svg_init(&run->svg)) {
			fprintf(stderr, "tcpstates: run: --svg: %s: %s\n",
				run->svg_path, strerror(errno));
			return CHILD_FAILED;
		}
	}
	if (flows_init(&run->flows)) {
		fprintf(stderr, "tcpstates: run: %s\n", strerror(errno));
		return CHILD_FAILED;
	}
	/* A user lookup may take long: a signal may end the program meanwhile. */
	if (run->user && child_find_user(run->user, &run->entry))
		return CHILD_FAILED;
	return cgroup_make(&run->group) ? CHILD_FAILED : 0;
}

int run_run(struct output *out, int argc, char *argv[])
{
	struct run run = {
		.cmd = {
			.usage = &run_usage, .take = run_option,
			.stopped = run_stopped,
		},
		.wait_s = WAIT_S,
		.group = { .events = -1, .lock = -1 },
		.child.fd = -1,
	};
	int status;

	stream_cmd_init(&run.cmd, out, TABLE_TRANSITIONS, NULL);
	status = stream_cmd_parse(&run.cmd, argc, argv);
	if (status < 0 && optind == argc)
		status = usage_error("run: no command given");
	if (status < 0) {
		run.argv = argv + optind;
		run.pictures = !run.cmd.chosen && !run.cmd.command;
		status = prepare_run(&run);
		if (!status)
			status = trace_command(&run);
		svg_free(&run.svg);
		flows_free(&run.flows);
	}
	stream_cmd_free(&run.cmd);
	return status;
}
