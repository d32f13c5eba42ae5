// SPDX-License-Identifier: GPL-2.0
/*
 * Cgroups that killed runs have left behind. A run that gets SIGKILL leaves its
 * cgroup; the next run in the same place removes it. The cgroup of a live run is never
 * touched: its name has the number of its process and when that started, as numbers
 * are reused; and it is locked while the process lives, as /proc does not show
 * processes of other PID namespaces.
 */
#include "process/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/stop.h"

#define PREFIX		"tcpstates-run-"
#define DEPTH		16	/* descriptors for a walk */
#define START		22	/* number of the value in /proc/PID/stat */

/* The start time of a process in ticks since boot; 0 if there is no process. */
static unsigned long long start_of(int pid)
{
	char path[32], text[1024];
	const char *rest;
	int skipped = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	/* The name, the second field, may contain blanks and parentheses. */
	for (rest = strrchr(text, ')'); rest && skipped < START - 2; skipped++)
		rest = strchr(rest + 1, ' ');
	return rest ? strtoull(rest, NULL, 10) : 0;
}

/** leftover_name() - the name for the cgroup of this process */
void leftover_name(char name[LEFTOVER_NAME_SIZE])
{
	snprintf(name, LEFTOVER_NAME_SIZE, PREFIX "%d-%llu", getpid(),
		 start_of(getpid()));
}

/* Whether a name is that of a run's cgroup whose process has ended. */
static bool is_orphaned(const char *name)
{
	unsigned long long start, now;
	int pid, count, length = 0;

	count = sscanf(name, PREFIX "%d%n-%llu%n", &pid, &length, &start,
		       &length);
	if (count < 1 || pid <= 0 || name[length])
		return false;
	now = start_of(pid);
	return count == 2 ? now != start : !now;
}

/**
 * leftover_lock() - protect a cgroup from removal as long as this process lives
 * @path: folder of the cgroup
 * @fd: set to the descriptor that holds the lock
 *
 * If another process holds the lock, only the name protects the cgroup: waiting could
 * take for ever.
 *
 * Return: whether the cgroup is still there.
 */
bool leftover_lock(const char *path, int *fd)
{
	struct stat open_one, named_one;

	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return false;
	flock(*fd, LOCK_SH | LOCK_NB);
	/* It may have been removed before it was locked. */
	if (!fstat(*fd, &open_one) && !stat(path, &named_one) &&
	    open_one.st_ino == named_one.st_ino)
		return true;
	close(*fd);
	*fd = -1;
	errno = ENOENT;
	return false;
}

/* Moves the processes of one cgroup to another one. */
static void move_processes(const char *from, const char *to)
{
	char path[PATH_MAX + 16], pid[32];
	int target;
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", to);
	target = open(path, O_WRONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/cgroup.procs", from);
	file = target < 0 ? NULL : fopen(path, "re");
	while (file && fgets(pid, sizeof(pid), file))
		if (write(target, pid, strlen(pid)) < 0)
			continue;	/* it has ended */
	if (file)
		fclose(file);
	if (target >= 0)
		close(target);
}

/* Argument of remove_folder(), as nftw() passes none; there is one thread only. */
static const char *move_to;

static int remove_folder(const char *path, const struct stat *stat, int type,
			 struct FTW *ftw)
{
	(void)stat;
	(void)ftw;
	if (type != FTW_DP)
		return 0;
	if (move_to)
		move_processes(path, move_to);
	/* Processes that have appeared meanwhile are moved by the next walk. */
	return rmdir(path) && errno != ENOENT ? errno : 0;
}

/**
 * leftover_remove_tree() - remove a cgroup and those below it, the deepest first
 * @path: its folder
 * @to: folder of the cgroup to move processes to; NULL if there are none
 *
 * Return: 0, or -1 and errno.
 */
int leftover_remove_tree(const char *path, const char *to)
{
	int error;

	move_to = to;
	error = nftw(path, remove_folder, DEPTH, FTW_DEPTH | FTW_PHYS);
	if (error > 0)
		errno = error;
	/* Another process may remove it at the same time. */
	return error && errno != ENOENT ? -1 : 0;
}

/* Whether a cgroup or one below it has processes; true if unknown. */
static bool is_populated(const char *path)
{
	char name[PATH_MAX + 16], text[256];
	bool populated = true;
	FILE *file;

	snprintf(name, sizeof(name), "%s/cgroup.events", path);
	file = fopen(name, "re");
	if (!file)
		return true;
	while (fgets(text, sizeof(text), file))
		if (!strncmp(text, "populated 0", strlen("populated 0")))
			populated = false;
	fclose(file);
	return populated;
}

/* Removes a cgroup, unless it is in use. */
static bool remove_one(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool removed;

	if (fd < 0)
		return errno == ENOENT;
	removed = !flock(fd, LOCK_EX | LOCK_NB) && !is_populated(path) &&
		  !leftover_remove_tree(path, NULL);
	close(fd);
	return removed;
}

/* Paths that were found; removed after the walk. */
static char **paths;
static size_t path_count;
static size_t path_room;
static bool walk_deep;

static int note_path(const char *path, const struct stat *stat, int type,
		     struct FTW *ftw)
{
	char **more;

	(void)stat;
	if (stop_requested())
		return FTW_STOP;
	if (type != FTW_D)
		return FTW_CONTINUE;
	if (ftw->level && is_orphaned(path + ftw->base)) {
		more = array_reserve(paths, &path_room, path_count + 1,
				     sizeof(*paths));
		if (!more)
			return FTW_STOP;
		paths = more;
		paths[path_count] = strdup(path);
		if (!paths[path_count])
			return FTW_STOP;
		path_count++;
		return FTW_SKIP_SUBTREE;
	}
	return !walk_deep && ftw->level ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
}

/**
 * leftover_sweep() - remove the empty cgroups of killed runs
 * @folder: folder of the cgroup in which they ran
 * @deep: search below it, too
 * @found: counts are added to it
 */
void leftover_sweep(const char *folder, bool deep, struct leftovers *found)
{
	size_t i;

	walk_deep = deep;
	nftw(folder, note_path, DEPTH, FTW_PHYS | FTW_ACTIONRETVAL);
	for (i = 0; i < path_count; i++) {
		if (remove_one(paths[i]))
			found->removed++;
		else
			found->stay++;
		free(paths[i]);
	}
	free(paths);
	paths = NULL;
	path_count = 0;
	path_room = 0;
}
