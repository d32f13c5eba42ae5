// SPDX-License-Identifier: GPL-2.0
/* The library: text of records, values of fields, and names. */
#include "unit.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../userspace/lib/libtcpstates.h"

static struct tcpstates_record make_record(u64 seq, u8 new)
{
	return (struct tcpstates_record) {
		.size = sizeof(struct tcpstates_record),
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.new_state = new,
		.seq = seq,
	};
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

/* Records of all events that know everything, nothing, and what only some know. */
static struct tcpstates_record field_record(unsigned int event, u32 known)
{
	return (struct tcpstates_record) {
		.size = sizeof(struct tcpstates_record),
		.version = TCPSTATES_ABI_VERSION,
		.event = event,
		.old_state = TCPSTATES_LISTEN,
		.new_state = known ? TCPSTATES_SYN_RECV : TCPSTATES_UNKNOWN,
		.family = known ? TCPSTATES_FAMILY_INET6 : 0,
		.cause = known ? TCPSTATES_CAUSE_SYN : TCPSTATES_CAUSE_UNKNOWN,
		.real_ns = 1795351125123456789ULL,
		.seq = 1041,
		.conn = known,
		.dur_ns = 12,
		.netns = known,
		.lport = 443,
		.known = known,
		.comm = "a \"b\",\n",
		.flags = known & 0xff,
		.backlog = 4096,
	};
}

/* Appends each field that @record has; @before stands before its key. */
static void join_fields(const struct tcpstates_record *record,
			unsigned int form, const char *before,
			const char *between, char text[TCPSTATES_JSON_SIZE])
{
	char value[TCPSTATES_FIELD_SIZE], *p = text;
	const char *name;
	unsigned int i;

	*p = '\0';
	for (i = 0; (name = tcpstates_field_name(i)); i++)
		if (tcpstates_format_field(record, i, form, value,
					   sizeof(value)))
			p += sprintf(p, "%s%s%s%s", before, name, between,
				     value);
}

static void expect_fields_make_all(const struct tcpstates_record *record)
{
	char whole[TCPSTATES_JSON_SIZE], joined[TCPSTATES_JSON_SIZE];

	whole[0] = ' ';
	tcpstates_format_line(record, whole + 1, sizeof(whole) - 1);
	join_fields(record, TCPSTATES_FORM_LINE, " ", "=", joined);
	assert_string_equal(strcat(joined, "\n"), whole);

	tcpstates_format_json(record, whole, sizeof(whole));
	join_fields(record, TCPSTATES_FORM_JSON, ",\"", "\":", joined);
	joined[0] = '{';
	assert_string_equal(strcat(joined, "}\n"), whole);
}

static void test_fields_make_line_and_object(void **state)
{
	struct tcpstates_record record;
	unsigned int event, bit;

	(void)state;
	for (event = 0; event <= TCPSTATES_EVENT_COUNT; event++) {
		for (bit = 0; bit < 32; bit++) {
			record = field_record(event, 1U << bit);
			expect_fields_make_all(&record);
		}
		record = field_record(event, 0);
		expect_fields_make_all(&record);
		record = field_record(event, ~0U);
		expect_fields_make_all(&record);
	}
}

static void expect_field(const struct tcpstates_record *record,
			 const char *name, unsigned int form,
			 const char *expected)
{
	char text[TCPSTATES_FIELD_SIZE];
	int field = tcpstates_field_number(name);

	assert_return_code(field, 0);
	assert_int_equal(tcpstates_format_field(record, field, form, text,
						sizeof(text)),
			 strlen(expected));
	assert_string_equal(text, expected);
}

static void test_fields_of_csv(void **state)
{
	struct tcpstates_record record = field_record(TCPSTATES_EVENT_EXISTING,
						      ~0U);

	(void)state;
	expect_field(&record, "time", TCPSTATES_FORM_CSV,
		     "2026-11-22T12:38:45.123456789Z");
	expect_field(&record, "seq", TCPSTATES_FORM_CSV, "");
	expect_field(&record, "family", TCPSTATES_FORM_CSV, "inet6");
	expect_field(&record, "new", TCPSTATES_FORM_CSV, "SYN_RECV");
	expect_field(&record, "lport", TCPSTATES_FORM_CSV, "443");
	expect_field(&record, "comm", TCPSTATES_FORM_CSV,
		     "\"a \\x22b\\x22,\\x0a\"");
	expect_field(&record, "flags", TCPSTATES_FORM_CSV,
		     "\"v4mapped,unaccepted,orphan,atleast,syncookie,tfo,mptcp\"");
	record.flags = TCPSTATES_FLAG_TFO;
	expect_field(&record, "flags", TCPSTATES_FORM_CSV, "tfo");
	record = field_record(TCPSTATES_EVENT_TRANSITION, 0);
	expect_field(&record, "seq", TCPSTATES_FORM_CSV, "0:1041");
	expect_field(&record, "new", TCPSTATES_FORM_CSV, "");
	expect_field(&record, "comm", TCPSTATES_FORM_CSV, "");
	expect_field(&record, "flags", TCPSTATES_FORM_CSV, "");
	expect_field(&record, "laddr", TCPSTATES_FORM_CSV, "");
	expect_field(&record, "backlog", TCPSTATES_FORM_CSV, "");
}

static void test_fields_that_are_not_there(void **state)
{
	struct tcpstates_record record = field_record(TCPSTATES_EVENT_TRANSITION,
						      ~0U);
	unsigned int form;

	(void)state;
	for (form = 0; form < 3; form++) {
		record.event = TCPSTATES_EVENT_TRANSITION;
		expect_field(&record, "count", form, "");
		record.event = TCPSTATES_EVENT_LOST;
		expect_field(&record, "count", form, "12");
		expect_field(&record, "conn", form, "");
		expect_field(&record, "backlog", form, "");
	}
	expect_field(&record, "time", 3, "");
	assert_int_equal(tcpstates_format_field(&record, 1000, 0, NULL, 0), 0);
}

static void test_numbers_of_fields(void **state)
{
	unsigned int i;

	(void)state;
	assert_string_equal(tcpstates_field_name(0), "time");
	for (i = 0; tcpstates_field_name(i); i++)
		assert_int_equal(tcpstates_field_number(tcpstates_field_name(i)),
				 i);
	assert_string_equal(tcpstates_field_name(i - 1), "backlog");
	assert_null(tcpstates_field_name(i));
	assert_null(tcpstates_field_name(~0U));
	assert_int_equal(tcpstates_field_number(""), -1);
	assert_int_equal(tcpstates_field_number("rtt"), -1);
	assert_int_equal(tcpstates_field_number("rtt_us "), -1);
}

/* Each value has room in TCPSTATES_FIELD_SIZE, and none is cut off otherwise. */
static void test_field_sizes(void **state)
{
	struct tcpstates_record record = field_record(TCPSTATES_EVENT_STUCK,
						      ~0U);
	char whole[TCPSTATES_FIELD_SIZE], *text;
	unsigned int i, form;
	size_t length, size;

	(void)state;
	memset(record.laddr, 0xff, sizeof(record.laddr));
	memset(record.comm, 0x01, sizeof(record.comm));
	record.conn = ~0ULL;
	record.handshake_ns = ~0ULL;
	for (i = 0; tcpstates_field_name(i); i++) {
		for (form = 0; form < 3; form++) {
			length = tcpstates_format_field(&record, i, form, whole,
							sizeof(whole));
			assert_in_range(length, 0, sizeof(whole) - 1);
			for (size = 1; size <= length + 1; size++) {
				/* The sanitizer watches its end. */
				text = malloc(size);
				must(text);
				tcpstates_format_field(&record, i, form, text,
						       size);
				assert_int_equal(strlen(text), size - 1);
				assert_memory_equal(text, whole, size - 1);
				free(text);
			}
		}
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_cut_off),
		cmocka_unit_test(test_json_and_address),
		cmocka_unit_test(test_fields_make_line_and_object),
		cmocka_unit_test(test_fields_of_csv),
		cmocka_unit_test(test_fields_that_are_not_there),
		cmocka_unit_test(test_numbers_of_fields),
		cmocka_unit_test(test_field_sizes),
		cmocka_unit_test(test_hooks_are_those_of_the_header),
		cmocka_unit_test(test_causes_are_those_of_the_header),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
