/* SPDX-License-Identifier: GPL-2.0 */
/* The command that is traced: a process that begins in a cgroup. */
#ifndef _PROCESS_CHILD_H
#define _PROCESS_CHILD_H

#include <sys/types.h>

/* As env(1), nohup(1) and timeout(1) end: the last two if there is no such command. */
enum {
	CHILD_FAILED = 125,
	CHILD_NOT_EXECUTABLE = 126,
	CHILD_NOT_FOUND = 127,
	CHILD_SIGNAL = 128,
};

/**
 * struct child - it
 * @pid: process
 * @fd: pidfd: readable when it has ended
 */
struct child {
	pid_t pid;
	int fd;
};

struct passwd;

int child_find_user(const char *name, const struct passwd **user);
int child_start(struct child *child, const char *group,
		const struct passwd *user, char *argv[]);
int child_status(struct child *child);

#endif /* _PROCESS_CHILD_H */
