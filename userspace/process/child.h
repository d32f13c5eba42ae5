/* SPDX-License-Identifier: GPL-2.0 */
/* The traced command: a process that starts in a cgroup. */
#ifndef _PROCESS_CHILD_H
#define _PROCESS_CHILD_H

#include <sys/types.h>

/* Exit statuses, as of env(1), nohup(1) and timeout(1). */
enum {
	CHILD_FAILED = 125,
	CHILD_NOT_EXECUTABLE = 126,
	CHILD_NOT_FOUND = 127,
	CHILD_SIGNAL = 128,
};

/**
 * struct child - the process of the command
 * @pid: its number
 * @fd: pidfd, readable when the process has ended; -1 without one
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
