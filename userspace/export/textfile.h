/* SPDX-License-Identifier: GPL-2.0 */
/* The metrics as a file that is replaced atomically. */
#ifndef _EXPORT_TEXTFILE_H
#define _EXPORT_TEXTFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct textfile - the file
 * @path: its path
 * @folder: its folder
 * @name: its name in the folder
 * @new: its name until it is complete
 * @fd: the open folder; -1 if it is not kept open
 * @owner: owner of the folder
 * @group: group of the folder
 * @failures: how often it could not be written
 * @error: errno of the last attempt; 0 if it succeeded
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
