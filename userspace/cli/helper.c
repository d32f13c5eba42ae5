// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that are programs of their own, as they need libraries that no other
 * command does. Each is beside this one where both were built, and in the folder of
 * the Makefile's LIBEXECDIR where they are installed.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "base/stop.h"
#include "cli/commands.h"

#ifndef LIBEXECDIR
#define LIBEXECDIR	"/usr/local/libexec"
#endif

/* Where a program would be that is beside this one. */
static void beside(char path[PATH_MAX], const char *name)
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash && slash + strlen(name) + 2 < path + PATH_MAX)
		strcpy(slash + 1, name);
}

/* Becomes the program. Only returns if that fails, with a status. */
static int become(const char *name, char *argv[])
{
	char path[PATH_MAX];

	beside(path, name);
	/* A wish that has come would be forgotten; another one ends it from here on. */
	stop_restore();
	if (stop_requested())
		return STATUS_OK;
	execv(path, argv);
	if (errno == ENOENT) {
		snprintf(path, sizeof(path), "%s/%s", LIBEXECDIR, name);
		execv(path, argv);
	}
	fprintf(stderr, "tcpstates: %s does not start: %s\n", name,
		errno == ENOENT ? "it is not installed" : strerror(errno));
	return STATUS_FAILED;
}

int export_run(struct output *out, int argc, char *argv[])
{
	(void)out;
	(void)argc;
	return become("tcpstates-export", argv);
}

int top_run(struct output *out, int argc, char *argv[])
{
	(void)out;
	(void)argc;
	return become("tcpstates-top", argv);
}
