// SPDX-License-Identifier: GPL-2.0
/*
 * The command's table, on terminals of any width: the file is included, so
 * that the terminal is one in here. Of the module's files it needs format.c, with
 * what that needs.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int terminal_isatty(int fd);
static int terminal_ioctl(int fd, unsigned long command, struct winsize *size);

#define isatty			terminal_isatty
#define ioctl			terminal_ioctl

#include "../../userspace/text/cell.c"
#include "../../userspace/print/table.c"
#include "../../userspace/lib/text.c"

#define HEAD_NARROW \
	"TIME         NEW             CAUSE LOCAL                  REMOTE\n"
#define HEAD_LIST \
	"STATE           AGE OWNER            LOCAL                 REMOTE\n"

static unsigned short terminal_columns;
static struct output shown;

static int terminal_isatty(int fd)
{
	assert_int_equal(fd, STDOUT_FILENO);
	return terminal_columns != 0;
}

static int terminal_ioctl(int fd, unsigned long command, struct winsize *size)
{
	assert_int_equal(fd, STDOUT_FILENO);
	assert_int_equal(command, TIOCGWINSZ);
	size->ws_col = terminal_columns;
	size->ws_row = 50;
	return 0;
}

void output_add(struct output *out, const char *bytes, size_t length)
{
	must(out->length + length < sizeof(out->bytes));
	memcpy(out->bytes + out->length, bytes, length);
	out->length += length;
	out->bytes[out->length] = '\0';
}

void output_format(struct output *out, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	output_add(out, text, vsnprintf(text, sizeof(text), format, args));
	va_end(args);
}

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	setenv("NO_COLOR", "1", 1);
	return 0;
}

static struct tcpstates_record transition(u8 old, u8 new, u8 cause)
{
	return (struct tcpstates_record) {
		.event = TCPSTATES_EVENT_TRANSITION,
		.old_state = old,
		.new_state = new,
		.cause = cause,
		.family = TCPSTATES_FAMILY_INET,
		.real_ns = 1795351125123456789ULL,
		.laddr = { 10, 0, 0, 5 },
		.raddr = { 10, 0, 0, 9 },
		.lport = 443,
		.rport = 53122,
		.known = 0x7f,
		.dur_ns = 187000000000ULL,
		.pid = 812,
		.comm = "java",
		.uid = 1001,
	};
}

static struct tcpstates_record existing(u8 new)
{
	struct tcpstates_record record = transition(0, new, 0);

	record.event = TCPSTATES_EVENT_EXISTING;
	return record;
}

static struct tcpstates_record listener(u32 acceptq, u32 backlog)
{
	struct tcpstates_record record = existing(TCPSTATES_LISTEN);

	record.known &= ~(TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT);
	record.known |= TCPSTATES_KNOW_ACCEPTQ;
	record.acceptq = acceptq;
	record.backlog = backlog;
	return record;
}

/* A table of one row on a terminal; 0 columns: on none. */
static const char *show(unsigned short columns,
			const struct tcpstates_record *record)
{
	struct table table;

	shown.length = 0;
	terminal_columns = columns;
	table_init(&table, &shown,
		   record->event == TCPSTATES_EVENT_EXISTING ?
		   TABLE_CONNECTIONS : TABLE_TRANSITIONS);
	table_add(&table, record);
	return shown.bytes;
}

static void expect(unsigned short columns,
		   const struct tcpstates_record *record, const char *expected)
{
	assert_string_equal(show(columns, record), expected);
}

/* The narrowest is 80, also where there is no terminal. */
static void expect_narrow(const struct tcpstates_record *record,
			  const char *expected)
{
	expect(0, record, expected);
	expect(40, record, expected);
	expect(80, record, expected);
}

static void test_transition(void **state)
{
	struct tcpstates_record record =
		transition(TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE,
			   TCPSTATES_CAUSE_LISTENER_CLOSED);

	(void)state;
	expect_narrow(&record, HEAD_NARROW
		      "12:38:45.123 CLOSE listener-closed 10.0.0.5:443           10.0.0.9:53122\n");

	record = transition(TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED,
			    TCPSTATES_CAUSE_SYNACK);
	expect(80, &record, HEAD_NARROW
	       "12:38:45.123 ESTABLISHED    synack 10.0.0.5:443           10.0.0.9:53122\n");
	record.cause = TCPSTATES_CAUSE_UNKNOWN;
	expect(80, &record, HEAD_NARROW
	       "12:38:45.123 ESTABLISHED         - 10.0.0.5:443           10.0.0.9:53122\n");
	record.cause = TCPSTATES_CAUSE_COUNT;
	expect(80, &record, HEAD_NARROW
	       "12:38:45.123 ESTABLISHED         - 10.0.0.5:443           10.0.0.9:53122\n");
}

