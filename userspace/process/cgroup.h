/* SPDX-License-Identifier: GPL-2.0 */
/* A new cgroup, which contains all that a command starts. */
#ifndef _PROCESS_CGROUP_H
#define _PROCESS_CGROUP_H

#include <limits.h>
#include <linux/types.h>
#include <stdbool.h>

#define CGROUP_KNOWN	1024

/**
 * struct cgroup - a cgroup below that of this process
 * @parent: folder of this process's cgroup
 * @path: folder of the new one; empty while there is none
 * @events: its cgroup.events: POLLPRI when it becomes empty
 * @lock: lock that marks it as in use, see leftover.h
 * @id: what records have as "cgroup"
 * @known: cache of other cgroups, by id: whether they are below @path. Answers stay
 *	valid: cgroups do not move, and ids are not reused
 */
struct cgroup {
	char parent[PATH_MAX];
	char path[PATH_MAX];
	int events;
	int lock;
	__u64 id;
	struct {
		__u64 id;
		bool ours;
	} known[CGROUP_KNOWN];
};

int cgroup_find_mount(char path[PATH_MAX]);
int cgroup_make(struct cgroup *cgroup);
bool cgroup_has(struct cgroup *cgroup, __u64 id);
int cgroup_is_empty(const struct cgroup *cgroup);
bool cgroup_remove(struct cgroup *cgroup);

#endif /* _PROCESS_CGROUP_H */
