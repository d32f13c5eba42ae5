// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "calls.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "maps.h"
#include "uapi/tcpstates.h"

/* Descriptors of the device, or -1. Other threads close and replace them. */
#define FILES	6
static int files[FILES] = { -1, -1, -1, -1, -1, -1 };

static int *any_slot(struct worker *worker)
{
	return &files[random_below(&worker->random, FILES)];
}

static int any_file(struct worker *worker)
{
	return __atomic_load_n(any_slot(worker), __ATOMIC_RELAXED);
}

static void *anywhere(struct worker *worker)
{
	return places_any(&worker->places, &worker->random);
}

/* Good memory in nine of ten, so that what comes after it is reached. */
static void *somewhere(struct worker *worker, size_t size)
{
	if (size > GOOD_BYTES || random_once_in(&worker->random, 10))
		return anywhere(worker);
	return places_good(&worker->places, &worker->random, size);
}

/*
 * What a call returned, and the errors that are all right then. EBADF always
 * is: another thread has closed the file.
 */
static void expect(const char *what, long result, ...)
{
	int error = errno, allowed;
	va_list list;

	if (result >= 0 || error == EBADF)
		return;
	va_start(list, result);
	while ((allowed = va_arg(list, int)))
		if (error == allowed)
			break;
	va_end(list);
	errno = error;
	if (!allowed)
		err(1, "%s", what);
}

static void expect_refusal(const char *what, long result)
{
	if (result >= 0)
		errx(1, "%s: not refused", what);
}

static void call_open(struct worker *worker)
{
	int flags = O_RDONLY | O_CLOEXEC, old, file;

	if (!random_once_in(&worker->random, 8))
		flags |= O_NONBLOCK;
	file = open(CALLS_DEVICE, flags);
	if (file < 0)
		err(1, "open");
	old = __atomic_exchange_n(any_slot(worker), file, __ATOMIC_RELAXED);
	if (old >= 0)
		close(old);
}

static void call_open_badly(struct worker *worker)
{
	static const int flags[] = {
		O_RDONLY | O_DIRECTORY, O_RDONLY | O_CREAT | O_EXCL, O_PATH,
		O_RDONLY | O_DIRECT, O_RDONLY | O_TRUNC, O_RDONLY | O_ASYNC,
	};
	int file = open(CALLS_DEVICE, RANDOM_OF(&worker->random, flags), 0600);

	expect("open", file, ENOTDIR, EEXIST, EINVAL, EACCES, 0);
	if (file >= 0)
		close(file);
}

static size_t any_size(struct worker *worker)
{
	static const size_t sizes[] = {
		0, 1, 2, 7, 100, 191, 192, 193, 383, 384, 767, 768, 4095, 4096,
		GOOD_BYTES, GOOD_BYTES + 1, 1UL << 31, SSIZE_MAX, SIZE_MAX,
	};

	return random_once_in(&worker->random, 2) ?
	       RANDOM_OF(&worker->random, sizes) :
	       random_below(&worker->random, GOOD_BYTES);
}

static void call_read(struct worker *worker)
{
	size_t size = any_size(worker);
	void *to = somewhere(worker, size);
	ssize_t got = read(any_file(worker), to, size);

	expect("read", got, EAGAIN, EFAULT, EINVAL, EINTR, 0);
	if (got > 0 && (size_t)got > size)
		errx(1, "read: %zd of %zu", got, size);
}

static void call_readv(struct worker *worker)
{
	struct iovec parts[6];
	int count = random_below(&worker->random, 7), i;
	ssize_t got;

	for (i = 0; i < count; i++) {
		size_t size = any_size(worker);

		parts[i].iov_len = size > GOOD_BYTES &&
				   !random_once_in(&worker->random, 20) ?
				   192 : size;
		parts[i].iov_base = somewhere(worker, parts[i].iov_len);
	}
	if (random_once_in(&worker->random, 30))
		count = RANDOM_OF(&worker->random,
				  ((int[]){ -1, INT_MAX, 1025 }));
	got = readv(any_file(worker),
		    random_once_in(&worker->random, 20) ? anywhere(worker) :
							  parts, count);
	expect("readv", got, EAGAIN, EFAULT, EINVAL, EINTR, 0);
}

