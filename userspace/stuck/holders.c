// SPDX-License-Identifier: GPL-2.0
/* The processes that have sockets open, by a walk through /proc. */
#include "stuck/holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/stop.h"

/* The inodes that are searched for, sorted. */
struct wanted {
	const __u64 *inodes;
	size_t count;
};

static int compare_numbers(__u64 a, __u64 b)
{
	return (a > b) - (a < b);
}

static int compare_inodes(const void *a, const void *b)
{
	return compare_numbers(*(const __u64 *)a, *(const __u64 *)b);
}

static int compare_holders(const void *a, const void *b)
{
	const struct holder *one = a, *other = b;
	int order = compare_numbers(one->inode, other->inode);

	if (!order)
		order = compare_numbers(one->pid, other->pid);
	return order ? order : one->fd - other->fd;
}

/* The number that a name in /proc stands for, or -1. */
static long parse_number(const char *name)
{
	char *end;
	long number = strtol(name, &end, 10);

	return *name < '0' || *name > '9' || *end ? -1 : number;
}

static void read_comm(int process, char comm[TCPSTATES_COMM_LEN])
{
	char text[TCPSTATES_COMM_LEN + 1];
	int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t length;

	memset(comm, 0, TCPSTATES_COMM_LEN);
	if (fd < 0)
		return;
	length = read(fd, text, sizeof(text));
	close(fd);
	/* Without the newline that the kernel adds; a name may contain one, too. */
	if (length > 0)
		memcpy(comm, text, length - 1);
}

/* Whether a descriptor is a wanted socket; sets @inode. */
static bool is_wanted_socket(const struct wanted *wanted, int folder,
			     const char *name, __u64 *inode)
{
	unsigned long long number;
	char target[64];
	ssize_t length = readlinkat(folder, name, target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = '\0';
	if (sscanf(target, "socket:[%llu]", &number) != 1)
		return false;
	*inode = number;
	return bsearch(inode, wanted->inodes, wanted->count, sizeof(*inode),
		       compare_inodes);
}

/* Returns 0, or -1 and errno. */
static int add_holder(struct holders *holders, const struct holder *holder)
{
	struct holder *list;

	list = array_reserve(holders->list, &holders->room, holders->count + 1,
			     sizeof(*list));
	if (!list)
		return -1;
	holders->list = list;
	holders->list[holders->count++] = *holder;
	return 0;
}

/* Returns 0, or -1 and errno. */
static int look_at_descriptors(struct holders *holders,
			       const struct wanted *wanted, int process,
			       DIR *folder, struct holder *holder)
{
	const struct dirent *entry;
	bool has_comm = false;

	while ((entry = readdir(folder))) {
		if (!is_wanted_socket(wanted, dirfd(folder), entry->d_name,
				      &holder->inode))
			continue;
		if (!has_comm)
			read_comm(process, holder->comm);
		has_comm = true;
		holder->fd = parse_number(entry->d_name);
		if (add_holder(holders, holder))
			return -1;
	}
	return 0;
}

/* A process may end at any time. Returns 0, or -1 and errno. */
static int look_at_process(struct holders *holders, const struct wanted *wanted,
			   int proc, const char *name)
{
	struct holder holder = { .pid = parse_number(name) };
	int process, fd, ret = 0;
	DIR *folder;

	process = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return 0;
	fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (folder) {
		ret = look_at_descriptors(holders, wanted, process, folder,
					  &holder);
		closedir(folder);
	} else if (errno == EACCES || errno == EPERM) {
		holders->hidden++;
	}
	close(process);
	return ret;
}

/**
 * holders_find() - find the holders of sockets
 * @holders: filled in; to be freed
 * @inodes: inodes of the sockets; sorted by this
 * @count: number of inodes
 *
 * Return: 0, or -1 and errno if /proc cannot be read or there is no memory.
 */
int holders_find(struct holders *holders, __u64 *inodes, size_t count)
{
	const struct wanted wanted = { .inodes = inodes, .count = count };
	const struct dirent *entry;
	DIR *proc;
	int ret = 0;

	*holders = (struct holders) { 0 };
	if (!count)
		return 0;
	qsort(inodes, count, sizeof(*inodes), compare_inodes);
	proc = opendir("/proc");
	if (!proc)
		return -1;
	while (!ret && !stop_requested() && (entry = readdir(proc)))
		if (parse_number(entry->d_name) > 0)
			ret = look_at_process(holders, &wanted, dirfd(proc),
					      entry->d_name);
	closedir(proc);
	if (!ret && stop_requested()) {
		errno = EINTR;
		ret = -1;
	}
	if (holders->count)
		qsort(holders->list, holders->count, sizeof(*holders->list),
		      compare_holders);
	return ret;
}

/**
 * holders_of() - the holders of one socket
 * @holders: the holders that were found
 * @inode: inode of the socket; 0 is none
 * @count: set to their number
 *
 * Return: the first one; NULL if @inode is 0.
 */
const struct holder *holders_of(const struct holders *holders, __u64 inode,
				size_t *count)
{
	size_t low = 0, high = holders->count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (holders->list[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < holders->count; ++*count)
		if (holders->list[low + *count].inode != inode)
			break;
	return inode ? holders->list + low : NULL;
}

/** holders_free() - free what was found */
void holders_free(struct holders *holders)
{
	free(holders->list);
	*holders = (struct holders) { 0 };
}
