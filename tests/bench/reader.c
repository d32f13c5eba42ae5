// SPDX-License-Identifier: GPL-2.0
/*
 * Readers that are measured, and programs measured as a whole. Those that live
 * while things happen are in live.c.
 *
 * reader drain text|binary SIZE	reads its input, the device opened with
 *		O_NONBLOCK, until there is nothing more, SIZE bytes at a time
 * reader mapped -			the same by the library, from the oldest record
 *		on
 * reader block idle|filter COUNT	COUNT processes that have the device
 *		open: without reading, or waiting for what never comes
 * reader run FILE COMMAND...		writes to FILE what COMMAND costs
 * reader first MODULE			from insmod to the first line
 * reader stats -			the module's counters
 *
 * Each prints a JSON object.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "device.h"
#include "libtcpstates.h"

/* With the buffer touched before, so that no page fault is measured. */
static void drain(const char *format, size_t size)
{
	char *buffer = malloc(size);
	long long bytes = 0, calls = 0;
	struct stamp begin, end;
	ssize_t got;

	if (!buffer)
		err(1, "malloc");
	memset(buffer, 1, size);
	set_format(0, format);
	clock_begin(&begin);
	while ((got = read(0, buffer, size)) > 0) {
		bytes += got;
		calls++;
	}
	clock_end(&end);
	if (got < 0 && errno != EAGAIN)
		err(1, "read");
	printf("{\"ns\": %lld, \"bytes\": %lld, \"calls\": %lld}\n",
	       clock_busy(&begin, &end), bytes, calls);
}

/* Whether the library has mapped the device into this process. */
static bool maps_device(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	bool found = false;
	char line[512];

	if (!file)
		err(1, "/proc/self/maps");
	while (fgets(line, sizeof(line), file))
		found = found || strstr(line, TCPSTATES_DEVICE);
	fclose(file);
	return found;
}

struct tally {
	unsigned long long events;
	unsigned long long lost;
};

static struct tally drain_stream(struct tcpstates *stream)
{
	const struct tcpstates_record *record;
	struct tally tally = { 0 };
	int got;

	if (tcpstates_rewind(stream))
		err(1, "tcpstates_rewind");
	while ((got = tcpstates_next(stream, &record)) > 0) {
		if (record->event == TCPSTATES_EVENT_LOST)
			tally.lost += record->count;
		else
			tally.events++;
	}
	if (got)
		err(1, "tcpstates_next");
	return tally;
}

/* For a second time, so that no page fault is measured. */
static void mapped(void)
{
	struct tcpstates *stream = tcpstates_open(NULL,
						  TCPSTATES_OPEN_NONBLOCK);
	struct stamp begin, end;
	struct tally tally;

	if (!stream)
		errx(1, "%s", tcpstates_open_error());
	drain_stream(stream);
	clock_begin(&begin);
	tally = drain_stream(stream);
	clock_end(&end);
	printf("{\"ns\": %lld, \"events\": %llu, \"lost\": %llu, ",
	       clock_busy(&begin, &end), tally.events, tally.lost);
	printf("\"maps\": %d}\n", maps_device());
	tcpstates_close(stream);
}

static void block_one(bool filtered)
{
	struct tcpstates_filter nothing = { .rport_min = 1, .rport_max = 1 };
	int device = open_device();
	char byte;

	if (!filtered) {
		pause();
	} else {
		if (ioctl(device, TCPSTATES_IOC_SET_FILTER, &nothing))
			err(1, "TCPSTATES_IOC_SET_FILTER");
		if (read(device, &byte, 1) == 1)
			errx(1, "the filter lets something through");
	}
	_exit(1);
}

/* The children go with their parent's process group. */
static void block(const char *how, int number)
{
	int status;

	while (number--) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid)
			block_one(!strcmp(how, "filter"));
	}
	wait(&status);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
		errx(1, "a reader ended");
}

static int spawn(char **command)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		execvp(command[0], command);
		err(127, "%s", command[0]);
	}
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void run(const char *result, char **command)
{
	struct stamp begin, end;
	FILE *file = fopen(result, "we");
	int status;

	if (!file)
		err(1, "%s", result);
	clock_begin(&begin);
	status = spawn(command);
	clock_end(&end);
	fprintf(file, "{\"ns\": %lld, \"status\": %d}\n",
		clock_busy(&begin, &end), status);
	fclose(file);
}

/* A listener is an event: CLOSE to LISTEN. */
static void cause_event(void)
{
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0 || listen(sock, 1))
		err(1, "listen");
	close(sock);
}

static void first(char *module)
{
	char *insmod[3] = { "/sbin/insmod", module };
	struct stamp begin, end;
	char line[1024];
	int device;

	clock_begin(&begin);
	if (spawn(insmod))
		errx(1, "insmod failed");
	device = open_device();
	cause_event();
	if (read(device, line, sizeof(line)) <= 0)
		err(1, "read");
	clock_end(&end);
	printf("{\"ns\": %lld}\n", clock_busy(&begin, &end));
}

static void print_stats(void)
{
	struct tcpstates_stats stats;

	if (ioctl(open_device(), TCPSTATES_IOC_GET_STATS, &stats))
		err(1, "TCPSTATES_IOC_GET_STATS");
	printf("{\"recorded\": %llu, ", stats.recorded);
	printf("\"overwritten\": %llu, ", stats.overwritten);
	printf("\"untracked\": %llu, ", stats.untracked);
	printf("\"unplaced\": %llu, ", stats.unplaced);
	printf("\"ring_bytes\": %llu, ", stats.ring_bytes);
	printf("\"conn_bytes\": %llu, ", stats.conn_bytes);
	printf("\"conns_missed\": %llu}\n", stats.conns_missed);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (!strcmp(what, "drain") && argc == 4)
		drain(argv[2], atol(argv[3]));
	else if (!strcmp(what, "mapped"))
		mapped();
	else if (!strcmp(what, "block") && argc == 4)
		block(argv[2], atoi(argv[3]));
	else if (!strcmp(what, "run") && argc > 3)
		run(argv[2], argv + 3);
	else if (!strcmp(what, "first") && argc == 3)
		first(argv[2]);
	else if (!strcmp(what, "stats"))
		print_stats();
	else
		errx(2, "usage: see the top of reader.c");
	return 0;
}