static void call_no_place(struct worker *worker)
{
	int file = any_file(worker);
	char byte;

	expect("pread", pread(file, &byte, 1, random_next(&worker->random)),
	       ESPIPE, EINVAL, 0);
	expect("lseek", lseek(file, random_next(&worker->random),
			      random_below(&worker->random, 6)),
	       ESPIPE, EINVAL, 0);
	expect("write", write(file, &byte, 1), EINVAL, 0);
	expect("ftruncate", ftruncate(file, 0), EINVAL, 0);
	expect("fsync", fsync(file), EINVAL, 0);
	expect("fallocate", fallocate(file, 0, 0, 1), ENODEV, EINVAL, ESPIPE, 0);
}

static void call_splice(struct worker *worker)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		err(2, "pipe");
	expect("splice", splice(any_file(worker), NULL, ends[1], NULL, 4096,
				SPLICE_F_NONBLOCK), EINVAL, EAGAIN, EINTR, 0);
	expect("sendfile", sendfile(ends[1], any_file(worker), NULL, 4096),
	       EINVAL, EAGAIN, EINTR, ESPIPE, 0);
	close(ends[0]);
	close(ends[1]);
}

static void call_poll(struct worker *worker)
{
	struct pollfd file = { .fd = any_file(worker),
			       .events = random_next(&worker->random) };
	struct epoll_event event = { .events = random_next(&worker->random) |
					       EPOLLIN };
	int set;

	expect("poll", poll(&file, 1, random_below(&worker->random, 2)),
	       EINTR, 0);
	set = epoll_create1(EPOLL_CLOEXEC);
	if (set < 0)
		err(2, "epoll_create1");
	expect("epoll_ctl", epoll_ctl(set, EPOLL_CTL_ADD, any_file(worker),
				      &event), EINVAL, EEXIST, 0);
	expect("epoll_wait", epoll_wait(set, &event, 1, 0), EINTR, 0);
	close(set);
}

static void call_flags(struct worker *worker)
{
	int file = any_file(worker);

	/* Blocking is the rule of a file, and of some reads only here. */
	if (random_once_in(&worker->random, 50))
		fcntl(file, F_SETFL, 0);
	else
		fcntl(file, F_SETFL, O_NONBLOCK);
	expect("O_ASYNC", fcntl(file, F_SETFL, O_NONBLOCK | O_ASYNC), EINVAL,
	       ENOTTY, 0);
}

