/* SPDX-License-Identifier: GPL-2.0 */
/* A cgroup of our own, so that nothing that a command starts gets away. */
#ifndef _PROCESS_CGROUP_H
#define _PROCESS_CGROUP_H

#include <limits.h>
#include <linux/types.h>
#include <stdbool.h>

#define CGROUP_KNOWN	1024

/**
 * struct cgroup - a cgroup below the one that we are in
 * @parent: folder of that
 * @path: folder of ours; empty while there is none
 * @events: its cgroup.events: POLLPRI when a last process has gone
 * @lock: says that we live, see leftover.h
 * @id: what records have as "cgroup"
 * @known: other cgroups that have been looked for, each where its number falls; an
 *	answer never changes, as cgroups do not move and their numbers do not return
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
