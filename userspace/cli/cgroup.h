/* SPDX-License-Identifier: GPL-2.0 */
/* A cgroup of our own, so that nothing that a command starts gets away. */
#ifndef _CLI_CGROUP_H
#define _CLI_CGROUP_H

#include <limits.h>
#include <linux/types.h>
#include <stdbool.h>

/**
 * struct cgroup - a cgroup below the one that we are in
 * @parent: folder of that
 * @path: folder of ours; empty while there is none
 * @events: its cgroup.events: POLLPRI when a last process has gone
 * @id: what records have as "cgroup"
 * @other: the last cgroup that was found not to be ours; 0 for none
 */
struct cgroup {
	char parent[PATH_MAX];
	char path[PATH_MAX + 32];
	int events;
	__u64 id;
	__u64 other;
};

int cgroup_find_mount(char path[PATH_MAX]);
int cgroup_make(struct cgroup *group);
bool cgroup_has(struct cgroup *group, __u64 id);
int cgroup_is_empty(const struct cgroup *group);
bool cgroup_remove(struct cgroup *group);

#endif /* _CLI_CGROUP_H */