static void test_transition_where_there_is_room(void **state)
{
	struct tcpstates_record record =
		transition(TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE_WAIT,
			   TCPSTATES_CAUSE_FIN);

	(void)state;
	expect(90, &record,
	       "TIME         OLD         NEW             CAUSE LOCAL                 REMOTE\n"
	       "12:38:45.123 ESTABLISHED CLOSE_WAIT        fin 10.0.0.5:443          10.0.0.9:53122\n");
	expect(98, &record,
	       "TIME         OLD           AFTER NEW             CAUSE LOCAL                 REMOTE\n"
	       "12:38:45.123 ESTABLISHED   3m07s CLOSE_WAIT        fin 10.0.0.5:443          10.0.0.9:53122\n");
	expect(115, &record,
	       "TIME         OLD           AFTER NEW             CAUSE OWNER            LOCAL                 REMOTE\n"
	       "12:38:45.123 ESTABLISHED   3m07s CLOSE_WAIT        fin 812/java         10.0.0.5:443          10.0.0.9:53122\n");
	record.flags = TCPSTATES_FLAG_ATLEAST;
	assert_non_null(strstr(show(98, &record), "  >3m07s "));
}

static void test_connection(void **state)
{
	struct tcpstates_record record = existing(TCPSTATES_ESTABLISHED);

	(void)state;
	expect(80, &record, HEAD_LIST
	       "ESTABLISHED   3m07s 812/java         10.0.0.5:443          10.0.0.9:53122\n");
	record.known &= ~(TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_DURATION);
	expect(80, &record, HEAD_LIST
	       "ESTABLISHED       - uid 1001         10.0.0.5:443          10.0.0.9:53122\n");
}

static void test_connection_where_there_is_room(void **state)
{
	struct tcpstates_record record = existing(TCPSTATES_CLOSE_WAIT);

	(void)state;
	expect(92, &record,
	       "STATE           AGE OWNER                 QUEUES LOCAL                 REMOTE\n"
	       "CLOSE_WAIT    3m07s 812/java                   - 10.0.0.5:443          10.0.0.9:53122\n");
	record.known |= TCPSTATES_KNOW_QUEUES;
	record.rq = 1;
	record.wq = 99999;
	assert_non_null(strstr(show(92, &record), "     1/99999 10.0.0.5:"));
	record.rq = 100000;
	record.wq = 9999999;
	assert_non_null(strstr(show(92, &record), "  100k/9999k 10.0.0.5:"));
	record.rq = 10000000;
	record.wq = ~0U;
	assert_non_null(strstr(show(92, &record), "   10M/4294M 10.0.0.5:"));
}

static void test_listener(void **state)
{
	struct tcpstates_record record = listener(3, 128);

	(void)state;
	expect(80, &record, HEAD_LIST
	       "LISTEN        3m07s 812/java         10.0.0.5:443          queue 3/128\n");
	expect(92, &record,
	       "STATE           AGE OWNER                 QUEUES LOCAL                 REMOTE\n"
	       "LISTEN        3m07s 812/java               3/128 10.0.0.5:443          -\n");
	record.known &= ~TCPSTATES_KNOW_ACCEPTQ;
	expect(80, &record, HEAD_LIST
	       "LISTEN        3m07s 812/java         10.0.0.5:443          -\n");
}

static void test_owner_does_nothing_to_a_terminal(void **state)
{
	struct tcpstates_record record = existing(TCPSTATES_ESTABLISHED);

	(void)state;
	memcpy(record.comm, "a\x1b[2J\n\xc2\x9b\x7f", 9);
	assert_non_null(strstr(show(80, &record), " 812/a?[2J???? "));
	memset(record.comm, 'x', sizeof(record.comm));
	record.pid = ~0U;
	assert_non_null(strstr(show(80, &record), " 4294967295/xxxxx 10."));
}

/* Every cause is whole beside a state that it leads to. */
static void test_no_cause_is_cut_off(void **state)
{
	char expected[32];
	unsigned int cause;

	(void)state;
	for (cause = 1; cause < TCPSTATES_CAUSE_COUNT; cause++) {
		struct tcpstates_record record =
			transition(TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE,
				   cause);

		snprintf(expected, sizeof(expected), " %s 10.0.0.5:",
			 tcpstates_cause_name(cause));
		assert_non_null(strstr(show(80, &record), expected));
	}
}

