// SPDX-License-Identifier: GPL-2.0
/*
 * Waits for single records behind many that are not wanted, while signals come.
 *
 * usage: signals WAY ROUNDS
 *
 * WAY is poll, select, epoll, edge (epoll, edge triggered), uring (a poll of
 * io_uring), read, or nonblock (reading again and again what is there). Each
 * wait is tried with a signal pending first. Ends with what went wrong and 1, or
 * with 0.
 */
#define _GNU_SOURCE
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define WANTED		9999
#define WANTED_AGAIN	9998	/* of nonblock, which goes back to all there is */
#define UNWANTED	7000
#define BEFORE		400	/* more than is looked at between two signals */
#define PATIENCE_MS	20000
#define PERIOD_US	200
#define ENTRIES		4

static int device;
static sigset_t nothing;

static void on_signal(int number)
{
	(void)number;
}

static void catch(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigaction(number, &action, NULL);
}

/* All that waits below does so for so long at most. */
static void on_alarm(int number)
{
	(void)number;
	errx(1, "nobody has told of a record");
}

static bool is_told_by_poll(bool pending)
{
	struct pollfd waited = { .fd = device, .events = POLLIN };
	int ready = pending ? ppoll(&waited, 1, NULL, &nothing) :
			      poll(&waited, 1, -1);

	return ready == 1;
}

static bool is_told_by_select(bool pending)
{
	fd_set files;
	int ready;

	FD_ZERO(&files);
	FD_SET(device, &files);
	ready = pselect(device + 1, &files, NULL, NULL, NULL,
			pending ? &nothing : NULL);
	return ready == 1;
}

static int epoll = -1;

static bool is_told_by_epoll(bool pending)
{
	struct epoll_event event;

	return epoll_pwait(epoll, &event, 1, -1,
			   pending ? &nothing : NULL) == 1;
}

static void make_epoll(unsigned int flags)
{
	struct epoll_event event = { .events = EPOLLIN | flags };

	epoll = epoll_create1(0);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, device, &event))
		err(1, "epoll");
}

/**
 * struct uring - an io_uring
 * @fd: what the kernel knows it by
 * @parameters: where in @submitted and @completed what stands
 * @submitted: the ring to the kernel
 * @completed: the ring from it
 * @entries: what @submitted points to
 * @is_asked: a poll is under way
 */
static struct uring {
	int fd;
	struct io_uring_params parameters;
	char *submitted;
	char *completed;
	struct io_uring_sqe *entries;
	bool is_asked;
} uring;

static void *map_uring(size_t size, off_t offset)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, uring.fd, offset);

	if (memory == MAP_FAILED)
		err(1, "mmap of io_uring");
	return memory;
}

static void make_uring(void)
{
	const struct io_uring_params *p = &uring.parameters;

	uring.fd = syscall(SYS_io_uring_setup, ENTRIES, &uring.parameters);
	if (uring.fd < 0)
		err(77, "io_uring");
	uring.submitted = map_uring(p->sq_off.array + p->sq_entries *
				    sizeof(unsigned int), IORING_OFF_SQ_RING);
	uring.completed = map_uring(p->cq_off.cqes + p->cq_entries *
				    sizeof(struct io_uring_cqe),
				    IORING_OFF_CQ_RING);
	uring.entries = map_uring(p->sq_entries * sizeof(*uring.entries),
				  IORING_OFF_SQES);
}

static unsigned int *word(char *ring, unsigned int offset)
{
	return (unsigned int *)(ring + offset);
}

static void ask_uring(void)
{
	const struct io_sqring_offsets *at = &uring.parameters.sq_off;
	unsigned int *tail = word(uring.submitted, at->tail);
	unsigned int place = *tail & *word(uring.submitted, at->ring_mask);

	uring.entries[place] = (struct io_uring_sqe) {
		.opcode = IORING_OP_POLL_ADD,
		.fd = device,
		.poll32_events = POLLIN,
	};
	word(uring.submitted, at->array)[place] = place;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	uring.is_asked = true;
}

static bool is_told_by_uring(bool pending)
{
	const struct io_cqring_offsets *at = &uring.parameters.cq_off;
	unsigned int *head = word(uring.completed, at->head);
	unsigned int submit = !uring.is_asked;
	const struct io_uring_cqe *first;

	if (submit)
		ask_uring();
	syscall(SYS_io_uring_enter, uring.fd, submit, 1, IORING_ENTER_GETEVENTS,
		pending ? &nothing : NULL, _NSIG / 8);
	if (*head == __atomic_load_n(word(uring.completed, at->tail),
				     __ATOMIC_ACQUIRE))
		return false;
	first = (const struct io_uring_cqe *)(uring.completed + at->cqes);
	if (first[*head & *word(uring.completed, at->ring_mask)].res != POLLIN)
		errx(1, "io_uring: not POLLIN");
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	uring.is_asked = false;
	return true;
}

