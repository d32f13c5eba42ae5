// SPDX-License-Identifier: GPL-2.0
/*
 * The library: what it makes of bytes, versions and errors. Its sources are
 * included, so that open() and ioctl() can be those of a device in here, whose
 * stream is a pipe. Of the module's files it needs filter.c, and format.c with
 * what that needs.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

static int device_open(const char *path, int mode);
static int device_ioctl(int fd, unsigned long command, ...);

#define open			device_open
#define ioctl			device_ioctl

#include "../../userspace/lib/batch.c"
#include "../../userspace/lib/handle.c"
#include "../../userspace/lib/hooks.c"
#include "../../userspace/lib/mapped.c"
#include "../../userspace/lib/open.c"
#include "../../userspace/lib/text.c"

#define SIZE		sizeof(struct tcpstates_record)
#define PIPE_SIZE	(1024 * 1024)	/* for more than a batch of records */

/* Nothing is lost in here that has no time. */
u64 ktime_get_boottime_ns(void)
{
	return 0;
}

u64 ktime_get_real_ns(void)
{
	return 0;
}

/* The device. */
static struct {
	int open_error;
	int info_error;
	int format_error;
	int ioctl_error;
	struct tcpstates_info info;
	u32 format;
	unsigned int rewinds;
	unsigned int snapshots;
	int fd;		/* the library's end of the pipe */
	int writer;	/* ours */
} device;

static int setup(void **state)
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

static int teardown(void **state)
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

static struct tcpstates *open_stream(unsigned int flags)
{
	struct tcpstates *stream = tcpstates_open(NULL, flags);

	assert_non_null(stream);
	assert_int_equal(device.format, TCPSTATES_FORMAT_BINARY);
	return stream;
}

static void give_bytes(const void *bytes, size_t length)
{
	assert_int_equal(write(device.writer, bytes, length), length);
}

static struct tcpstates_record make_record(u64 seq, u8 new)
{
	return (struct tcpstates_record) {
		.size = SIZE,
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.new_state = new,
		.seq = seq,
	};
}

static void give_record(u64 seq, u8 new)
{
	struct tcpstates_record record = make_record(seq, new);

	give_bytes(&record, sizeof(record));
}

static void expect_seq(struct tcpstates *stream, u64 seq)
{
	const struct tcpstates_record *record;

	assert_int_equal(tcpstates_next(stream, &record), 1);
	assert_int_equal(record->seq, seq);
}

static void expect_nothing(struct tcpstates *stream)
{
	const struct tcpstates_record *record = NULL;

	assert_false(tcpstates_buffered(stream));
	assert_int_equal(tcpstates_next(stream, &record), 0);
	assert_null(record);
}

static void expect_error(struct tcpstates *stream, int error)
{
	const struct tcpstates_record *record = NULL;

	errno = 0;
	assert_int_equal(tcpstates_next(stream, &record), -1);
	assert_int_equal(errno, error);
	assert_null(record);
}

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

typedef size_t (*format_fn)(const struct tcpstates_record *record, char *text,
			    size_t size);

/* Into a buffer of any size the same as far as it goes, and nothing behind. */
static void expect_cut_off(format_fn format, size_t enough)
{
	struct tcpstates_record record = make_record(1, TCPSTATES_CLOSE);
	char whole[TCPSTATES_JSON_SIZE], *text;
	size_t length, size;

	length = format(&record, whole, sizeof(whole));
	assert_int_equal(strlen(whole), length);
	assert_int_equal(whole[length - 1], '\n');
	assert_int_equal(format(&record, NULL, 0), length);
	for (size = 1; size <= enough; size++) {
		/* The sanitizer watches its end. */
		text = malloc(size);
		assert_non_null(text);
		assert_int_equal(format(&record, text, size), length);
		assert_int_equal(strlen(text),
				 size <= length ? size - 1 : length);
		assert_memory_equal(text, whole, strlen(text));
		free(text);
	}
}

static void test_text_is_cut_off(void **state)
{
	(void)state;
	expect_cut_off(tcpstates_format_line, TCPSTATES_LINE_SIZE);
	expect_cut_off(tcpstates_format_json, TCPSTATES_JSON_SIZE);
}

static void test_json_and_address(void **state)
{
	struct tcpstates_record record = make_record(1, TCPSTATES_CLOSE);
	u8 ones[16];
	char text[TCPSTATES_JSON_SIZE];

	(void)state;
	assert_true(tcpstates_format_json(&record, text, sizeof(text)) > 2);
	assert_int_equal(text[0], '{');
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(tcpstates_format_address(TCPSTATES_FAMILY_INET6, ones,
						  text, sizeof(text)), 39);
	tcpstates_format_address(TCPSTATES_FAMILY_INET, ones, text,
				 sizeof(text));
	assert_string_equal(text, "255.255.255.255");
	tcpstates_format_address(256 + TCPSTATES_FAMILY_INET, ones, text,
				 sizeof(text));
	assert_string_equal(text, "-");
}

