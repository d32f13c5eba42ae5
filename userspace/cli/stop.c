// SPDX-License-Identifier: GPL-2.0
/* The wish to end: SIGINT and SIGTERM. */
#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

/* How long somebody who does not read keeps a program that is to end. */
#define PATIENCE_SECONDS	1

/* Set by the signal handler; the first is the number of the signal. */
static atomic_int requested;
static atomic_bool impatient;

static sigset_t held;		/* the mask while the program works */
static sigset_t waiting;	/* and while it waits */

/* From the first signal on there is always an alarm to come. */
static void handle(int signal)
{
	if (signal == SIGALRM)
		impatient = true;
	else
		requested = signal;
	alarm(PATIENCE_SECONDS);
}

/*
 * Call once, before anything waits. A SIGINT that the parent has turned off,
 * as shells do for background jobs, stays so. A broken pipe becomes an error
 * of write() instead of a signal.
 */
void stop_install(void)
{
	struct sigaction action = { .sa_handler = handle };
	struct sigaction before;

	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, NULL, &before);
	if (before.sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);

	sigprocmask(SIG_SETMASK, NULL, &held);
	waiting = held;
	sigaddset(&held, SIGALRM);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigdelset(&waiting, SIGALRM);
	sigdelset(&waiting, SIGINT);
	sigdelset(&waiting, SIGTERM);
	sigprocmask(SIG_SETMASK, &held, NULL);
}

/*
 * From here on, until it is called again with false, the wish ends the program at
 * once: for what waits in a library, which would not end for a handler. Nothing may
 * be half done meanwhile.
 */
void stop_at_once(bool on)
{
	static const int signals[] = { SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = on ? SIG_DFL : handle };
	struct sigaction before;
	size_t i;

	sigemptyset(&action.sa_mask);
	if (!on)
		sigprocmask(SIG_SETMASK, &held, NULL);
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		sigaction(signals[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
	if (on)
		sigprocmask(SIG_SETMASK, &waiting, NULL);
}

bool stop_requested(void)
{
	return requested;
}

/* For who has more to do before: there is no wish. Returns the signal that it was. */
int stop_forget(void)
{
	alarm(0);
	impatient = false;
	return atomic_exchange(&requested, 0);
}

/* Whether the wish has come, and nothing was written for too long since. */
bool stop_overdue(void)
{
	return impatient;
}

/* The signal mask that another program is to begin with. */
const sigset_t *stop_open_mask(void)
{
	return &waiting;
}

/* poll(2) without a time limit. EINTR when the wish comes, or is overdue. */
int stop_poll(struct pollfd *fds, nfds_t count)
{
	return stop_poll_for(fds, count, -1);
}

/* The same with a limit, unless that is below 0; 0 when it is over. */
int stop_poll_for(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	const struct timespec limit = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L,
	};

	return ppoll(fds, count, timeout_ms < 0 ? NULL : &limit, &waiting);
}

/*
 * Waits until there is something to read; or somebody to whom this pipes goes
 * away, which is not to be noticed only when the next connection is made.
 * Returns 1 to read on, 0 to end, -1 and errno.
 */
int stop_wait(int fd)
{
	return stop_wait_for(fd, -1);
}

/* The same for a limited time, unless that is below 0; 1 also when it is over. */
int stop_wait_for(int fd, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};

	if (stop_poll_for(fds, 2, timeout_ms) < 0)
		return errno == EINTR ? 1 : -1;
	if (fds[1].revents)
		return 0;
	if (fds[0].revents && !(fds[0].revents & POLLIN)) {
		errno = EIO;
		return -1;
	}
	return 1;
}

/*
 * write(2) that a signal can end. Should one come before the write, which then
 * has to wait, the next alarm ends it.
 */
ssize_t stop_write(int fd, const void *bytes, size_t length)
{
	ssize_t written;
	int error;

	sigprocmask(SIG_SETMASK, &waiting, NULL);
	written = write(fd, bytes, length);
	error = errno;
	sigprocmask(SIG_SETMASK, &held, NULL);
	if (written > 0 && requested) {
		impatient = false;
		alarm(PATIENCE_SECONDS);
	}
	errno = error;
	return written;
}