/* Signals that come from here on until the next call, with 0. */
static void send_signals(long period_us)
{
	struct itimerval every = {
		.it_interval.tv_usec = period_us,
		.it_value.tv_usec = period_us,
	};

	if (setitimer(ITIMER_VIRTUAL, &every, NULL) ||
	    setitimer(ITIMER_PROF, &every, NULL))
		err(1, "setitimer");
}

/* Once with a signal that is there already, then as often as it takes. */
static void wait_by(bool (*is_told)(bool pending))
{
	sigset_t usr1;
	bool told;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	raise(SIGUSR1);
	told = is_told(true);
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
	while (!told)
		told = is_told(false);
}

/* What there is, which must be @count lines in all. */
static void read_lines(unsigned int count)
{
	char text[TCPSTATES_COMM_LEN * 256];
	ssize_t got;
	char *end;

	while (count) {
		got = read(device, text, sizeof(text) - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			err(1, "read() of a record that is there");
		text[got] = '\0';
		for (end = text; (end = strchr(end, '\n')); end++)
			count--;
	}
}

static void expect_nothing(void)
{
	char text[4096];
	ssize_t got;

	do
		got = read(device, text, sizeof(text));
	while (got < 0 && errno == EINTR);
	if (got >= 0 || errno != EAGAIN)
		err(1, "a read() that should find nothing: %zd", got);
}

static void wait_rounds(unsigned int rounds, bool (*is_told)(bool pending))
{
	int listener;

	while (rounds--) {
		make_records(BEFORE, UNWANTED);
		listener = make_listener(WANTED);
		alarm(PATIENCE_MS / 1000);
		send_signals(PERIOD_US);
		if (is_told)
			wait_by(is_told);
		read_lines(1);
		send_signals(0);
		make_records(BEFORE, UNWANTED);
		close(listener);
		send_signals(PERIOD_US);
		if (is_told)
			wait_by(is_told);
		read_lines(1);
		if (is_told)
			expect_nothing();
		send_signals(0);
		alarm(0);
	}
}

/* The record is there all the time: EAGAIN would be a lie. */
static void read_again(unsigned int rounds)
{
	struct itimerval every = {
		.it_interval.tv_usec = PERIOD_US,
		.it_value.tv_usec = PERIOD_US,
	}, never = { };
	int listener = make_listener(WANTED_AGAIN);

	make_records(10 * BEFORE, UNWANTED);
	close(listener);
	catch(SIGALRM, on_signal);
	if (setitimer(ITIMER_REAL, &every, NULL))
		err(1, "setitimer");
	while (rounds--) {
		while (ioctl(device, TCPSTATES_IOC_REWIND))
			if (errno != EINTR)
				err(1, "rewind");
		read_lines(2);
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

static void open_device(int flags, unsigned int port)
{
	struct tcpstates_filter filter = {
		.lport_min = port,
		.lport_max = port,
	};

	device = open(TCPSTATES_DEVICE, O_RDONLY | flags);
	if (device < 0 || ioctl(device, TCPSTATES_IOC_SET_FILTER, &filter))
		err(1, "%s", TCPSTATES_DEVICE);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc == 3 ? atoi(argv[2]) : 0;
	const char *way = argc == 3 ? argv[1] : "";

	sigemptyset(&nothing);
	catch(SIGUSR1, on_signal);
	catch(SIGVTALRM, on_signal);
	catch(SIGPROF, on_signal);
	catch(SIGALRM, on_alarm);
	open_device(strcmp(way, "read") ? O_NONBLOCK : 0,
		    strcmp(way, "nonblock") ? WANTED : WANTED_AGAIN);
	if (!strcmp(way, "poll")) {
		wait_rounds(rounds, is_told_by_poll);
	} else if (!strcmp(way, "select")) {
		wait_rounds(rounds, is_told_by_select);
	} else if (!strcmp(way, "epoll") || !strcmp(way, "edge")) {
		make_epoll(*way == 'e' && way[1] == 'd' ? EPOLLET : 0);
		wait_rounds(rounds, is_told_by_epoll);
	} else if (!strcmp(way, "uring")) {
		make_uring();
		wait_rounds(rounds, is_told_by_uring);
	} else if (!strcmp(way, "read")) {
		wait_rounds(rounds, NULL);
	} else if (!strcmp(way, "nonblock")) {
		read_again(rounds);
	} else {
		errx(2, "usage: signals WAY ROUNDS");
	}
	return 0;
}