/* Of a network: nothing, or an address without bits that its prefix leaves out. */
static bool is_network(unsigned int family, unsigned int prefix,
		       const __u8 address[16])
{
	unsigned int bits = family == TCPSTATES_FAMILY_INET ? 32 :
			    family == TCPSTATES_FAMILY_INET6 ? 128 : 0;
	unsigned int i;

	if ((family && !bits) || prefix > bits)
		return false;
	for (i = prefix; i < 128; i++)
		if (address[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

/* Whether a filter means something, as <linux/tcpstates.h> has it. */
static bool is_filter(const struct tcpstates_filter *filter)
{
	const __u32 states = ((1U << TCPSTATES_STATE_COUNT) - 1) & ~1U;
	const __u32 events = ((1U << TCPSTATES_EVENT_COUNT) - 1) & ~1U;
	const __u32 families = 1U << TCPSTATES_FAMILY_INET |
			       1U << TCPSTATES_FAMILY_INET6;

	return !((filter->old_states | filter->new_states) & ~states) &&
	       !(filter->families & ~families) && !(filter->events & ~events) &&
	       filter->lport_min <= filter->lport_max &&
	       filter->rport_min <= filter->rport_max &&
	       is_network(filter->laddr_family, filter->laddr_prefix,
			  filter->laddr) &&
	       is_network(filter->raddr_family, filter->raddr_prefix,
			  filter->raddr);
}

/* What a call with an argument that it can read has to make of it. */
static void expect_verdict(unsigned int command, const void *argument, int result)
{
	const struct tcpstates_format *format = argument;
	bool is_good;

	if (command == TCPSTATES_IOC_SET_FILTER)
		is_good = is_filter(argument);
	else if (command == TCPSTATES_IOC_SET_FORMAT)
		is_good = !format->reserved &&
			  format->format <= TCPSTATES_FORMAT_BINARY;
	else
		return;
	if (!is_good) {
		expect_refusal("a wrong argument", result);
		expect("a wrong argument", result, EINVAL, 0);
	} else {
		expect("a right argument", result, EBUSY, EINTR, 0);
	}
}

/* An argument that is right, for each command, as a start. */
static size_t fill_argument(struct worker *worker, unsigned int command,
			    void *to)
{
	struct tcpstates_filter filter = { 0 };
	struct tcpstates_format format = {
		.format = random_below(&worker->random, 2),
	};

	switch (command) {
	case TCPSTATES_IOC_SET_FORMAT:
		memcpy(to, &format, sizeof(format));
		return sizeof(format);
	case TCPSTATES_IOC_SET_FILTER:
		if (random_once_in(&worker->random, 3))
			filter.new_states = random_below(&worker->random, 4096);
		if (random_once_in(&worker->random, 3))
			filter.rport_max = random_next(&worker->random);
		if (random_once_in(&worker->random, 3)) {
			filter.raddr_family = TCPSTATES_FAMILY_INET;
			filter.raddr_prefix = random_below(&worker->random, 33);
		}
		memcpy(to, &filter, sizeof(filter));
		return sizeof(filter);
	default:
		return 8;
	}
}

/*
 * A copy of a file that no other thread closes. One may have closed the original
 * already, and its number may stand for a pipe: then -1.
 */
static int hold(int file)
{
	int copy = fcntl(file, F_DUPFD_CLOEXEC, 0);
	struct stat stat;

	if (copy < 0)
		return -1;
	if (!fstat(copy, &stat) && S_ISCHR(stat.st_mode))
		return copy;
	close(copy);
	return -1;
}

static void call_ioctl(struct worker *worker)
{
	static const unsigned int commands[] = {
		TCPSTATES_IOC_GET_INFO, TCPSTATES_IOC_GET_STATS,
		TCPSTATES_IOC_SET_FORMAT, TCPSTATES_IOC_SET_FILTER,
		TCPSTATES_IOC_REWIND, TCPSTATES_IOC_SNAPSHOT,
		TCPSTATES_IOC_NOW,
	};
	unsigned int command = RANDOM_OF(&worker->random, commands);
	unsigned char *argument = places_good(&worker->places,
					      &worker->random, 256);
	unsigned char *good = argument;
	int file = any_file(worker), held = -1, result;
	size_t size;

	/* It goes through the whole table, which takes long. */
	if (command == TCPSTATES_IOC_SNAPSHOT &&
	    !random_once_in(&worker->random, 10))
		command = TCPSTATES_IOC_GET_INFO;
	size = fill_argument(worker, command, argument);
	while (random_once_in(&worker->random, 2))
		argument[random_below(&worker->random, size)] ^=
			1 << random_below(&worker->random, 8);
	if (random_once_in(&worker->random, 6))
		argument = anywhere(worker);
	if (random_once_in(&worker->random, 2)) {
		held = hold(file);
		file = held;
	}
	/* What is not held may be something else by now. */
	result = ioctl(file, command, argument);
	expect("ioctl", result, EFAULT, EINVAL, EBUSY, EINTR, ENOMEM,
	       held < 0 ? ENOTTY : 0, 0);
	if (held >= 0 && argument == good)
		expect_verdict(command, argument, result);
	if (held >= 0)
		close(held);
}

/* Those that the module does not have: other number, size, direction. */
static void call_unknown_ioctl(struct worker *worker)
{
	unsigned int command = _IOC(random_below(&worker->random, 4),
				    TCPSTATES_IOC_MAGIC,
				    random_below(&worker->random, 256),
				    random_below(&worker->random, 1 << 14));
	int result;

	switch (command) {
	case TCPSTATES_IOC_GET_INFO:
	case TCPSTATES_IOC_GET_STATS:
	case TCPSTATES_IOC_SET_FORMAT:
	case TCPSTATES_IOC_SET_FILTER:
	case TCPSTATES_IOC_REWIND:
	case TCPSTATES_IOC_SNAPSHOT:
	case TCPSTATES_IOC_NOW:
		return;
	}
	result = ioctl(any_file(worker), command, anywhere(worker));
	expect_refusal("unknown ioctl", result);
	expect("unknown ioctl", result, ENOTTY, 0);
}

static void call_dup(struct worker *worker)
{
	int copy = dup(any_file(worker)), old;

	if (copy < 0)
		return;
	old = __atomic_exchange_n(any_slot(worker), copy, __ATOMIC_RELAXED);
	if (old >= 0)
		close(old);
}

/* A child has the files and mappings for a moment, then ends or is killed. */
static void call_fork(struct worker *worker)
{
	char byte;
	pid_t pid = fork();
	int file;

	if (pid < 0)
		err(2, "fork");
	if (!pid) {
		file = any_file(worker);
		fcntl(file, F_SETFL, O_NONBLOCK);
		if (read(file, &byte, 1) < 0)
			close(file);
		maps_touch(&worker->random);
		_exit(0);
	}
	if (random_once_in(&worker->random, 2))
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void call_stat(struct worker *worker)
{
	struct stat stat;

	expect("fstat", fstat(any_file(worker), &stat), 0);
}

static void call_map(struct worker *worker)
{
	maps_make(any_file(worker), &worker->random);
}

static void call_use_map(struct worker *worker)
{
	maps_touch(&worker->random);
}

static void call_change_map(struct worker *worker)
{
	maps_change(&worker->random);
}

static const struct kind {
	const char *name;
	unsigned int share;
	void (*call)(struct worker *worker);
} kinds[] = {
	{ "read", 40, call_read },
	{ "readv", 15, call_readv },
	{ "ioctl", 30, call_ioctl },
	{ "unknown ioctl", 10, call_unknown_ioctl },
	{ "poll, epoll", 8, call_poll },
	{ "open", 6, call_open },
	{ "open badly", 1, call_open_badly },
	{ "dup", 2, call_dup },
	{ "seek, write and others", 3, call_no_place },
	{ "splice, sendfile", 2, call_splice },
	{ "fcntl", 3, call_flags },
	{ "fstat", 1, call_stat },
	{ "mmap", 8, call_map },
	{ "look at a mapping", 20, call_use_map },
	{ "change a mapping", 6, call_change_map },
	{ "fork", 1, call_fork },
};

#define KINDS	(sizeof(kinds) / sizeof(*kinds))

unsigned int calls_kinds(void)
{
	return KINDS;
}

const char *calls_name(unsigned int kind)
{
	return kinds[kind].name;
}

void calls_make_one(struct worker *worker)
{
	unsigned int shares = 0, i;
	unsigned long long chosen;

	for (i = 0; i < KINDS; i++)
		shares += kinds[i].share;
	chosen = random_below(&worker->random, shares);
	for (i = 0; chosen >= kinds[i].share; i++)
		chosen -= kinds[i].share;
	kinds[i].call(worker);
	__atomic_fetch_add(&worker->made[i], 1, __ATOMIC_RELAXED);
}
