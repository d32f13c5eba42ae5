/* SPDX-License-Identifier: GPL-2.0 */
/* The metrics as a file, which is always a whole one. */
#ifndef _EXPORT_TEXTFILE_H
#define _EXPORT_TEXTFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct textfile - such a file
 * @path: its path
 * @folder: of it, which exists
 * @name: its name in that
 * @new: and how it is called until it is whole
 * @fd: the folder, open; -1 when there is no need
 * @owner: of the folder
 * @group: likewise
 * @failures: how often it could not be written
 * @error: why not the last time; 0 if it was
 */
struct textfile {
	const char *path;
	char folder[PATH_MAX];
	char name[NAME_MAX + 1];
	char new[NAME_MAX + 1];
	int fd;
	uid_t owner;
	gid_t group;
	unsigned long long failures;
	int error;
};

int textfile_open(struct textfile *file, const char *path);
int textfile_write(struct textfile *file, const char *text, size_t length);
void textfile_close(struct textfile *file);

#endif /* _EXPORT_TEXTFILE_H */