/*
 * The next line "#define PREFIX_NAME number" of @header, with the name in lower
 * case and the text of its comment. False at the end.
 */
static bool next_constant(FILE *header, const char *prefix, char name[32],
			  unsigned int *number, char comment[64])
{
	char line[128], *p;

	while (fgets(line, sizeof(line), header)) {
		if (strncmp(line, "#define ", 8) ||
		    strncmp(line + 8, prefix, strlen(prefix)))
			continue;
		comment[0] = '\0';
		if (sscanf(line + 8 + strlen(prefix), "%31s %u /* %63[^\n]", name,
			   number, comment) < 2)
			fail_msg("not understood: %s", line);
		p = strstr(comment, " */");
		if (p)
			*p = '\0';
		for (p = name; *p; p++)
			*p = tolower((unsigned char)*p);
		return true;
	}
	return false;
}

static FILE *open_header(void)
{
	FILE *header = fopen("../../module/uapi/tcpstates.h", "r");

	assert_non_null(header);
	return header;
}

/* Not for users: what the module is without it, and "those" of another line. */
static bool has_words_of_its_own(unsigned int hook)
{
	return hook == TCPSTATES_HOOK_SET_STATE ||
	       hook == TCPSTATES_HOOK_TW_END;
}

/* In the header's order and words: each is there, and none besides. */
static void test_hooks_are_those_of_the_header(void **state)
{
	unsigned int number, next = 0;
	char name[32], comment[64];
	FILE *header = open_header();

	(void)state;
	while (next_constant(header, "TCPSTATES_HOOK_", name, &number,
			     comment)) {
		if (!strcmp(name, "count")) {
			assert_int_equal(number, next);
			continue;
		}
		assert_int_equal(number, next++);
		assert_non_null(tcpstates_hook_name(number));
		assert_string_equal(tcpstates_hook_name(number), name);
		assert_non_null(tcpstates_hook_shows(number));
		if (!has_words_of_its_own(number))
			assert_string_equal(tcpstates_hook_shows(number),
					    comment);
	}
	fclose(header);
	assert_int_equal(next, TCPSTATES_HOOK_COUNT);
	assert_null(tcpstates_hook_name(next));
	assert_null(tcpstates_hook_shows(next));
}

/* Of the header and of the device's text. */
static void expect_cause(unsigned int cause, const char *name)
{
	struct tcpstates_record record = make_record(1, TCPSTATES_CLOSE);
	char expected[64], text[TCPSTATES_LINE_SIZE];

	record.cause = cause;
	tcpstates_format_line(&record, text, sizeof(text));
	snprintf(expected, sizeof(expected), " cause=%s ", name);
	assert_non_null(strstr(text, expected));
	assert_string_equal(tcpstates_cause_name(cause), name);
}

static void test_causes_are_those_of_the_header(void **state)
{
	unsigned int number, next = 0;
	char name[32], comment[64], *p;
	FILE *header = open_header();

	(void)state;
	while (next_constant(header, "TCPSTATES_CAUSE_", name, &number,
			     comment)) {
		if (!strcmp(name, "count")) {
			assert_int_equal(number, next);
			continue;
		}
		assert_int_equal(number, next++);
		for (p = name; *p; p++)
			if (*p == '_')
				*p = '-';
		expect_cause(number, number ? name : "-");
	}
	fclose(header);
	assert_int_equal(next, TCPSTATES_CAUSE_COUNT);
	for (; next < 256; next++)
		expect_cause(next, "-");
	assert_string_equal(tcpstates_cause_name(256 + TCPSTATES_CAUSE_SYN),
			    "-");
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(tcpstates_state_name(TCPSTATES_CLOSE), "CLOSE");
	assert_string_equal(tcpstates_state_name(TCPSTATES_STATE_COUNT), "-");
	assert_string_equal(tcpstates_state_name(256 + TCPSTATES_CLOSE), "-");
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(test_open_errors),
		TEST(test_handshake_errors),
		TEST(test_open_flags),
		TEST(test_close_of_nothing),
		TEST(test_text_is_cut_off),
		TEST(test_json_and_address),
		TEST(test_hooks_are_those_of_the_header),
		TEST(test_causes_are_those_of_the_header),
		TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
