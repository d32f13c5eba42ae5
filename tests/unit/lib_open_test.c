// SPDX-License-Identifier: GPL-2.0
/* The library: what tcpstates_open() agrees to, and what it says if it does not. */
#define _GNU_SOURCE
#include "lib_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The last open must have failed, said why, and left nothing open. */
static void expect_refusal(const char *name, int error, const char *word)
{
	print_message("# %s\n", name);
	errno = 0;
	assert_null(tcpstates_open(NULL, 0));
	assert_int_equal(errno, error);
	assert_non_null(strstr(tcpstates_open_error(), word));
	assert_non_null(strstr(tcpstates_open_error(), TCPSTATES_DEVICE));
	if (device.fd >= 0)
		assert_int_equal(fcntl(device.fd, F_GETFD), -1);
}

static void test_open_errors(void **state)
{
	static const struct {
		const char *name;
		int error;
		const char *word;
	} cases[] = {
		{ "no file", ENOENT, "modprobe tcpstates" },
		{ "no driver", ENXIO, "modprobe tcpstates" },
		{ "no device", ENODEV, "modprobe tcpstates" },
		{ "no permission", EACCES, "group tcpstates" },
		{ "no files left", EMFILE, "open files" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		device.open_error = cases[i].error;
		expect_refusal(cases[i].name, cases[i].error, cases[i].word);
	}
}

static void test_handshake_errors(void **state)
{
	static const struct {
		const char *name;
		u32 abi_version, record_size;
		int info_error, format_error, error;
		const char *word;
	} cases[] = {
		{ "older", 0, SIZE, 0, 0, EPROTO, "too old" },
		{ "newer", 2, SIZE, 0, 0, EPROTO, "too new" },
		{ "short records", 1, SIZE - 8, 0, 0, EPROTO, "too old" },
		{ "odd records", 1, SIZE + 4, 0, 0, EPROTO, "196 bytes" },
		{ "huge records", 1, 65536, 0, 0, EPROTO, "65536 bytes" },
		{ "file", 1, SIZE, ENOTTY, 0, ENOTTY, "not a device" },
		{ "other device", 1, SIZE, EINVAL, 0, ENOTTY, "not a device" },
		{ "no binary", 1, SIZE, 0, EBUSY, EBUSY, "busy" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		device.info.abi_version = cases[i].abi_version;
		device.info.record_size = cases[i].record_size;
		device.info_error = cases[i].info_error;
		device.format_error = cases[i].format_error;
		expect_refusal(cases[i].name, cases[i].error, cases[i].word);
		close(device.writer);
		device.writer = -1;
	}
}

static void test_open_flags(void **state)
{
	(void)state;
	assert_null(tcpstates_open(NULL, 4));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(device.fd, -1);
}

static void test_close_of_nothing(void **state)
{
	(void)state;
	errno = ENOTTY;
	tcpstates_close(NULL);
	assert_int_equal(errno, ENOTTY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open_errors),
		TEST(test_handshake_errors),
		TEST(test_open_flags),
		TEST(test_close_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
