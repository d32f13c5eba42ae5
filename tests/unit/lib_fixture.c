// SPDX-License-Identifier: GPL-2.0
/* The sources of the library, with the open() and ioctl() of a device in here. */
#define _GNU_SOURCE
#include "lib_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int device_open(const char *path, int mode);
static int device_ioctl(int fd, unsigned long command, ...);

#define open			device_open
#define ioctl			device_ioctl

#include "../../userspace/lib/batch.c"
#include "../../userspace/lib/handle.c"
#include "../../userspace/lib/mapped.c"
#include "../../userspace/lib/open.c"

#define PIPE_SIZE	(1024 * 1024)	/* for more than a batch of records */

/* No test here needs the time of a loss. */
u64 ktime_get_boottime_ns(void)
{
	return 0;
}

u64 ktime_get_real_ns(void)
{
	return 0;
}

struct lib_device device;

int lib_setup(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	device.info.abi_version = TCPSTATES_ABI_VERSION;
	device.info.record_size = SIZE;
	memset(device.info.module_version, 'v',
	       sizeof(device.info.module_version));
	device.fd = -1;
	device.writer = -1;
	return 0;
}

int lib_teardown(void **state)
{
	(void)state;
	if (device.writer >= 0)
		close(device.writer);
	return 0;
}

static int fail_with(int error)
{
	errno = error;
	return error ? -1 : 0;
}

static int device_open(const char *path, int mode)
{
	int ends[2];

	assert_string_equal(path, TCPSTATES_DEVICE);
	assert_int_equal(mode & O_ACCMODE, O_RDONLY);
	assert_true(mode & O_CLOEXEC);
	if (device.open_error)
		return fail_with(device.open_error);
	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	assert_return_code(fcntl(ends[0], F_SETFL, mode & O_NONBLOCK), errno);
	assert_return_code(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE), errno);
	device.fd = ends[0];
	device.writer = ends[1];
	return device.fd;
}

static int device_ioctl(int fd, unsigned long command, ...)
{
	va_list arguments;

	assert_int_equal(fd, device.fd);
	va_start(arguments, command);
	if (command == TCPSTATES_IOC_GET_INFO)
		*va_arg(arguments, struct tcpstates_info *) = device.info;
	if (command == TCPSTATES_IOC_SET_FORMAT)
		device.format =
			va_arg(arguments, struct tcpstates_format *)->format;
	va_end(arguments);

	switch (command) {
	case TCPSTATES_IOC_GET_INFO:
		return fail_with(device.info_error);
	case TCPSTATES_IOC_SET_FORMAT:
		return fail_with(device.format_error);
	case TCPSTATES_IOC_REWIND:
		device.rewinds++;
		return fail_with(device.ioctl_error);
	case TCPSTATES_IOC_SNAPSHOT:
		device.snapshots++;
		return fail_with(device.ioctl_error);
	default:
		return fail_with(device.ioctl_error);
	}
}

struct tcpstates *open_stream(unsigned int flags)
{
	struct tcpstates *stream = tcpstates_open(NULL, flags);

	assert_non_null(stream);
	assert_int_equal(device.format, TCPSTATES_FORMAT_BINARY);
	return stream;
}

void give_bytes(const void *bytes, size_t length)
{
	assert_int_equal(write(device.writer, bytes, length), length);
}

struct tcpstates_record make_record(u64 seq, u8 new)
{
	return (struct tcpstates_record) {
		.size = SIZE,
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.new_state = new,
		.seq = seq,
	};
}

void give_record(u64 seq, u8 new)
{
	struct tcpstates_record record = make_record(seq, new);

	give_bytes(&record, sizeof(record));
}

void expect_seq(struct tcpstates *stream, u64 seq)
{
	const struct tcpstates_record *record;

	assert_int_equal(tcpstates_next(stream, &record), 1);
	assert_int_equal(record->seq, seq);
}

void expect_nothing(struct tcpstates *stream)
{
	const struct tcpstates_record *record = NULL;

	assert_false(tcpstates_buffered(stream));
	assert_int_equal(tcpstates_next(stream, &record), 0);
	assert_null(record);
}

void expect_error(struct tcpstates *stream, int error)
{
	const struct tcpstates_record *record = NULL;

	errno = 0;
	assert_int_equal(tcpstates_next(stream, &record), -1);
	assert_int_equal(errno, error);
	assert_null(record);
}
