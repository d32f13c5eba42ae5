// SPDX-License-Identifier: GPL-2.0
/*
 * Readers of the device that are there while things happen, until SIGTERM.
 *
 * live count text|binary	then reads what there still is; counts what is
 *		lost, and how often it slept
 * live pause FILE		likewise text, but begins when FILE is there
 * live latency -		nanoseconds from each record to the return of
 *		the read() that it came with
 *
 * Each prints a JSON object.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "tcpstates.h"

#define BUFFER_SIZE	65536

/* From SIGTERM on it does not block any more. */
static int signalled_device;

static void on_term(int signal)
{
	(void)signal;
	fcntl(signalled_device, F_SETFL, O_NONBLOCK);
}

static void read_until_term(int device)
{
	struct sigaction action = { .sa_handler = on_term };

	signalled_device = device;
	sigaction(SIGTERM, &action, NULL);
}

struct tally {
	unsigned long long events;
	unsigned long long lost;
	unsigned long long reads;
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

/* How often the scheduler has moved this process, -1 if that is not told. */
static long count_migrations(void)
{
	FILE *file = fopen("/proc/self/sched", "re");
	long count = -1;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, "nr_migrations"))
			sscanf(strchr(line, ':'), ": %ld", &count);
	if (file)
		fclose(file);
	return count;
}

static void print_tally(const struct tally *tally)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("{\"events\": %llu, \"lost\": %llu, ", tally->events,
	       tally->lost);
	printf("\"reads\": %llu, \"sleeps\": %ld, ", tally->reads,
	       usage.ru_nvcsw);
	printf("\"preemptions\": %ld, \"migrations\": %ld}\n",
	       usage.ru_nivcsw, count_migrations());
}

static void count(int device, const char *format)
{
	static char buffer[BUFFER_SIZE];
	bool binary = set_format(device, format);
	struct tally tally = { 0 };
	ssize_t got;

	read_until_term(device);
	for (;;) {
		got = read(device, buffer, sizeof(buffer));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			break;
		if (got <= 0)
			err(1, "read");
		tally.reads++;
		if (binary)
			tally_binary(&tally, buffer, got);
		else
			tally_text(&tally, buffer, got);
	}
	print_tally(&tally);
}

static long long boot_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* What is printed late does not delay what is measured. */
#define MOST_LATENCIES	1000000

static void latency(void)
{
	static char buffer[BUFFER_SIZE];
	static long long found[MOST_LATENCIES];
	int device = open_device();
	size_t count = 0, i;
	ssize_t got, at;

	set_format(device, "binary");
	memset(buffer, 1, sizeof(buffer));
	read_until_term(device);
	while ((got = read(device, buffer, sizeof(buffer))) > 0) {
		long long now = boot_ns();

		for (at = 0; at < got && count < MOST_LATENCIES; count++) {
			struct tcpstates_record *record = (void *)&buffer[at];

			found[count] = now - record->boot_ns;
			at += record->size;
		}
	}
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		err(1, "read");
	printf("{\"ns\": [");
	for (i = 0; i < count; i++)
		printf("%s%lld", i ? ", " : "", found[i]);
	puts("]}");
}

static void count_later(const char *file)
{
	int device = open_device();

	while (access(file, F_OK))
		usleep(1000);
	count(device, "text");
}

int main(int argc, char **argv)
{
	const char *what = argc == 3 ? argv[1] : "";

	if (!strcmp(what, "count"))
		count(open_device(), argv[2]);
	else if (!strcmp(what, "pause"))
		count_later(argv[2]);
	else if (!strcmp(what, "latency"))
		latency();
	else
		errx(2, "usage: see the top of live.c");
	return 0;
}
