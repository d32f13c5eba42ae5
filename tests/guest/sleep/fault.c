// SPDX-License-Identifier: GPL-2.0
/*
 * A thread reads into a page that is not there, and that nobody brings. Others
 * who share its open file go on: poll() and ioctl() answer, read() gives. When
 * the page has come, the thread gets what comes next then: each record is given
 * once, whole, and to everybody in order.
 *
 * usage: fault text|binary INSIDE
 *
 * INSIDE bytes of the thread's buffer are there, before the page. Ends with what
 * went wrong and 1, by SIGALRM if somebody waits, or with 0.
 */
#define _GNU_SOURCE
#include "common.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>

#define PATIENCE	20
#define PORT		7001
#define COUNT		40	/* records */
#define PAGE		4096
#define BUFFER		65536

static int device;
static bool is_binary;
static char *page;	/* that is not there, behind one that is */
static size_t inside;
static ssize_t given;	/* to the thread */

static int open_device(void)
{
	struct tcpstates_format format = {
		.format = is_binary ? TCPSTATES_FORMAT_BINARY :
				      TCPSTATES_FORMAT_TEXT,
	};
	int fd = open(TCPSTATES_DEVICE, O_RDONLY | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, TCPSTATES_IOC_SET_FORMAT, &format))
		err(1, "%s", TCPSTATES_DEVICE);
	return fd;
}

static int take_page_away(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register away = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	/* Without O_NONBLOCK poll() says POLLERR at once. */
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		err(77, "userfaultfd");
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		err(1, "mmap");
	memset(page, 1, PAGE);
	page += PAGE;
	away.range.start = (unsigned long)page;
	away.range.len = PAGE;
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &away))
		err(1, "userfaultfd");
	return fd;
}

static void bring_page(int fd)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (unsigned long)page, .len = PAGE },
	};

	if (ioctl(fd, UFFDIO_ZEROPAGE, &zero))
		err(1, "UFFDIO_ZEROPAGE");
}

static void *read_into_page(void *unused)
{
	(void)unused;
	given = read(device, page - inside, inside + PAGE);
	return NULL;
}

/* Nothing of it may wait. */
static void ask_all(void)
{
	struct pollfd waited = { .fd = device, .events = POLLIN };
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct tcpstates_filter filter = { };
	struct timeval no_time = { };
	struct tcpstates_stats stats;
	int epoll = epoll_create1(0);
	fd_set files;

	FD_ZERO(&files);
	FD_SET(device, &files);
	if (poll(&waited, 1, 0) != 1)
		errx(1, "poll() sees nothing");
	if (select(device + 1, &files, NULL, NULL, &no_time) != 1)
		errx(1, "select() sees nothing");
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, device, &event) ||
	    epoll_wait(epoll, &event, 1, 0) != 1)
		errx(1, "epoll sees nothing");
	close(epoll);
	if (ioctl(device, TCPSTATES_IOC_GET_STATS, &stats) ||
	    ioctl(device, TCPSTATES_IOC_SET_FILTER, &filter))
		err(1, "ioctl");
}

static size_t read_some(int fd, char *to, size_t size)
{
	ssize_t got = read(fd, to, size);

	return got < 0 ? 0 : got;
}

/* The item that begins there; its length. */
static size_t length(const char *item)
{
	if (is_binary)
		return sizeof(struct tcpstates_record);
	return strchr(item, '\n') + 1 - item;
}

/*
 * Cross out of @all what somebody got, whole items in the order of @all. Returns
 * how many.
 */
static unsigned int cross_out(char *all, const char *got, size_t size)
{
	size_t at = 0, each;
	unsigned int count;

	for (count = 0; size; count++) {
		each = length(got);
		if (each > size)
			errx(1, "a torn item");
		while (all[at] && memcmp(all + at, got, each))
			at += length(all + at);
		if (!all[at])
			errx(1, "an item out of order, or twice, or a false one");
		all[at + (is_binary ? 1 : 0)] ^= 0x80;
		at += each;
		got += each;
		size -= each;
	}
	return count;
}

int main(int argc, char **argv)
{
	static char all[BUFFER], mine[BUFFER];
	size_t size, first;
	unsigned int count;
	struct pollfd waited = { .events = POLLIN };
	int whole, missing;
	pthread_t thread;

	if (argc != 3)
		errx(2, "usage: fault text|binary INSIDE");
	is_binary = !strcmp(argv[1], "binary");
	inside = atoi(argv[2]);
	alarm(PATIENCE);
	missing = take_page_away();
	device = open_device();
	whole = open_device();
	make_records(COUNT / 2, PORT);
	if (pthread_create(&thread, NULL, read_into_page, NULL))
		errx(1, "thread");
	waited.fd = missing;
	if (poll(&waited, 1, -1) != 1 || waited.revents != POLLIN)
		err(1, "poll of userfaultfd");
	ask_all();
	first = read_some(device, mine, 2000);
	if (!first)
		errx(1, "read() gives nothing");
	bring_page(missing);
	pthread_join(thread, NULL);
	if (given <= 0)
		errx(1, "the thread's read() has given %zd", given);
	for (size = first; first; size += first)
		first = read_some(device, mine + size, BUFFER - size);
	first = read_some(whole, all, BUFFER - 1);
	count = cross_out(all, mine, size);
	count += cross_out(all, page - inside, given);
	if (count != COUNT)
		errx(1, "%u of %u items", count, COUNT);
	return 0;
}
