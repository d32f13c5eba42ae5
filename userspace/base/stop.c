// SPDX-License-Identifier: GPL-2.0
/*
 * The wish to end: SIGINT, SIGTERM and SIGHUP; and SIGALRM, for who was started with
 * a limit of time. It may come at any moment: what waits in a system call gets EINTR.
 * Should it come just before the call, the alarm that follows ends that, for there is
 * always one to come.
 */
#include "base/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"

/* How long what does not get on keeps a program that is to end: below a second. */
#define PATIENCE_MS	800

static const int wishes[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };

/* Of these, what programs get that this one starts is as it was before. */
static const int changed[] = {
	SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGPIPE, SIGCHLD, SIGXFSZ,
};

static struct sigaction inherited[ARRAY_SIZE(changed)];

/* Set by the signal handler; the first is the number of the signal. */
static atomic_int requested;
static atomic_bool impatient;
static atomic_uint arrived;

static unsigned int seen;	/* of those that have arrived */
static sigset_t wish_mask;
static sigset_t open_mask;	/* the mask of always */
static void (*last_resort)(void);

/* From the first signal on there is always an alarm to come. */
static void handle_signal(int signal)
{
	const struct itimerval patience = {
		.it_value.tv_usec = PATIENCE_MS * 1000,
	};
	int error = errno;

	if (signal == SIGALRM && requested) {
		impatient = true;
		if (last_resort)
			last_resort();
	} else {
		requested = signal;
	}
	arrived++;
	/* A system call, and nothing else. */
	setitimer(ITIMER_REAL, &patience, NULL);
	errno = error;
}

/*
 * Call once, before anything waits. What the parent has turned off stays so where
 * that is the custom: SIGINT by shells for background jobs, SIGHUP by nohup(1).
 * SIGTERM always ends the program, whether it was ignored or held back. A broken
 * pipe and a limit of size become errors of write() instead of signals, and children
 * can be waited for.
 */
void stop_install(void)
{
	struct sigaction action = { .sa_handler = handle_signal };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(changed); i++)
		sigaction(changed[i], NULL, &inherited[i]);
	sigemptyset(&action.sa_mask);
	sigemptyset(&wish_mask);
	for (i = 0; i < ARRAY_SIZE(wishes); i++) {
		sigaddset(&wish_mask, wishes[i]);
		if (inherited[i].sa_handler != SIG_IGN ||
		    wishes[i] == SIGTERM || wishes[i] == SIGALRM)
			sigaction(wishes[i], &action, NULL);
	}
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
	action.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &wish_mask, NULL);
	sigprocmask(SIG_SETMASK, NULL, &open_mask);
}

/*
 * For who is about to become another program: signals are what they were, but that
 * SIGTERM ends that program, too, and none is held back by which it can be ended.
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
 * From here on, until it is called again with false, the wish ends the program at
 * once: for what waits in a library, which would not end for a handler. Nothing may
 * be half done meanwhile. A wish that has come before is still only a request, and
 * to be asked for after this.
 */
void stop_at_once(bool on)
{
	struct sigaction action = { .sa_handler = on ? SIG_DFL : handle_signal };
	struct sigaction before;
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < ARRAY_SIZE(wishes); i++) {
		sigaction(wishes[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(wishes[i], &action, NULL);
	}
}

/*
 * What to do, in the handler, when nothing gets on after the wish: for what waits in
 * a library that tries again for ever.
 */
void stop_last_resort(void (*resort)(void))
{
	last_resort = resort;
}

bool stop_requested(void)
{
	return requested;
}

/* Which signal it was. */
int stop_signal(void)
{
	return requested;
}

/* For who has more to do before: there is no wish. Returns the signal that it was. */
int stop_forget(void)
{
	const struct itimerval none = { 0 };

	setitimer(ITIMER_REAL, &none, NULL);
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
	return &open_mask;
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

	int ret = -1, error = EINTR;

	/* A signal is held back between the look whether one has come, and the wait. */
	sigprocmask(SIG_BLOCK, &wish_mask, NULL);
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
 * write(2) that a signal can end. Who has taken something since the wish has come
 * gets the same time again.
 */
ssize_t stop_write(int fd, const void *bytes, size_t length)
{
	const struct itimerval patience = {
		.it_value.tv_usec = PATIENCE_MS * 1000,
	};
	ssize_t written = write(fd, bytes, length);
	int error = errno;

	if (written > 0 && requested) {
		impatient = false;
		setitimer(ITIMER_REAL, &patience, NULL);
	}
	errno = error;
	return written;
}
