// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that are programs of their own because they need libraries that no other
 * command needs. A program is beside this one in the build folder, and in the
 * Makefile's LIBEXECDIR when installed.
 */
#include "process/exec_external.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "base/stop.h"

#ifndef LIBEXECDIR
#define LIBEXECDIR	"/usr/local/libexec"
#endif

/* The path of a program in the folder of this one. */
static void sibling_path(char path[PATH_MAX], const char *name)
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash && slash + strlen(name) + 2 < path + PATH_MAX)
		strcpy(slash + 1, name);
}

/**
 * exec_external() - become another program
 * @name: file name of the program
 * @argv: its arguments
 *
 * Return: a status, after a message, if that fails; else it does not return.
 */
int exec_external(const char *name, char *argv[])
{
	char path[PATH_MAX];

	sibling_path(path, name);
	/* exec would lose a request that is noted; a later one ends the program. */
	stop_restore();
	if (stop_requested())
		return STATUS_OK;
	execv(path, argv);
	if (errno == ENOENT) {
		snprintf(path, sizeof(path), "%s/%s", LIBEXECDIR, name);
		execv(path, argv);
	}
	fprintf(stderr, "tcpstates: cannot start %s: %s\n", name,
		errno == ENOENT ? "it is not installed" : strerror(errno));
	return STATUS_FAILED;
}
