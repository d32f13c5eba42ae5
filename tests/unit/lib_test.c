// SPDX-License-Identifier: GPL-2.0
/* The library: the stream that it makes of bytes. */
#define _GNU_SOURCE
#include "lib_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static void test_each_record_once(void **state)
{
	struct tcpstates *stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	u64 seq;

	(void)state;
	expect_nothing(stream);
	for (seq = 0; seq < 401; seq++)
		give_record(seq, TCPSTATES_CLOSE);
	for (seq = 0; seq < 401; seq++)
		expect_seq(stream, seq);
	expect_nothing(stream);
	give_record(seq, TCPSTATES_CLOSE);
	expect_seq(stream, seq);
	expect_nothing(stream);
	tcpstates_close(stream);
}

static void test_buffered_tells_of_batches(void **state)
{
	struct tcpstates *stream = open_stream(0);

	(void)state;
	give_record(0, TCPSTATES_CLOSE);
	give_record(1, TCPSTATES_CLOSE);
	assert_false(tcpstates_buffered(stream));
	expect_seq(stream, 0);
	assert_true(tcpstates_buffered(stream));
	expect_seq(stream, 1);
	assert_false(tcpstates_buffered(stream));
	tcpstates_close(stream);
}

static void test_longer_records_of_a_newer_module(void **state)
{
	struct {
		struct tcpstates_record record;
		u64 more[3];
	} longer = { .more = { ~0ULL, ~0ULL, ~0ULL } };
	struct tcpstates *stream;
	u64 seq;

	(void)state;
	device.info.record_size = sizeof(longer);
	stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	for (seq = 0; seq < 301; seq++) {
		longer.record = make_record(seq, TCPSTATES_CLOSE);
		longer.record.size = sizeof(longer);
		give_bytes(&longer, sizeof(longer));
	}
	for (seq = 0; seq < 301; seq++)
		expect_seq(stream, seq);
	expect_nothing(stream);
	tcpstates_close(stream);
}

static const struct bad_bytes {
	const char *name;
	u16 size;
	u8 version;
	size_t length;
} bad_bytes[] = {
	{ "size 0", 0, 1, SIZE },
	{ "shorter than known", SIZE - 8, 1, SIZE },
	{ "odd size", SIZE + 4, 1, SIZE + 8 },
	{ "longer than the batch", SIZE + 8, 1, SIZE },
	{ "longest", 65528, 1, SIZE },
	{ "cut off", SIZE, 1, SIZE - 1 },
	{ "one byte", SIZE, 1, 1 },
	{ "version 0", SIZE, 0, SIZE },
	{ "next version", SIZE, TCPSTATES_ABI_VERSION + 1, SIZE },
	{ "end of file", SIZE, 1, 0 },
};

static void test_bad_bytes(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(bad_bytes); i++) {
		struct tcpstates *stream = open_stream(0);
		struct tcpstates_record bytes[2] = {
			make_record(0, TCPSTATES_CLOSE)
		};

		print_message("# %s\n", bad_bytes[i].name);
		give_record(7, TCPSTATES_CLOSE);
		bytes[0].size = bad_bytes[i].size;
		bytes[0].version = bad_bytes[i].version;
		give_bytes(bytes, bad_bytes[i].length);
		close(device.writer);
		device.writer = -1;
		expect_seq(stream, 7);
		expect_error(stream, EPROTO);
		expect_error(stream, EPROTO);
		tcpstates_close(stream);
	}
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void test_signal_ends_waiting(void **state)
{
	struct itimerval again = {
		.it_value = { .tv_usec = 10000 },
		.it_interval = { .tv_usec = 10000 },
	};
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval never = { 0 };
	struct tcpstates *stream = open_stream(0);

	(void)state;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &again, NULL);
	expect_error(stream, EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
	give_record(1, TCPSTATES_CLOSE);
	expect_seq(stream, 1);
	tcpstates_close(stream);
}

static void give_mixture(void)
{
	struct tcpstates_record lost = make_record(3, 0);

	lost.event = TCPSTATES_EVENT_LOST;
	give_record(0, TCPSTATES_CLOSE);
	give_record(1, TCPSTATES_ESTABLISHED);
	give_record(2, TCPSTATES_CLOSE);
	give_bytes(&lost, sizeof(lost));
	give_record(4, TCPSTATES_ESTABLISHED);
	give_record(5, TCPSTATES_CLOSE);
	give_record(6, TCPSTATES_ESTABLISHED);
}

