/* SPDX-License-Identifier: GPL-2.0 */
/* A cgroup of our own, so that nothing that a command starts gets away. */
#ifndef _CLI_GROUP_H
#define _CLI_GROUP_H

#include <limits.h>
#include <linux/types.h>
#include <stdbool.h>

/**
 * struct group - a cgroup below the one that we are in
 * @parent: folder of that
 * @path: folder of ours; empty while there is none
 * @events: its cgroup.events: POLLPRI when a last process has gone
 * @id: what records have as "cgroup"
 * @other: the last cgroup that was found not to be ours; 0 for none
 */
struct group {
	char parent[PATH_MAX];
	char path[PATH_MAX + 32];
	int events;
	__u64 id;
	__u64 other;
};

int group_make(struct group *group);
bool group_has(struct group *group, __u64 id);
int group_is_empty(const struct group *group);
bool group_remove(struct group *group);

#endif /* _CLI_GROUP_H */
