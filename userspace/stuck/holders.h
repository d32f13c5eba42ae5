/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who has sockets open now: every process and descriptor that /proc shows,
 * whoever made the socket. Processes in containers are among them, by their
 * numbers in the pid namespace of who asks.
 */
#ifndef _STUCK_HOLDERS_H
#define _STUCK_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

/**
 * struct holder - a descriptor of a process
 * @inode: of the socket
 * @pid: the process
 * @fd: the descriptor
 * @comm: the name of the process, padded with NUL
 */
struct holder {
	__u64 inode;
	unsigned int pid;
	int fd;
	char comm[TCPSTATES_COMM_LEN];
};

/**
 * struct holders - those of some sockets
 * @list: by inode, then process, then descriptor
 * @count: number of holders
 * @room: number of holders that fit into @list
 * @hidden: processes that the caller may not look into
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
