// SPDX-License-Identifier: GPL-2.0
/* Names of processes: which bytes are escaped, and how. */
#include "format_fixture.h"

#include "comm.h"
#include "text.h"

struct comm_case {
	const char *comm;
	const char *line;
	const char *json;
};

static const struct comm_case comm_cases[] = {
	{ "", "\"\"", "\"\"" },
	{ "-", "\"-\"", "\"-\"" },
	{ "a b=c", "\"a b=c\"", "\"a b=c\"" },
	{ "a\" uid=0", "\"a\\x22 uid=0\"", "\"a\\\" uid=0\"" },
	{ "a\\x22", "\"a\\x5cx22\"", "\"a\\\\x5cx22\"" },
	{ "\nevent=lost", "\"\\x0aevent=lost\"", "\"\\u000aevent=lost\"" },
	{ "\t\r\x1b[2J\x7f", "\"\\x09\\x0d\\x1b[2J\\x7f\"",
	  "\"\\u0009\\u000d\\u001b[2J\\u007f\"" },
	{ "sixteen bytes ab", "\"sixteen bytes ab\"", "\"sixteen bytes ab\"" },
	/* UTF-8 of two, three and four bytes, the first and last of each */
	{ "\xc2\xa0\xdf\xbf", "\"\xc2\xa0\xdf\xbf\"", "\"\xc2\xa0\xdf\xbf\"" },
	{ "\xe0\xa0\x80\xef\xbf\xbf", "\"\xe0\xa0\x80\xef\xbf\xbf\"",
	  "\"\xe0\xa0\x80\xef\xbf\xbf\"" },
	{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
	  "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
	  "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"" },
	{ "\xed\x9f\xbf\xee\x80\x80", "\"\xed\x9f\xbf\xee\x80\x80\"",
	  "\"\xed\x9f\xbf\xee\x80\x80\"" },
	/* Overlong forms of '/', U+7F, U+7FF and U+FFFF */
	{ "\xc0\xaf", "\"\\xc0\\xaf\"", "\"\\\\xc0\\\\xaf\"" },
	{ "\xc1\xbf", "\"\\xc1\\xbf\"", "\"\\\\xc1\\\\xbf\"" },
	{ "\xe0\x9f\xbf", "\"\\xe0\\x9f\\xbf\"", "\"\\\\xe0\\\\x9f\\\\xbf\"" },
	{ "\xf0\x8f\xbf\xbf", "\"\\xf0\\x8f\\xbf\\xbf\"",
	  "\"\\\\xf0\\\\x8f\\\\xbf\\\\xbf\"" },
	/* Surrogates, what is above U+10FFFF, bytes that never occur */
	{ "\xed\xa0\x80", "\"\\xed\\xa0\\x80\"", "\"\\\\xed\\\\xa0\\\\x80\"" },
	{ "\xed\xbf\xbf", "\"\\xed\\xbf\\xbf\"", "\"\\\\xed\\\\xbf\\\\xbf\"" },
	{ "\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\"",
	  "\"\\\\xf4\\\\x90\\\\x80\\\\x80\"" },
	{ "\xf5\xff\xfe", "\"\\xf5\\xff\\xfe\"", "\"\\\\xf5\\\\xff\\\\xfe\"" },
	/* Lone, missing and interrupted continuations */
	{ "a\x80z", "\"a\\x80z\"", "\"a\\\\x80z\"" },
	{ "\xe2\x82", "\"\\xe2\\x82\"", "\"\\\\xe2\\\\x82\"" },
	{ "\xe2\x82\"", "\"\\xe2\\x82\\x22\"", "\"\\\\xe2\\\\x82\\\"\"" },
	{ "\xc3\xc3\xa9", "\"\\xc3\xc3\xa9\"", "\"\\\\xc3\xc3\xa9\"" },
	/* Cut off by the end of the member */
	{ "fourteen bytes\xe2\x82", "\"fourteen bytes\\xe2\\x82\"",
	  "\"fourteen bytes\\\\xe2\\\\x82\"" },
	{ "thirteen byte\xf0\x9f\x98", "\"thirteen byte\\xf0\\x9f\\x98\"",
	  "\"thirteen byte\\\\xf0\\\\x9f\\\\x98\"" },
	{ "fifteen bytes a\xc3", "\"fifteen bytes a\\xc3\"",
	  "\"fifteen bytes a\\\\xc3\"" },
	/* Characters that control: C1, NEL, line separators, reordering */
	{ "\xc2\x80\xc2\x9f", "\"\\xc2\\x80\\xc2\\x9f\"",
	  "\"\\u0080\\u009f\"" },
	{ "\xc2\x85\xc2\x9b", "\"\\xc2\\x85\\xc2\\x9b\"", "\"\\u0085\\u009b\"" },
	{ "\xe2\x80\xa8\xe2\x80\xa9", "\"\\xe2\\x80\\xa8\\xe2\\x80\\xa9\"",
	  "\"\\u2028\\u2029\"" },
	{ "\xe2\x80\xae\xe2\x81\xa6", "\"\\xe2\\x80\\xae\\xe2\\x81\\xa6\"",
	  "\"\\u202e\\u2066\"" },
	{ "\xd8\x9c\xe2\x80\x8f", "\"\\xd8\\x9c\\xe2\\x80\\x8f\"",
	  "\"\\u061c\\u200f\"" },
	{ "\xe2\x80\xa7\xe2\x80\xaf", "\"\xe2\x80\xa7\xe2\x80\xaf\"",
	  "\"\xe2\x80\xa7\xe2\x80\xaf\"" },
};

static void test_comm(void **state)
{
	struct tcpstates_record record = example_record();
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(comm_cases); i++) {
		char *text, *value;

		memset(record.comm, 0, sizeof(record.comm));
		memcpy(record.comm, comm_cases[i].comm,
		       strnlen(comm_cases[i].comm, sizeof(record.comm)));
		expect_between(&record, " comm=", " uid=1001", comm_cases[i].line);

		text = as_json(&record);
		value = strstr(text, "\"comm\":") + strlen("\"comm\":");
		*strstr(value, ",\"uid\":1001") = '\0';
		assert_string_equal(value, comm_cases[i].json);
		free(text);
	}
}