/* Everything as long as it gets. */
static void make_long(struct tcpstates_record *record, u8 family)
{
	u8 event = record->event, new = record->new_state;
	u8 cause = record->cause;

	memset(record, 0xff, sizeof(*record));
	record->event = event;
	record->old_state = TCPSTATES_ESTABLISHED;
	record->new_state = new;
	record->cause = cause;
	record->family = family;
	record->dur_ns = 99ULL * 86400 * 1000000000;
	if (new != TCPSTATES_LISTEN)
		record->known &= ~TCPSTATES_KNOW_ACCEPTQ;
}

/* Returns the number of lines, of which none is longer than @columns. */
static unsigned int count_lines(const char *text, size_t columns)
{
	unsigned int lines = 0;
	size_t length;

	for (; *text; text += length + 1) {
		length = strcspn(text, "\n");
		assert_in_range(length, 1, columns);
		assert_int_not_equal(text[length - 1], ' ');
		lines++;
	}
	return lines;
}

static void expect_to_fit(unsigned short columns,
			  struct tcpstates_record *record)
{
	make_long(record, TCPSTATES_FAMILY_INET);
	assert_int_equal(count_lines(show(columns, record), columns), 2);
	make_long(record, TCPSTATES_FAMILY_INET6);
	assert_in_range(count_lines(show(columns, record), columns), 2, 4);
}

/*
 * No line is longer than a terminal, and two IPv4 addresses are on one line,
 * in whatever columns there are.
 */
static void test_fits_any_width(void **state)
{
	unsigned int columns, i;

	(void)state;
	for (columns = 80; columns <= 250; columns++) {
		for (i = 0; i < TCPSTATES_STATE_COUNT; i++) {
			struct tcpstates_record record = transition(0, i, 0);

			record.cause = TCPSTATES_CAUSE_LISTENER_CLOSED;
			expect_to_fit(columns, &record);
			record = existing(i);
			expect_to_fit(columns, &record);
		}
	}
}

/* An address that ends where a cell does would run into it. */
static void test_cells_stay_apart(void **state)
{
	struct tcpstates_record record = existing(TCPSTATES_ESTABLISHED);
	unsigned int columns;

	(void)state;
	record.family = TCPSTATES_FAMILY_INET6;
	memset(record.laddr, 0xff, sizeof(record.laddr));
	memset(record.comm, 'x', sizeof(record.comm));
	for (columns = 80; columns <= 100; columns++) {
		for (record.pid = 1; record.pid < 1000000; record.pid *= 10)
			assert_null(strstr(show(columns, &record), "x["));
	}
}

/* In the place of a cause, for how long; nothing is before it. */
static void test_stuck(void **state)
{
	struct tcpstates_record record = transition(TCPSTATES_CLOSE_WAIT,
						    TCPSTATES_CLOSE_WAIT, 0);

	(void)state;
	record.event = TCPSTATES_EVENT_STUCK;
	expect(80, &record, HEAD_NARROW
	       "12:38:45.123 CLOSE_WAIT  for 3m07s 10.0.0.5:443           10.0.0.9:53122\n");
	record.flags |= TCPSTATES_FLAG_ATLEAST;
	record.dur_ns = 99ULL * 86400 * 1000000000;
	expect(115, &record,
	       "TIME         OLD           AFTER NEW             CAUSE OWNER            LOCAL                 REMOTE\n"
	       "12:38:45.123                     CLOSE_WAIT    >99d00h 812/java         10.0.0.5:443          10.0.0.9:53122\n");
}

static void test_loss(void **state)
{
	struct tcpstates_record record = { .event = TCPSTATES_EVENT_LOST,
		.real_ns = 1795351125123456789ULL, .count = ~0ULL };

	(void)state;
	expect(80, &record, HEAD_NARROW
	       "12:38:45.123 *** 18446744073709551615 lost here: read too slowly ***\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transition),
		cmocka_unit_test(test_transition_where_there_is_room),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_connection_where_there_is_room),
		cmocka_unit_test(test_listener),
		cmocka_unit_test(test_owner_does_nothing_to_a_terminal),
		cmocka_unit_test(test_no_cause_is_cut_off),
		cmocka_unit_test(test_fits_any_width),
		cmocka_unit_test(test_cells_stay_apart),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_loss),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
