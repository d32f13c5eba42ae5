// SPDX-License-Identifier: GPL-2.0
#include "format_fixture.h"

struct tcps_text_cache text_cache;

struct tcpstates_record example_record(void)
{
	return (struct tcpstates_record) {
		.size = sizeof(struct tcpstates_record),
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.old_state = TCPSTATES_ESTABLISHED,
		.new_state = TCPSTATES_CLOSE_WAIT,
		.family = TCPSTATES_FAMILY_INET,
		.real_ns = 1795351125123456789ULL,
		.cpu = 1,
		.seq = 1041,
		.conn = 0x5f3,
		.netns = 4026531840U,
		.laddr = { 10, 0, 0, 5 },
		.raddr = { 10, 0, 0, 9 },
		.lport = 443,
		.rport = 53122,
		.known = 0x7f,
		.dur_ns = 1523411250,
		.pid = 812,
		.comm = "java",
		.uid = 1001,
	};
}

char *as_line(const struct tcpstates_record *record)
{
	char *text = malloc(TCPS_LINE_MAX + 1);
	size_t length;

	must(text);
	length = tcps_format_line(&text_cache, record, text);
	assert_in_range(length, 1, TCPS_LINE_MAX);
	text[length] = '\0';
	return text;
}

char *as_json(const struct tcpstates_record *record)
{
	char *text = malloc(TCPS_JSON_MAX + 1);
	size_t length;

	must(text);
	length = tcps_format_json(&text_cache, record, text);
	assert_in_range(length, 1, TCPS_JSON_MAX);
	text[length] = '\0';
	return text;
}

void expect_line(const struct tcpstates_record *record, const char *expected)
{
	char *text = as_line(record);

	assert_string_equal(text, expected);
	free(text);
}

void expect_json(const struct tcpstates_record *record, const char *expected)
{
	char *text = as_json(record);

	assert_string_equal(text, expected);
	free(text);
}

void expect_between(const struct tcpstates_record *record, const char *key,
		    const char *next, const char *expected)
{
	char *text = as_line(record), *value, *end;

	value = strstr(text, key);
	assert_non_null(value);
	value += strlen(key);
	end = strstr(value, next);
	assert_non_null(end);
	*end = '\0';
	assert_string_equal(value, expected);
	free(text);
}