static void test_filter_holds_at_once(void **state)
{
	struct tcpstates_filter filter = {
		.new_states = 1U << TCPSTATES_CLOSE
	};
	struct tcpstates *stream = open_stream(TCPSTATES_OPEN_NONBLOCK);

	(void)state;
	give_mixture();
	expect_seq(stream, 0);
	assert_int_equal(tcpstates_set_filter(stream, &filter), 0);
	expect_seq(stream, 2);
	expect_seq(stream, 3);
	expect_seq(stream, 5);
	expect_nothing(stream);

	give_mixture();
	expect_seq(stream, 0);
	device.ioctl_error = EINVAL;
	assert_int_equal(tcpstates_set_filter(stream, &filter), -1);
	assert_int_equal(errno, EINVAL);
	expect_seq(stream, 1);
	tcpstates_close(stream);
}

static void test_filter_hides_no_error(void **state)
{
	struct tcpstates_filter filter = {
		.new_states = 1U << TCPSTATES_CLOSE
	};
	struct tcpstates *stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	struct tcpstates_record cut = make_record(7, TCPSTATES_CLOSE);

	(void)state;
	give_mixture();
	give_bytes(&cut, 100);
	expect_seq(stream, 0);
	expect_seq(stream, 1);
	assert_int_equal(tcpstates_set_filter(stream, &filter), 0);
	expect_seq(stream, 2);
	expect_seq(stream, 3);
	expect_seq(stream, 5);
	assert_true(tcpstates_buffered(stream));
	expect_error(stream, EPROTO);
	tcpstates_close(stream);
}

static void test_rewind_drops_the_batch(void **state)
{
	struct tcpstates *stream = open_stream(TCPSTATES_OPEN_NONBLOCK);

	(void)state;
	give_mixture();
	expect_seq(stream, 0);
	device.ioctl_error = EINTR;
	assert_int_equal(tcpstates_rewind(stream), -1);
	assert_int_equal(errno, EINTR);
	expect_seq(stream, 1);
	device.ioctl_error = 0;
	assert_int_equal(tcpstates_rewind(stream), 0);
	assert_int_equal(device.rewinds, 2);
	expect_nothing(stream);
	tcpstates_close(stream);
}

static void test_snapshot_drops_the_batch(void **state)
{
	struct tcpstates *stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	struct tcpstates_record row = make_record(9, TCPSTATES_LISTEN);
	const struct tcpstates_record *record;

	(void)state;
	give_mixture();
	expect_seq(stream, 0);
	device.ioctl_error = ENOMEM;
	assert_int_equal(tcpstates_snapshot(stream), -1);
	assert_int_equal(errno, ENOMEM);
	expect_seq(stream, 1);
	device.ioctl_error = 0;
	assert_int_equal(tcpstates_snapshot(stream), 0);
	assert_int_equal(device.snapshots, 2);
	assert_int_equal(device.rewinds, 0);
	expect_nothing(stream);

	row.event = TCPSTATES_EVENT_EXISTING;
	give_bytes(&row, sizeof(row));
	assert_int_equal(tcpstates_next(stream, &record), 1);
	assert_int_equal(record->event, TCPSTATES_EVENT_EXISTING);
	tcpstates_close(stream);
}

static void test_info_ends_with_nul(void **state)
{
	struct tcpstates *stream = open_stream(0);
	struct tcpstates_info info;

	(void)state;
	assert_int_equal(tcpstates_info(stream, &info), 0);
	assert_string_equal(info.module_version, "vvvvvvvvvvvvvvv");
	tcpstates_close(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_record_once),
		TEST(test_buffered_tells_of_batches),
		TEST(test_longer_records_of_a_newer_module),
		TEST(test_bad_bytes),
		TEST(test_signal_ends_waiting),
		TEST(test_filter_holds_at_once),
		TEST(test_filter_hides_no_error),
		TEST(test_rewind_drops_the_batch),
		TEST(test_snapshot_drops_the_batch),
		TEST(test_info_ends_with_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
