// SPDX-License-Identifier: GPL-2.0
/*
 * Readers of the device, and programs measured as a whole.
 *
 * reader drain text|binary SIZE	reads its input, the device opened with
 *		O_NONBLOCK, until there is nothing more, SIZE bytes at a time
 * reader count text|binary		reads until SIGTERM, counts what is lost
 * reader pause FILE			likewise, but begins when FILE is there
 * reader block idle|filter COUNT	COUNT processes that have the device
 *		open: without reading, or waiting for what never comes
 * reader run FILE COMMAND...		writes to FILE what COMMAND costs
 * reader first MODULE			from insmod to the first line
 * reader stats -			the module's memory, and what it missed
 *
 * Each prints a JSON object.
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "tcpstates.h"

#define BUFFER_SIZE	65536

static atomic_bool stopped;

static void on_term(int signal)
{
	(void)signal;
	stopped = true;
}

static int open_device(void)
{
	int device = open(TCPSTATES_DEVICE, O_RDONLY | O_CLOEXEC);

	if (device < 0)
		err(1, TCPSTATES_DEVICE);
	return device;
}

static bool set_format(int device, const char *name)
{
	struct tcpstates_format format = {
		.format = strcmp(name, "binary") ? TCPSTATES_FORMAT_TEXT :
						   TCPSTATES_FORMAT_BINARY,
	};

	if (ioctl(device, TCPSTATES_IOC_SET_FORMAT, &format))
		err(1, "TCPSTATES_IOC_SET_FORMAT");
	return format.format == TCPSTATES_FORMAT_BINARY;
}

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

struct tally {
	unsigned long long events;
	unsigned long long lost;
};

static void tally_binary(struct tally *tally, const char *data, size_t size)
{
	const struct tcpstates_record *record;

	for (; size; data += record->size, size -= record->size) {
		record = (const void *)data;
		if (record->event == TCPSTATES_EVENT_LOST)
			tally->lost += record->count;
		else
			tally->events++;
	}
}

/* The last line of a buffer may be a part; so every line is put together. */
static void tally_text(struct tally *tally, const char *data, size_t size)
{
	static char line[1024];
	static size_t length;
	const char *count;
	size_t i;

	for (i = 0; i < size; i++) {
		if (length < sizeof(line) - 1)
			line[length++] = data[i];
		if (data[i] != '\n')
			continue;
		line[length] = 0;
		length = 0;
		count = strstr(line, " event=lost count=");
		if (count)
			tally->lost += strtoull(count + 18, NULL, 10);
		else
			tally->events++;
	}
}

static void count(int device, const char *format)
{
	static char buffer[BUFFER_SIZE];
	struct sigaction action = { .sa_handler = on_term };
	bool binary = set_format(device, format);
	struct tally tally = { 0 };
	ssize_t got;

	sigaction(SIGTERM, &action, NULL);
	while (!stopped) {
		got = read(device, buffer, sizeof(buffer));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			err(1, "read");
		if (binary)
			tally_binary(&tally, buffer, got);
		else
			tally_text(&tally, buffer, got);
	}
	printf("{\"events\": %llu, \"lost\": %llu}\n", tally.events,
	       tally.lost);
}

static void count_later(const char *file)
{
	int device = open_device();

	while (access(file, F_OK))
		usleep(1000);
	count(device, "text");
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
	while (number--) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid)
			block_one(!strcmp(how, "filter"));
	}
	wait(NULL);
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
	printf("{\"ring_bytes\": %llu, ", stats.ring_bytes);
	printf("\"conn_bytes\": %llu, ", stats.conn_bytes);
	printf("\"conns_missed\": %llu}\n", stats.conns_missed);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (!strcmp(what, "drain") && argc == 4)
		drain(argv[2], atol(argv[3]));
	else if (!strcmp(what, "count") && argc == 3)
		count(open_device(), argv[2]);
	else if (!strcmp(what, "pause") && argc == 3)
		count_later(argv[2]);
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
