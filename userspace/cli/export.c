// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstates export: a program of its own, as it needs libraries that no other
 * command does. It is beside this one where both were built, and in the folder of
 * the Makefile's LIBEXECDIR where they are installed.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define NAME	"tcpstates-export"

#ifndef LIBEXECDIR
#define LIBEXECDIR	"/usr/local/libexec"
#endif

/* Where a program would be that is beside this one. */
static void beside(char path[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash && slash + sizeof(NAME) + 1 < path + PATH_MAX)
		strcpy(slash + 1, NAME);
}

int export_run(struct output *out, int argc, char *argv[])
{
	char path[PATH_MAX];

	(void)out;
	(void)argc;
	beside(path);
	execv(path, argv);
	if (errno == ENOENT)
		execv(LIBEXECDIR "/" NAME, argv);
	fprintf(stderr, "tcpstates: " NAME " does not start: %s\n",
		errno == ENOENT ? "it is not installed" : strerror(errno));
	return STATUS_FAILED;
}
