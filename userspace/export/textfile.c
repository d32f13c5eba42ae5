// SPDX-License-Identifier: GPL-2.0
/*
 * The metrics as a file that is replaced atomically: it is written under another name,
 * and renamed. The folder is opened again each time, as it may have been replaced; the
 * descriptor from the start is used only if dropped privileges make that fail.
 */
#include "export/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE	0644	/* readable by the collector */

static int open_folder(const char *path)
{
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Returns 0, or -1 and errno. */
static int take_apart(struct textfile *file, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int length = slash ? (int)(slash - path) : 1;

	if (!*name) {
		errno = EISDIR;
		return -1;
	}
	if (snprintf(file->folder, sizeof(file->folder), "%.*s",
		     length ? length : 1, slash ? path : ".") >=
	    (int)sizeof(file->folder) ||
	    snprintf(file->name, sizeof(file->name), "%s", name) >=
	    (int)sizeof(file->name) ||
	    snprintf(file->new, sizeof(file->new), "%s.tmp", name) >=
	    (int)sizeof(file->new)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

/**
 * textfile_open() - find the folder of a file
 * @file: filled in
 * @path: path of the file
 *
 * Return: 0, or -1 after a message.
 */
int textfile_open(struct textfile *file, const char *path)
{
	struct stat stat;

	*file = (struct textfile) { .path = path, .fd = -1 };
	if (!take_apart(file, path)) {
		file->fd = open_folder(file->folder);
		if (file->fd >= 0 && !fstat(file->fd, &stat)) {
			file->owner = stat.st_uid;
			file->group = stat.st_gid;
			return 0;
		}
	}
	fprintf(stderr, "tcpstates: --textfile: %s: %s\n",
		*file->folder ? file->folder : path, strerror(errno));
	return -1;
}

/*
 * Opens the folder, and closes the one from the start if it is not needed: it would
 * keep a file system from being unmounted. Returns a descriptor, or -1.
 */
static int take_folder(struct textfile *file)
{
	int fd = open_folder(file->folder);

	if (fd >= 0)
		textfile_close(file);
	return fd < 0 && errno == EACCES ? file->fd : fd;
}

static int write_all(int fd, const char *text, size_t length)
{
	ssize_t count;

	while (length) {
		count = write(fd, text, length);
		if (count < 0 && errno != EINTR)
			return -1;
		if (count > 0) {
			text += count;
			length -= count;
		}
	}
	return 0;
}

/* Removes an existing file of that name: never writes through a link of another user. */
static int replace_in(int folder, const struct textfile *file, const char *text,
		      size_t length)
{
	int fd, ret, error;

	unlinkat(folder, file->new, 0);
	fd = openat(folder, file->new,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd < 0)
		return -1;
	ret = write_all(fd, text, length);
	if (!ret)
		ret = fchmod(fd, MODE);
	error = errno;
	if (close(fd) && !ret) {
		ret = -1;
		error = errno;
	}
	if (!ret) {
		ret = renameat(folder, file->new, folder, file->name);
		error = errno;
	}
	if (ret)
		unlinkat(folder, file->new, 0);
	errno = error;
	return ret;
}

static int replace_file(struct textfile *file, const char *text, size_t length)
{
	int folder = take_folder(file), ret, error;

	if (folder < 0)
		return -1;
	ret = replace_in(folder, file, text, length);
	error = errno;
	if (folder != file->fd)
		close(folder);
	errno = error;
	return ret;
}

/* Reports an error once, and again when it changes. */
static void report_change(struct textfile *file, int error)
{
	if (error)
		file->failures++;
	if (error == file->error)
		return;
	if (error)
		fprintf(stderr, "tcpstates: --textfile: %s, as uid %u: %s\n",
			file->path, geteuid(), strerror(error));
	else
		fprintf(stderr, "tcpstates: --textfile: %s is written again\n",
			file->path);
	file->error = error;
}

/**
 * textfile_write() - replace the file
 * @file: the file
 * @text: its new contents; NULL if they could not be made, with errno
 * @length: length of @text
 *
 * Return: 0, or -1 and errno; the first of several failures is reported.
 */
int textfile_write(struct textfile *file, const char *text, size_t length)
{
	int error = text ? 0 : errno;

	if (text && replace_file(file, text, length))
		error = errno;
	report_change(file, error);
	errno = error;
	return error ? -1 : 0;
}

/** textfile_close() - close the folder; the file stays */
void textfile_close(struct textfile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}
