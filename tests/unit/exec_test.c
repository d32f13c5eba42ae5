// SPDX-License-Identifier: GPL-2.0
/* What a command of the user's gets to know: of one connection, and of no other. */
#define _GNU_SOURCE
#include "unit.h"

#include <unistd.h>

#include "../../userspace/process/exec.c"

static const struct tcpstates_record first = {
	.event = TCPSTATES_EVENT_TRANSITION,
	.family = TCPSTATES_FAMILY_INET6,
	.known = TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_OWNER,
	.conn = 0x5f3,
	.laddr = { [15] = 1 },
	.pid = 812,
	.comm = "a b",
};

static const struct tcpstates_record loss = {
	.event = TCPSTATES_EVENT_LOST,
	.count = 7,
};

bool stop_overdue(void)
{
	return false;
}

const sigset_t *stop_open_mask(void)
{
	static sigset_t none;

	return &none;
}

/* What a command writes for an item. */
static void output_of_item(const char *command, const struct item *item,
			   char text[2048])
{
	char path[] = "/tmp/exec_test.XXXXXX", whole[1200];
	int fd = mkstemp(path);
	ssize_t length;

	must(fd >= 0);
	snprintf(whole, sizeof(whole), "{ %s; } >%s", command, path);
	assert_int_equal(exec_run(whole, item), 0);
	length = read(fd, text, 2047);
	must(length >= 0);
	text[length] = '\0';
	close(fd);
	unlink(path);
}

static void output_of(const char *command,
		      const struct tcpstates_record *record, char text[2048])
{
	const struct item item = { .record = record };

	output_of_item(command, &item, text);
}

static void test_keys_and_object(void **state)
{
	char text[2048], object[TCPSTATES_JSON_SIZE];

	(void)state;
	output_of("echo \"$TCPSTATES_CONN,$TCPSTATES_COMM,$TCPSTATES_LADDR,$TCPSTATES_UID\"",
		  &first, text);
	assert_string_equal(text, "5f3,a b,::1,-\n");
	tcpstates_format_json(&first, object, sizeof(object));
	output_of("cat", &first, text);
	assert_string_equal(text, object);
}

/* What a command of ours adds, to a line or to an object only. */
static void test_added_values(void **state)
{
	const struct extra extras[] = {
		{ .key = "holders", .text = "1:2,3:4", .json = "[1]" },
		{ .key = "more", .json = "null" },
		{ .key = "meaning", .only_json = true, .json = "\"m\"" },
	};
	const struct item item = {
		.record = &loss, .extras = extras, .count = COUNT(extras),
	};
	char text[2048];

	(void)state;
	output_of_item("env | grep ^TCPSTATES_ | sort; cat", &item, text);
	assert_string_equal(text, "TCPSTATES_COUNT=7\nTCPSTATES_EVENT=lost\n"
			    "TCPSTATES_HOLDERS=1:2,3:4\nTCPSTATES_MORE=-\n"
			    "TCPSTATES_SEQ=-\n"
			    "TCPSTATES_TIME=1970-01-01T00:00:00.000000000Z\n"
			    "{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"seq\":null,\"event\":\"lost\",\"count\":7,\"holders\":[1],\"more\":null,\"meaning\":\"m\"}\n");
}

/* A process that is called "-" is not one that is unknown. */
static void test_names_of_processes(void **state)
{
	struct tcpstates_record record = first;
	char text[2048];

	(void)state;
	strcpy(record.comm, "-");
	output_of("echo \"$TCPSTATES_COMM\"", &record, text);
	assert_string_equal(text, "\\x2d\n");
	strcpy(record.comm, "\"'$(id)");
	output_of("printf '%s\\n' \"$TCPSTATES_COMM\"", &record, text);
	assert_string_equal(text, "\\x22'$(id)\n");
	record.known = 0;
	output_of("echo \"$TCPSTATES_COMM\"", &record, text);
	assert_string_equal(text, "-\n");
}

/* A loss has few keys, and what comes after it no count. */
static void test_nothing_of_the_last_one(void **state)
{
	char text[2048];

	(void)state;
	output_of("env | grep ^TCPSTATES_ | sort", &first, text);
	output_of("env | grep ^TCPSTATES_ | sort", &loss, text);
	assert_string_equal(text, "TCPSTATES_COUNT=7\nTCPSTATES_EVENT=lost\n"
			    "TCPSTATES_SEQ=-\n"
			    "TCPSTATES_TIME=1970-01-01T00:00:00.000000000Z\n");
	output_of("echo \"<$TCPSTATES_COUNT>\"", &first, text);
	assert_string_equal(text, "<>\n");
}

static void test_other_variables_stay(void **state)
{
	char text[2048];

	(void)state;
	setenv("TCPSTATE", "near", 1);
	setenv("TCPSTATES_PID", "1", 1);
	output_of("echo \"$TCPSTATE $TCPSTATES_PID\"", &first, text);
	assert_string_equal(text, "near 812\n");
	output_of("echo \"<$TCPSTATES_PID>\"", &loss, text);
	assert_string_equal(text, "<>\n");
}

static void test_failure_is_told(void **state)
{
	const struct item item = { .record = &loss };

	(void)state;
	assert_int_equal(exec_run("exit 3", &item), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_and_object),
		cmocka_unit_test(test_added_values),
		cmocka_unit_test(test_names_of_processes),
		cmocka_unit_test(test_nothing_of_the_last_one),
		cmocka_unit_test(test_other_variables_stay),
		cmocka_unit_test(test_failure_is_told),
	};

	return cmocka_run_group_tests_name("exec", tests, NULL, NULL);
}
