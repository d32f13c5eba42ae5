// SPDX-License-Identifier: GPL-2.0
/*
 * The command's standard output: that a signal ends it, that nothing is lost,
 * and that it costs few system calls. Both files are included, so that their
 * calls can be counted; each test writes in a process of its own.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static ssize_t count_write(int fd, const void *bytes, size_t length);
static int count_ppoll(struct pollfd *fds, nfds_t count,
		       const struct timespec *limit, const sigset_t *mask);

#define write			count_write
#define ppoll			count_ppoll

#include "../../userspace/base/output.c"
#include "../../userspace/base/stop.c"

#undef write
#undef ppoll

/* More than fits in a pipe, and in the buffer. */
#define TOTAL			200000

/* Of the writer, which shares them with the test. */
struct calls {
	unsigned int writes;
	unsigned int polls;
};

static struct calls *calls;
static struct output out;

static ssize_t count_write(int fd, const void *bytes, size_t length)
{
	calls->writes++;
	return write(fd, bytes, length);
}

static int count_ppoll(struct pollfd *fds, nfds_t count,
		       const struct timespec *limit, const sigset_t *mask)
{
	calls->polls++;
	return ppoll(fds, count, limit, mask);
}

static u8 byte_at(size_t offset)
{
	return offset % 251;
}

/* Never returns. */
static void write_all(size_t total)
{
	char piece[100];
	size_t done, i;

	stop_install();
	for (done = 0; done < total; done += sizeof(piece)) {
		for (i = 0; i < sizeof(piece); i++)
			piece[i] = byte_at(done + i);
		output_add(&out, piece, sizeof(piece));
	}
	_exit(output_finish(&out));
}

/* Begins a process that writes; @reader is the end of its pipe to read from. */
static pid_t begin(int *reader, int flags, int size, size_t total)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, flags), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, size) >= size);
	*calls = (struct calls) { };
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(fds[0]);
		dup2(fds[1], STDOUT_FILENO);
		close(fds[1]);
		write_all(total);
	}
	close(fds[1]);
	*reader = fds[0];
	return pid;
}

static int end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void pause_ms(unsigned int ms)
{
	usleep(1000 * ms);
}

/* Reads up to the end, @pause_us before each piece; returns how much came. */
static size_t read_all(int reader, unsigned int pause_us)
{
	u8 piece[5000];
	size_t done = 0;
	ssize_t count, i;

	for (;;) {
		usleep(pause_us);
		count = read(reader, piece, sizeof(piece));
		assert_true(count >= 0);
		if (!count)
			break;
		for (i = 0; i < count; i++)
			assert_int_equal(piece[i], byte_at(done + i));
		done += count;
	}
	close(reader);
	return done;
}

/* Where there is room, one for each full buffer, and nothing besides. */
static void test_few_calls(void **state)
{
	int reader;
	pid_t pid = begin(&reader, 0, 1 << 20, TOTAL);

	(void)state;
	assert_int_equal(end(pid), STATUS_OK);
	assert_int_equal(read_all(reader, 0), TOTAL);
	assert_int_equal(calls->writes, TOTAL / OUTPUT_SIZE + 1);
	assert_int_equal(calls->polls, 0);
}

static void test_slow_reader(void **state)
{
	int reader;
	pid_t pid = begin(&reader, 0, 4096, TOTAL);

	(void)state;
	assert_int_equal(read_all(reader, 1000), TOTAL);
	assert_int_equal(end(pid), STATUS_OK);
}

/* Whoever else has the pipe may have asked for that. */
static void test_pipe_that_does_not_wait(void **state)
{
	int reader;
	pid_t pid = begin(&reader, O_NONBLOCK, 4096, TOTAL);

	(void)state;
	assert_int_equal(read_all(reader, 1000), TOTAL);
	assert_int_equal(end(pid), STATUS_OK);
	assert_true(calls->polls > 0);
}

/* Nobody reads: it ends when its patience does, but not before. */
static void expect_end_at_signal(int flags)
{
	struct timespec before, after;
	int reader;
	pid_t pid = begin(&reader, flags, 4096, TOTAL);
	double seconds;

	pause_ms(100);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(end(pid), STATUS_FAILED);
	clock_gettime(CLOCK_MONOTONIC, &after);
	seconds = after.tv_sec - before.tv_sec +
		  (after.tv_nsec - before.tv_nsec) / 1e9;
	assert_true(seconds > 0.9 * PATIENCE_MS / 1000);
	assert_true(seconds < 20);
	assert_int_equal(read_all(reader, 0), 4096);
}

static void test_signal_ends_a_write(void **state)
{
	(void)state;
	expect_end_at_signal(0);
}

static void test_signal_ends_a_poll(void **state)
{
	(void)state;
	expect_end_at_signal(O_NONBLOCK);
}

/*
 * A reader who goes on gets everything, although the end is wished for, and
 * although that takes longer than the patience with one who does not.
 */
static void test_signal_loses_nothing(void **state)
{
	size_t total = OUTPUT_SIZE + 4064;
	int reader;
	pid_t pid = begin(&reader, 0, 4096, total);

	(void)state;
	pause_ms(100);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(read_all(reader, 100000), total);
	assert_int_equal(end(pid), STATUS_OK);
}

/* One who has seen enough ends it, which is no failure. */
static void test_broken_pipe(void **state)
{
	int reader;
	pid_t pid = begin(&reader, 0, 4096, TOTAL);

	(void)state;
	pause_ms(100);
	close(reader);
	assert_int_equal(end(pid), STATUS_OK);
}

/* What was not written is said by the status. */
static void test_no_room(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		write_all(TOTAL);
	}
	assert_int_equal(end(pid), STATUS_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_calls),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_pipe_that_does_not_wait),
		cmocka_unit_test(test_signal_ends_a_write),
		cmocka_unit_test(test_signal_ends_a_poll),
		cmocka_unit_test(test_signal_loses_nothing),
		cmocka_unit_test(test_broken_pipe),
		cmocka_unit_test(test_no_room),
	};

	calls = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (calls == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
