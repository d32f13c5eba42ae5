/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes and descriptors that have sockets open now, as /proc shows them,
 * whoever created the sockets. Processes in containers are included, with their
 * numbers in the caller's PID namespace.
 */
#ifndef _STUCK_HOLDERS_H
#define _STUCK_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

/**
 * struct holder - a descriptor of a process
 * @inode: inode of the socket
 * @pid: the process
 * @fd: the descriptor
 * @comm: name of the process, padded with NUL
 */
struct holder {
	__u64 inode;
	unsigned int pid;
	int fd;
	char comm[TCPSTATES_COMM_LEN];
};

/**
 * struct holders - the holders of some sockets
 * @list: ordered by inode, process and descriptor
 * @count: number of holders
 * @room: number of holders that fit into @list
 * @hidden: number of processes that the caller may not inspect
 */
struct holders {
	struct holder *list;
	size_t count;
	size_t room;
	size_t hidden;
};

int holders_find(struct holders *holders, __u64 *inodes, size_t count);
const struct holder *holders_of(const struct holders *holders, __u64 inode,
				size_t *count);
void holders_free(struct holders *holders);

#endif /* _STUCK_HOLDERS_H */
