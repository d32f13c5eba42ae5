// SPDX-License-Identifier: GPL-2.0
/* How long lines and objects can get, and how far beyond their end is written. */
#include "format_fixture.h"

#include "names.h"
#include "text.h"

/*
 * The length of a text, and how far beyond it memory was written, as words are
 * copied with their padding. Two runs over different memory show what was not
 * written.
 */
struct extent {
	size_t length;
	size_t written;
};

typedef size_t (*format_fn)(struct tcps_text_cache *format,
			    const struct tcpstates_record *record, char *text);

static void add_extent(struct extent *extent, format_fn make,
		       const struct tcpstates_record *record, size_t room)
{
	char *text[2];
	size_t length = 0, written = room;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		/* The sanitizer watches what follows. */
		text[i] = malloc(room);
		must(text[i]);
		memset(text[i], i ? 'x' : 'y', room);
		length = make(&text_cache, record, text[i]);
	}
	while (written && text[0][written - 1] == 'y' &&
	       text[1][written - 1] == 'x')
		written--;
	for (i = 0; i < 2; i++)
		free(text[i]);
	assert_true(written >= length);
	if (length > extent->length)
		extent->length = length;
	if (written > extent->written)
		extent->written = written;
}

/* The longest value of every key at once, for any choice of the others. */
static void test_longest(void **state)
{
	struct extent line = { }, json = { };
	struct tcpstates_record record;
	unsigned int i, cause, byte;

	(void)state;
	memset(&record, 0xff, sizeof(record));
	record.event = TCPSTATES_EVENT_TRANSITION;
	record.family = TCPSTATES_FAMILY_INET6;
	for (byte = 1; byte < 256; byte++) {
		memset(record.comm, byte, sizeof(record.comm));
		for (i = 0; i < TCPSTATES_STATE_COUNT; i++) {
			cause = (byte + i) % TCPSTATES_CAUSE_COUNT;
			record.old_state = i;
			record.new_state = i;
			record.cause = cause;
			add_extent(&line, tcps_format_line, &record,
				   TCPS_LINE_MAX);
			add_extent(&json, tcps_format_json, &record,
				   TCPS_JSON_MAX);
		}
	}
	/* Counted by hand: a new key changes these lengths. */
	assert_int_equal(line.length, 755);
	assert_true(line.length + TCPS_TEXT_SLACK <= TCPS_LINE_MAX);
	assert_int_equal(json.length, 883);
	assert_true(json.length + TCPS_TEXT_SLACK <= TCPS_JSON_MAX);
	/* No word stands so near to the end that its padding exceeds it. */
	assert_int_equal(line.written, line.length);
	assert_int_equal(json.written, json.length);
}

/* Records that know nothing, with each flag alone. */
static void test_shortest(void **state)
{
	struct extent line = { }, json = { };
	struct tcpstates_record record;
	unsigned int event, bit;

	(void)state;
	for (event = 0; event < TCPSTATES_EVENT_COUNT; event++) {
		for (bit = 0; bit < 32; bit++) {
			record = (struct tcpstates_record) {
				.event = event,
				.flags = 1U << bit,
			};
			add_extent(&line, tcps_format_line, &record,
				   TCPS_LINE_MAX);
			add_extent(&json, tcps_format_json, &record,
				   TCPS_JSON_MAX);
		}
	}
	assert_true(line.written <= line.length + TCPS_TEXT_SLACK);
	assert_true(json.written <= json.length + TCPS_TEXT_SLACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_shortest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