/* Appends a byte that belongs to no longer character, as a line shows it. */
static char *add_byte(char *p, u8 byte)
{
	if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\')
		*p++ = byte;
	else
		p += sprintf(p, "\\x%02x", byte);
	return p;
}

static void expect_pair(unsigned int place, u8 first, u8 second)
{
	char comm[TCPSTATES_COMM_LEN], text[TCPS_TEXT_SLACK + 68];
	char expected[72], *p = expected, *end;
	unsigned int i;

	memset(comm, 'n', sizeof(comm));
	comm[place] = first;
	comm[place + 1] = second;
	*p++ = '"';
	for (i = 0; i < sizeof(comm) && comm[i]; i++)
		p = add_byte(p, comm[i]);
	*p++ = '"';
	*p = '\0';
	end = tcps_put_comm(text, comm);
	*end = '\0';
	assert_string_equal(text, expected);
}

/*
 * Any byte before any byte of ASCII, in each half of a name, across both, and at
 * the end: names are handled eight bytes at a time.
 */
static void test_any_byte_at_any_place(void **state)
{
	static const unsigned int places[] = { 0, 3, 6, 7, 8, 11, 14 };
	unsigned int i, first, second;

	(void)state;
	for (i = 0; i < COUNT(places); i++)
		for (first = 0; first < 256; first++)
			for (second = 0; second < 128; second++)
				expect_pair(places[i], first, second);
}

/* A name ends at its first NUL. */
static void test_comm_ends_at_nul(void **state)
{
	struct tcpstates_record record = example_record();

	(void)state;
	memcpy(record.comm, "ab\0secret\0\0\0\0\0\0\0", sizeof(record.comm));
	expect_between(&record, " comm=", " uid=", "\"ab\"");
	memcpy(record.comm, "ab\xe2\x82\0\xac\0\0\0\0\0\0\0\0\0\0",
	       sizeof(record.comm));
	expect_between(&record, " comm=", " uid=", "\"ab\\xe2\\x82\"");
}

/* With any bytes in a name, a line stays one line with two quotes. */
static void test_no_comm_breaks_a_line(void **state)
{
	struct tcpstates_record record = example_record();
	unsigned int round, i, quotes;
	char *text, *p;

	(void)state;
	srand(1);
	for (round = 0; round < 100000; round++) {
		for (i = 0; i < sizeof(record.comm); i++)
			record.comm[i] = rand() >> 7;
		text = as_line(&record);
		quotes = 0;
		for (p = text; *p; p++) {
			assert_true((u8)*p >= ' ' || (*p == '\n' && !p[1]));
			quotes += *p == '"';
		}
		assert_int_equal(quotes, 2);
		assert_int_equal(p[-1], '\n');
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comm),
		cmocka_unit_test(test_any_byte_at_any_place),
		cmocka_unit_test(test_comm_ends_at_nul),
		cmocka_unit_test(test_no_comm_breaks_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
