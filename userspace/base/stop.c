// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to end: SIGINT, SIGTERM and SIGHUP; and SIGALRM, which a program may be
 * started with as a time limit. A request ends a blocked system call with EINTR. If it
 * arrives just before the call, the alarm that every request sets ends the call.
 */
#include "base/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"

/* How long a program may make no progress after a request to end. */
#define PATIENCE_MS	800

static const int requests[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };

/* Signals whose inherited disposition is restored for programs that are started. */
static const int changed[] = {
	SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGPIPE, SIGCHLD, SIGXFSZ,
};

static struct sigaction inherited[ARRAY_SIZE(changed)];

/* Set by the signal handler. */
static atomic_int requested;	/* number of the signal, or 0 */
static atomic_bool overdue;
static atomic_uint arrived;	/* signals so far */

static unsigned int seen;	/* signals handled by stop_poll_for() */
static sigset_t request_mask;
static sigset_t open_mask;	/* blocks no request */
static void (*last_resort)(void);

/* From the first request on, an alarm is always pending. */
static void handle_signal(int signal)
{
	const struct itimerval patience = {
		.it_value.tv_usec = PATIENCE_MS * 1000,
	};
	int error = errno;

	if (signal == SIGALRM && requested) {
		overdue = true;
		if (last_resort)
			last_resort();
	} else {
		requested = signal;
	}
	arrived++;
	/* Not listed as async-signal-safe, but a plain system call. */
	setitimer(ITIMER_REAL, &patience, NULL);
	errno = error;
}

/*
 * Call once, before anything blocks. Signals that the parent ignores stay ignored where
 * that is the custom: SIGINT by shells for background jobs, SIGHUP by nohup(1).
 * SIGTERM always ends the program, even if it was ignored or blocked. A broken pipe
 * and RLIMIT_FSIZE become errors of write() instead of signals, and waitpid() works
 * even if SIGCHLD was ignored.
 */
void stop_install(void)
{
	struct sigaction action = { .sa_handler = handle_signal };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(changed); i++)
		sigaction(changed[i], NULL, &inherited[i]);
	sigemptyset(&action.sa_mask);
	sigemptyset(&request_mask);
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		sigaddset(&request_mask, requests[i]);
		if (inherited[i].sa_handler != SIG_IGN ||
		    requests[i] == SIGTERM || requests[i] == SIGALRM)
			sigaction(requests[i], &action, NULL);
	}
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
	action.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &request_mask, NULL);
	sigprocmask(SIG_SETMASK, NULL, &open_mask);
}

/*
 * Call before exec: restores the inherited dispositions, except that SIGTERM ends the
 * new program, too, and no request is blocked.
 */
void stop_restore(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(changed); i++)
		sigaction(changed[i], &inherited[i], NULL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &open_mask, NULL);
}

/*
 * Between true and false, a request ends the program at once: for library calls that
 * do not return on EINTR. No work may be half done meanwhile. A request that came
 * before is only noted: test stop_requested() after this call.
 */
void stop_at_once(bool on)
{
	struct sigaction action = { .sa_handler = on ? SIG_DFL : handle_signal };
	struct sigaction before;
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		sigaction(requests[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(requests[i], &action, NULL);
	}
}

/* Sets what the signal handler calls when the program is overdue to end. */
void stop_last_resort(void (*resort)(void))
{
	last_resort = resort;
}

bool stop_requested(void)
{
	return requested;
}

/* The number of the signal, or 0. */
int stop_signal(void)
{
	return requested;
}

/* Withdraws the request, for a caller that has to clean up. Returns its signal. */
int stop_forget(void)
{
	const struct itimerval none = { 0 };

	setitimer(ITIMER_REAL, &none, NULL);
	overdue = false;
	return atomic_exchange(&requested, 0);
}

/* Whether there is a request, and nothing was written for too long since. */
bool stop_overdue(void)
{
	return overdue;
}

/* The signal mask for programs that are started. */
const sigset_t *stop_open_mask(void)
{
	return &open_mask;
}

/* poll(2) without a timeout; EINTR on each request and alarm, also an earlier one. */
int stop_poll(struct pollfd *fds, nfds_t count)
{
	return stop_poll_for(fds, count, -1);
}

/* stop_poll() with a timeout in milliseconds; below 0 there is none. */
int stop_poll_for(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	const struct timespec limit = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L,
	};

	int ret = -1, error = EINTR;

	/* Block signals between the test for new ones and ppoll(). */
	sigprocmask(SIG_BLOCK, &request_mask, NULL);
	if (seen == arrived) {
		ret = ppoll(fds, count, timeout_ms < 0 ? NULL : &limit,
			    &open_mask);
		error = errno;
	}
	seen = arrived;
	sigprocmask(SIG_SETMASK, &open_mask, NULL);
	errno = error;
	return ret;
}

/*
 * Waits until @fd is readable or the reader of standard output has gone: the program
 * must not wait for the next record to notice that. Returns 1 to read on, 0 to end, or
 * -1 and errno.
 */
int stop_wait(int fd)
{
	return stop_wait_for(fd, -1);
}

/* stop_wait() with a timeout in milliseconds, none below 0; returns 1 at its end. */
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
 * write(2), which a signal can end. After a request, a write that makes progress
 * restarts the time until the program is overdue.
 */
ssize_t stop_write(int fd, const void *bytes, size_t length)
{
	const struct itimerval patience = {
		.it_value.tv_usec = PATIENCE_MS * 1000,
	};
	ssize_t written = write(fd, bytes, length);
	int error = errno;

	if (written > 0 && requested) {
		overdue = false;
		setitimer(ITIMER_REAL, &patience, NULL);
	}
	errno = error;
	return written;
}
