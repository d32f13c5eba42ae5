/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the library share: the library itself, and a device whose
 * stream is a pipe.
 */
#ifndef _LIB_FIXTURE_H
#define _LIB_FIXTURE_H

#include "unit.h"

#include "../../userspace/lib/libtcpstates.h"

#define SIZE	sizeof(struct tcpstates_record)

/**
 * struct lib_device - the device
 * @open_error: errno of open(), or 0 to succeed
 * @info_error: errno of TCPSTATES_IOC_GET_INFO
 * @format_error: errno of TCPSTATES_IOC_SET_FORMAT
 * @ioctl_error: errno of the other ioctls
 * @info: result of TCPSTATES_IOC_GET_INFO
 * @format: the last argument of TCPSTATES_IOC_SET_FORMAT
 * @rewinds: calls of TCPSTATES_IOC_REWIND
 * @snapshots: calls of TCPSTATES_IOC_SNAPSHOT
 * @fd: the library's end of the pipe
 * @writer: the test's end of the pipe
 */
struct lib_device {
	int open_error;
	int info_error;
	int format_error;
	int ioctl_error;
	struct tcpstates_info info;
	u32 format;
	unsigned int rewinds;
	unsigned int snapshots;
	int fd;
	int writer;
};

extern struct lib_device device;

int lib_setup(void **state);
int lib_teardown(void **state);

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, lib_setup, lib_teardown)

struct tcpstates *open_stream(unsigned int flags);
void give_bytes(const void *bytes, size_t length);
struct tcpstates_record make_record(u64 seq, u8 new);
void give_record(u64 seq, u8 new);
void expect_seq(struct tcpstates *stream, u64 seq);
void expect_nothing(struct tcpstates *stream);
void expect_error(struct tcpstates *stream, int error);

#endif /* _LIB_FIXTURE_H */
