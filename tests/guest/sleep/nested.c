// SPDX-License-Identifier: GPL-2.0
/*
 * An open file is watched by an epoll instance, which a thread polls as often as
 * ENTRIES in one call, for what never comes. So one call of the file's only waiter
 * wakes all of them, and they stay. The main thread reads what there is whenever
 * the epoll instance says so, which arms the file again.
 *
 * usage: nested ENTRIES
 */
#define _GNU_SOURCE
#include "common.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>

static unsigned int entries;
static int epoll;

static void *poll_epoll(void *unused)
{
	struct pollfd *polled = calloc(entries, sizeof(*polled));
	unsigned int i;

	(void)unused;
	if (!polled)
		err(1, "calloc");
	for (i = 0; i < entries; i++)
		polled[i] = (struct pollfd){ .fd = epoll, .events = POLLPRI };
	poll(polled, entries, -1);
	err(1, "poll");
}

int main(int argc, char **argv)
{
	struct epoll_event event = { .events = EPOLLIN };
	static char buffer[1 << 16];
	pthread_t thread;
	int device;

	if (argc != 2)
		errx(2, "usage: nested ENTRIES");
	entries = atoi(argv[1]);
	device = open(TCPSTATES_DEVICE, O_RDONLY | O_NONBLOCK);
	epoll = epoll_create1(0);
	if (device < 0 || epoll < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, device, &event))
		err(1, "%s", TCPSTATES_DEVICE);
	if (pthread_create(&thread, NULL, poll_epoll, NULL))
		errx(1, "pthread_create");
	while (epoll_wait(epoll, &event, 1, -1) > 0)
		while (read(device, buffer, sizeof(buffer)) > 0)
			;
	err(1, "epoll_wait");
}
