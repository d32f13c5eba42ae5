// SPDX-License-Identifier: GPL-2.0
/* The wish to end: SIGINT and SIGTERM. */
#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static atomic_bool requested;	/* set by the signal handler */
static sigset_t held;		/* the mask while the program works */
static sigset_t waiting;	/* and while it waits */

static void request(int signal)
{
	(void)signal;
	requested = true;
}

/*
 * Call once, before anything waits. A SIGINT that the parent has turned off,
 * as shells do for background jobs, stays so. A broken pipe becomes an error
 * of write() instead of a signal.
 */
void stop_install(void)
{
	struct sigaction action = { .sa_handler = request };
	struct sigaction before;

	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, NULL, &before);
	if (before.sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);

	sigprocmask(SIG_SETMASK, NULL, &held);
	waiting = held;
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigdelset(&waiting, SIGINT);
	sigdelset(&waiting, SIGTERM);
	sigprocmask(SIG_SETMASK, &held, NULL);
}

bool stop_requested(void)
{
	return requested;
}

/* poll(2) that ends with EINTR when the wish comes, or has come unnoticed. */
int stop_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec timeout = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L,
	};

	return ppoll(fds, count, timeout_ms < 0 ? NULL : &timeout, &waiting);
}

/*
 * write(2) that a signal can end. The caller has found @fd to be writable: a
 * signal that comes between the two calls below does not end the write, which
 * matters only if that has to wait nevertheless.
 */
ssize_t stop_write(int fd, const void *bytes, size_t length)
{
	ssize_t written;
	int error;

	sigprocmask(SIG_SETMASK, &waiting, NULL);
	written = write(fd, bytes, length);
	error = errno;
	sigprocmask(SIG_SETMASK, &held, NULL);
	errno = error;
	return written;
}
