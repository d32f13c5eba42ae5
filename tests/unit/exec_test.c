// SPDX-License-Identifier: GPL-2.0
/* What a command of the user's gets to know: of one connection, and of no other. */
#define _GNU_SOURCE
#include "unit.h"

#include <unistd.h>

#include "../../userspace/process/exec.c"

#define FIRST \
	"time=1 event=transition conn=5f3 comm=\"a b\" pid=812 laddr=::1\n"
#define LOSS	"time=2 seq=- event=lost count=7\n"

bool stop_overdue(void)
{
	return false;
}

const sigset_t *stop_open_mask(void)
{
	static sigset_t none;

	return &none;
}

/* What a command writes, for one line and an object. */
static void output_of(const char *command, const char *line, const char *json,
		      char text[1024])
{
	char path[] = "/tmp/exec_test.XXXXXX", whole[1200];
	int fd = mkstemp(path);
	ssize_t length;

	must(fd >= 0);
	snprintf(whole, sizeof(whole), "{ %s; } >%s", command, path);
	assert_int_equal(exec_run(whole, line, json, strlen(json)), 0);
	length = read(fd, text, 1023);
	must(length >= 0);
	text[length] = '\0';
	close(fd);
	unlink(path);
}

static void test_keys_and_object(void **state)
{
	char text[1024];

	(void)state;
	output_of("echo \"$TCPSTATES_CONN,$TCPSTATES_COMM,$TCPSTATES_LADDR\"; cat",
		  FIRST, "{}\n", text);
	assert_string_equal(text, "5f3,a b,::1\n{}\n");
}

/* A loss has few keys, and what comes after it no count. */
static void test_nothing_of_the_last_one(void **state)
{
	char text[1024];

	(void)state;
	output_of("env | grep ^TCPSTATES_ | sort", FIRST, "", text);
	output_of("env | grep ^TCPSTATES_ | sort", LOSS, "", text);
	assert_string_equal(text, "TCPSTATES_COUNT=7\nTCPSTATES_EVENT=lost\n"
			    "TCPSTATES_SEQ=-\nTCPSTATES_TIME=2\n");
	output_of("echo \"<$TCPSTATES_COUNT>\"", FIRST, "", text);
	assert_string_equal(text, "<>\n");
}

static void test_other_variables_stay(void **state)
{
	char text[1024];

	(void)state;
	setenv("TCPSTATE", "near", 1);
	setenv("TCPSTATES_PID", "1", 1);
	output_of("echo \"$TCPSTATE $TCPSTATES_PID\"", FIRST, "", text);
	assert_string_equal(text, "near 812\n");
	output_of("echo \"<$TCPSTATES_PID>\"", LOSS, "", text);
	assert_string_equal(text, "<>\n");
}

static void test_failure_is_told(void **state)
{
	(void)state;
	assert_int_equal(exec_run("exit 3", LOSS, "", 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_and_object),
		cmocka_unit_test(test_nothing_of_the_last_one),
		cmocka_unit_test(test_other_variables_stay),
		cmocka_unit_test(test_failure_is_told),
	};

	return cmocka_run_group_tests_name("exec", tests, NULL, NULL);
}
