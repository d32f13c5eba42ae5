// SPDX-License-Identifier: GPL-2.0
/* tcpstates top: connections and events on the whole screen. */
#include <errno.h>
#include <getopt.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/options.h"
#include "base/start.h"
#include "base/status.h"
#include "base/stop.h"
#include "top/screen.h"
#include "top/usage.h"
#include "top/view.h"

/* Time between two frames; ages change each second in any case. */
#define FRAME_MS	250
#define SECOND_MS	1000

/* Records read before keys are handled. */
#define BATCH		10000

/**
 * struct top - one run
 * @device: path of the device, or NULL
 * @stream: the stream
 * @view: the state of the screen
 * @dirty: whether something has changed since the last frame
 * @frame_ms: time between two frames
 */
struct top {
	const char *device;
	struct tcpstates *stream;
	struct view view;
	bool dirty;
	long long frame_ms;
};

static struct top top;

/* Reads the table again: records may have been lost. Returns 0, or -1 and errno. */
static int reload_table(void)
{
	entries_clear(top.view.entries);
	return tcpstates_snapshot(top.stream);
}

static int apply_record(const struct tcpstates_record *record)
{
	switch (record->event) {
	case TCPSTATES_EVENT_LOST:
		top.view.lost += record->count;
		return reload_table();
	case TCPSTATES_EVENT_TRANSITION:
		rates_add(&top.view.rates, record);
		view_tell(&top.view, record);
		return entries_add(top.view.entries, record);
	case TCPSTATES_EVENT_EXISTING:
	case TCPSTATES_EVENT_STUCK:
		return entries_add(top.view.entries, record);
	default:
		return 0;
	}
}

/* Applies records, up to BATCH of them. Returns 0, or -1 and errno. */
static int read_batch(void)
{
	const struct tcpstates_record *record;
	int left, count;

	for (left = BATCH; left && !stop_requested(); left--) {
		count = tcpstates_next(top.stream, &record);
		if (!count)
			return 0;
		if (count < 0 && errno != EINTR)
			return -1;
		if (count > 0 && apply_record(record))
			return -1;
		top.dirty = true;
	}
	return 0;
}

/* Returns false to end. */
static bool handle_keys(void)
{
	int key;

	while ((key = getch()) != ERR) {
		top.dirty = true;
		if (!view_key(&top.view, key))
			return false;
	}
	return true;
}

/* Waits for the stream or a key. Returns 0, or -1 and errno. */
static int wait_for_input(long long drawn_ms)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = tcpstates_fd(top.stream), .events = POLLIN },
	};
	long long left = SECOND_MS - clock_ms() % SECOND_MS;

	if (tcpstates_buffered(top.stream))
		return 0;
	if (top.dirty && drawn_ms + top.frame_ms - clock_ms() < left)
		left = drawn_ms + top.frame_ms - clock_ms();
	/* With a frame pending, only keys end the wait. */
	if (stop_poll_for(fds, top.dirty ? 1 : 2, left < 0 ? 0 : (int)left) < 0 &&
	    errno != EINTR)
		return -1;
	if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) {
		errno = EIO;
		return -1;
	}
	return 0;
}

/* A frame is due each second at least: that is how long its counts are shown. */
static bool is_due(long long drawn_ms)
{
	long long now = clock_ms();

	return now / SECOND_MS != drawn_ms / SECOND_MS ||
	       (top.dirty && now - drawn_ms >= top.frame_ms);
}

/* Returns 0, or -1 and errno. */
static int run_loop(void)
{
	long long drawn_ms = 0, started_ms;
	bool going = true;

	while (going && !stop_requested()) {
		if (read_batch())
			return -1;
		going = handle_keys();
		rates_advance(&top.view.rates, top.view.entries, clock_boot_ns());
		if (is_due(drawn_ms)) {
			started_ms = clock_ms();
			if (view_refresh(&top.view, clock_boot_ns()))
				return -1;
			screen_draw(&top.view);
			drawn_ms = clock_ms();
			/* With many connections, leave most of the time to the stream. */
			top.frame_ms = FRAME_MS + 4 * (drawn_ms - started_ms);
			top.dirty = false;
		}
		if (going && wait_for_input(drawn_ms))
			return -1;
	}
	return 0;
}

/* Runs until the user quits. Returns a status. */
static int run_screen(void)
{
	int ret, error;

	top.view.entries = entries_new();
	if (!top.view.entries || reload_table()) {
		fprintf(stderr, "tcpstates: %s\n", strerror(errno));
		return STATUS_FAILED;
	}
	if (!screen_open()) {
		fprintf(stderr, "tcpstates: top: the terminal type '%s' is not known; see TERM\n",
			getenv("TERM") ? getenv("TERM") : "");
		return STATUS_FAILED;
	}
	ret = run_loop();
	error = errno;
	screen_close();
	if (ret)
		fprintf(stderr, "tcpstates: top: %s\n", strerror(error));
	return ret ? STATUS_FAILED : STATUS_OK;
}

/* Returns a status. */
static int run_top(void)
{
	int status;

	top.stream = tcpstates_open(top.device, TCPSTATES_OPEN_NONBLOCK);
	if (!top.stream) {
		fprintf(stderr, "tcpstates: %s\n", tcpstates_open_error());
		return STATUS_FAILED;
	}
	status = run_screen();
	tcpstates_close(top.stream);
	order_free(&top.view.order);
	entries_free(top.view.entries);
	return status;
}

/* Joins the words and parses the filter. Returns -1, or a status to end with. */
static int parse_filter(int argc, char *argv[])
{
	struct filter_error *error = &top.view.error;
	char *text = top.view.text;
	int i;

	for (i = optind; i < argc; i++) {
		size_t length = strlen(text);

		if (length + strlen(argv[i]) + 2 > sizeof(top.view.text))
			return usage_error("top: the filter is too long");
		snprintf(text + length, sizeof(top.view.text) - length, "%s%s",
			 length ? " " : "", argv[i]);
	}
	top.view.filter = filter_parse(text, error);
	if (!top.view.filter) {
		fprintf(stderr, "tcpstates: filter: %s\n  %s\n  %*s^\n",
			error->text, text, (int)error->column, "");
		return STATUS_USAGE;
	}
	error->text[0] = '\0';
	return -1;
}

/* Returns -1 to go on, or a status to end with. */
static int parse_options(int argc, char *argv[])
{
	int option;

	while ((option = usage_next(&top_usage, argc, argv)) != -1) {
		switch (option) {
		case OPTION_DEVICE:
			top.device = optarg;
			break;
		case OPTION_HELP:
		case 'h':
			return usage_show(&top_usage) ? STATUS_FAILED :
							STATUS_OK;
		default:
			return option_error(option, argv);
		}
	}
	return parse_filter(argc, argv);
}

int main(int argc, char *argv[])
{
	int status;

	if (start_program(true))
		return STATUS_FAILED;
	status = parse_options(argc, argv);
	if (status >= 0)
		return status;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return usage_error("top needs a terminal; 'tcpstates list' does not");
	status = run_top();
	filter_free(top.view.filter);
	return status;
}
