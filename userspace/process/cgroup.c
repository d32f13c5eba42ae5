// SPDX-License-Identifier: GPL-2.0
/*
 * A new cgroup. The kernel reports when its last process has gone. See
 * Documentation/admin-guide/cgroup-v2.rst.
 */
#include "process/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stop.h"
#include "process/leftover.h"
#include "text/cell.h"

#define LINE_SIZE	(2 * PATH_MAX)

#define REMOVE_TRIES	10
#define REMOVE_PAUSE_MS	10

/** cgroup_find_mount() - find where cgroup v2 is mounted; returns 0, or -1 if nowhere */
int cgroup_find_mount(char path[PATH_MAX])
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, format[32], type[32];
	size_t size = 0;
	int ret = -1;

	if (!file)
		return -1;
	snprintf(format, sizeof(format), "%%*s %%*s %%*s %%*s %%%ds",
		 PATH_MAX - 1);
	while (ret && getline(&line, &size, file) > 0) {
		const char *dash = strstr(line, " - ");

		/* Any number of optional fields precedes the dash. */
		if (dash && sscanf(dash, " - %31s", type) == 1 &&
		    !strcmp(type, "cgroup2") && sscanf(line, format, path) == 1)
			ret = 0;
	}
	free(line);
	fclose(file);
	return ret;
}

/* Finds the folder of this process's cgroup. Returns 0, or -1 after a message. */
static int find_parent(struct cgroup *cgroup)
{
	char mount[PATH_MAX], line[LINE_SIZE] = "";
	const char *below = NULL;
	FILE *file;

	if (cgroup_find_mount(mount)) {
		fputs("tcpstates: run: cgroup v2, by which the connections of a\n"
		      "command are recognized, is not mounted; see cgroups(7)\n", stderr);
		return -1;
	}
	file = fopen("/proc/self/cgroup", "re");
	while (file && !below && fgets(line, sizeof(line), file))
		if (!strncmp(line, "0::/", 4))
			below = line + 3;
	if (file)
		fclose(file);
	line[strcspn(line, "\n")] = '\0';
	if (!below || snprintf(cgroup->parent, PATH_MAX, "%s%s", mount,
			       strcmp(below, "/") ? below : "") >= PATH_MAX) {
		fputs("tcpstates: run: cannot find the cgroup of this process\n",
		      stderr);
		return -1;
	}
	return 0;
}

static int report_errno(const struct cgroup *cgroup)
{
	char path[sizeof(cgroup->path)];
	int error = errno;

	/* Other users may have named the folders above it. */
	strcpy(path, cgroup->path);
	cell_tame(path);
	fprintf(stderr, "tcpstates: run: cgroup %s: %s", path,
		strerror(error));
	if (error == EACCES || error == EPERM || error == EROFS)
		fputs("; run it as root\n"
		      "(--user runs the command as another user), or in a cgroup delegated to you:\n"
		      "systemd-run --user --scope -p Delegate=yes tcpstates run ...", stderr);
	fputc('\n', stderr);
	return -1;
}

/* Creates and locks the folder, again if another run removed it in between. */
static int make_folder(struct cgroup *cgroup)
{
	int error;

	do {
		if (mkdir(cgroup->path, 0755))
			return -1;
		if (leftover_lock(cgroup->path, &cgroup->lock))
			return 0;
	} while (errno == ENOENT);
	error = errno;
	rmdir(cgroup->path);
	errno = error;
	return -1;
}

/**
 * cgroup_make() - create a cgroup below that of this process
 * @cgroup: filled in
 *
 * Return: 0, or -1 after a message.
 */
int cgroup_make(struct cgroup *cgroup)
{
	char file[sizeof(cgroup->path) + 16], name[LEFTOVER_NAME_SIZE];
	struct leftovers leftovers = { 0 };
	struct stat folder;
	int ret = -1;

	*cgroup = (struct cgroup) { .events = -1, .lock = -1 };
	if (find_parent(cgroup))
		return -1;
	leftover_sweep(cgroup->parent, false, &leftovers);
	leftover_name(name);
	if (snprintf(cgroup->path, sizeof(cgroup->path), "%s/%s",
		     cgroup->parent, name) >= (int)sizeof(cgroup->path))
		errno = ENAMETOOLONG;
	else
		ret = make_folder(cgroup);
	if (ret) {
		report_errno(cgroup);
		*cgroup->path = '\0';
		return -1;
	}
	snprintf(file, sizeof(file), "%s/cgroup.events", cgroup->path);
	cgroup->events = open(file, O_RDONLY | O_CLOEXEC);
	if (cgroup->events < 0 || stat(cgroup->path, &folder)) {
		report_errno(cgroup);
		cgroup_remove(cgroup);
		return -1;
	}
	/* The id of a cgroup is the inode of its folder: cgroup_id(). */
	cgroup->id = folder.st_ino;
	return 0;
}

/* The inode that nftw() looks for; there is one thread only. */
static __u64 wanted;

static int is_wanted_folder(const char *path, const struct stat *stat, int type,
			    struct FTW *ftw)
{
	(void)path;
	(void)ftw;
	return type == FTW_D && stat->st_ino == wanted;
}

/**
 * cgroup_has() - whether a cgroup is this one, or below it
 * @cgroup: this one
 * @id: id of the other cgroup, as in a record
 *
 * A cgroup that has been removed already is not found.
 */
bool cgroup_has(struct cgroup *cgroup, __u64 id)
{
	size_t place = id % CGROUP_KNOWN;

	if (id == cgroup->id)
		return true;
	if (cgroup->known[place].id == id)
		return cgroup->known[place].ours;
	wanted = id;
	cgroup->known[place].id = id;
	cgroup->known[place].ours = nftw(cgroup->path, is_wanted_folder, 8,
					 FTW_PHYS) == 1;
	return cgroup->known[place].ours;
}

/**
 * cgroup_is_empty() - whether no process is left in a cgroup and below it
 * @cgroup: the cgroup
 *
 * Return: 1, 0, or -1 and errno.
 */
int cgroup_is_empty(const struct cgroup *cgroup)
{
	char text[256];
	ssize_t length = pread(cgroup->events, text, sizeof(text) - 1, 0);

	if (length < 0)
		return -1;
	text[length] = '\0';
	return strstr(text, "populated 0") ? 1 : 0;
}

/**
 * cgroup_remove() - remove a cgroup and those below it
 * @cgroup: the cgroup; may be none
 *
 * Processes that still run move to the parent.
 *
 * Return: whether there are such processes.
 */
bool cgroup_remove(struct cgroup *cgroup)
{
	int tries = REMOVE_TRIES;
	bool left = false;

	if (cgroup->events >= 0) {
		left = cgroup_is_empty(cgroup) == 0;
		close(cgroup->events);
		cgroup->events = -1;
	}
	/* May be the last free descriptor; without the lock, the name protects it. */
	if (cgroup->lock >= 0)
		close(cgroup->lock);
	cgroup->lock = -1;
	/* The processes may create more while they are moved. */
	while (*cgroup->path &&
	       leftover_remove_tree(cgroup->path, cgroup->parent)) {
		if (--tries) {
			stop_poll_for(NULL, 0, REMOVE_PAUSE_MS);
			continue;
		}
		report_errno(cgroup);
		fputs("tcpstates: run: it remains; 'tcpstates doctor' removes it once empty\n",
		      stderr);
		break;
	}
	*cgroup->path = '\0';
	return left;
}
