// SPDX-License-Identifier: GPL-2.0
/*
 * Opening the device: the check of versions, and messages for failures. Operations
 * on an open stream are in handle.c.
 */
#include "libtcpstates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "handle.h"
#include "mapped.h"
#include "version.h"

#define RECORD_ALIGN	8
#define __printf(format, arguments) \
	__attribute__((__format__(__printf__, format, arguments)))
#define RELOAD		"modprobe -r tcpstates && modprobe tcpstates"

static __thread char open_error[512];

/* Stores a message for tcpstates_open_error(), and sets errno last. */
__printf(2, 3)
static void explain(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(open_error, sizeof(open_error), format, args);
	va_end(args);
	errno = error;
}

static void explain_errno(const char *path, int error)
{
	switch (error) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		explain(error,
			"%s: no such device: load the module with: modprobe tcpstates",
			path);
		break;
	case EACCES:
	case EPERM:
		explain(error,
			"%s: permission denied: run as root or as a member of the group tcpstates",
			path);
		break;
	case ENOMEM:
		explain(error,
			"%s: out of memory, or your open files of it have all that files_mib allows: close some, or load the module with a larger files_mib",
			path);
		break;
	case ENOTTY:
		explain(error,
			"%s: not a device of tcpstates, or of a version that version %s cannot talk to: reload the installed module with: "
			RELOAD, path, TCPS_VERSION);
		break;
	default:
		explain(error, "%s: %s", path, strerror(error));
	}
}

/* Whether this library can read the records of the module. */
static int check_versions(const char *path, const struct tcpstates_info *info)
{
	if (info->abi_version > TCPSTATES_ABI_VERSION) {
		explain(EPROTO,
			"%s: the loaded module %s is too new for version %s of this program and its library: upgrade these, or load the module that came with them",
			path, info->module_version, TCPS_VERSION);
		return -1;
	}
	if (info->abi_version < TCPSTATES_ABI_VERSION ||
	    info->record_size < sizeof(struct tcpstates_record)) {
		explain(EPROTO,
			"%s: the loaded module %s is too old for version %s of this program and its library: reload the installed module with: "
			RELOAD, path, info->module_version, TCPS_VERSION);
		return -1;
	}
	if (info->record_size > UINT16_MAX ||
	    info->record_size % RECORD_ALIGN) {
		explain(EPROTO,
			"%s: the loaded module %s speaks of records of %u bytes, which cannot be",
			path, info->module_version, info->record_size);
		return -1;
	}
	return 0;
}

static int handshake(const char *path, int fd, struct tcpstates_info *info)
{
	struct tcpstates_format format = { .format = TCPSTATES_FORMAT_BINARY };

	if (ioctl(fd, TCPSTATES_IOC_GET_INFO, info) < 0) {
		explain_errno(path, errno == EINVAL ? ENOTTY : errno);
		return -1;
	}
	info->module_version[sizeof(info->module_version) - 1] = '\0';
	if (check_versions(path, info))
		return -1;
	if (ioctl(fd, TCPSTATES_IOC_SET_FORMAT, &format) < 0) {
		explain_errno(path, errno);
		return -1;
	}
	return 0;
}

struct tcpstates *tcpstates_open(const char *path, unsigned int flags)
{
	int mode = O_RDONLY | O_CLOEXEC | O_NOCTTY;
	struct tcpstates_info info = {0};
	struct tcpstates *stream;

	if (!path)
		path = TCPSTATES_DEVICE;
	if (flags & ~(TCPSTATES_OPEN_NONBLOCK | TCPSTATES_OPEN_READ)) {
		explain(EINVAL, "%s: unknown flags %#x", path, flags);
		return NULL;
	}
	if (flags & TCPSTATES_OPEN_NONBLOCK)
		mode |= O_NONBLOCK;

	stream = malloc(sizeof(*stream));
	if (!stream) {
		explain_errno(path, errno);
		return NULL;
	}
	*stream = (struct tcpstates) { .fd = open(path, mode) };
	if (stream->fd < 0) {
		explain_errno(path, errno);
		goto err_close;
	}
	if (handshake(path, stream->fd, &info))
		goto err_close;
	if (tcps_batch_init(&stream->records, stream->fd, info.record_size)) {
		explain_errno(path, errno);
		goto err_close;
	}
	/* If that fails, read() is used. */
	if (!(flags & TCPSTATES_OPEN_READ))
		stream->records.mapped = tcps_mapped_make(stream->fd, &info);
	return stream;

err_close:
	tcpstates_close(stream); /* takes unfinished ones */
	return NULL;
}

const char *tcpstates_open_error(void)
{
	return open_error;
}
