// SPDX-License-Identifier: GPL-2.0
/* Times, network namespaces, and that the cache of their texts changes nothing. */
#include "format_fixture.h"

#define DAY_NS	(86400 * 1000000000ULL)

static void expect_time(u64 real_ns, const char *expected)
{
	struct tcpstates_record record = {
		.event = TCPSTATES_EVENT_LOST,
		.real_ns = real_ns,
	};
	char text[TCPS_LINE_MAX], *time = text + strlen("time=");

	tcps_format_line(&text_cache, &record, text);
	assert_int_equal(time[strlen(expected)], ' ');
	assert_memory_equal(time, expected, strlen(expected));
}

/* The first and the last nanosecond of a day. */
static void expect_day(u32 days, const char *date)
{
	char expected[40];

	snprintf(expected, sizeof(expected), "%sT00:00:00.000000000Z", date);
	expect_time(days * DAY_NS, expected);
	snprintf(expected, sizeof(expected), "%sT23:59:59.999999999Z", date);
	expect_time(days * DAY_NS + DAY_NS - 1, expected);
}

struct date_case {
	u32 days;
	const char *date;
};

static const struct date_case date_cases[] = {
	{ 0, "1970-01-01" }, { 30, "1970-01-31" }, { 31, "1970-02-01" },
	{ 58, "1970-02-28" }, { 59, "1970-03-01" }, { 364, "1970-12-31" },
	{ 789, "1972-02-29" }, { 790, "1972-03-01" },
	{ 10956, "1999-12-31" }, { 10957, "2000-01-01" },
	{ 11016, "2000-02-29" }, { 11017, "2000-03-01" },
	{ 11322, "2000-12-31" },
	{ 19781, "2024-02-28" }, { 19782, "2024-02-29" },
	{ 19783, "2024-03-01" }, { 20779, "2026-11-22" },
	{ 47481, "2099-12-31" }, { 47482, "2100-01-01" },
	{ 47540, "2100-02-28" }, { 47541, "2100-03-01" },
	{ 157112, "2400-02-28" }, { 157113, "2400-02-29" },
	{ 157114, "2400-03-01" }, { 213502, "2554-07-20" },
};

static void test_dates(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(date_cases); i++)
		expect_day(date_cases[i].days, date_cases[i].date);
}

/* Each day that 64 bits reach, compared with a calendar that only counts. */
static void test_every_date(void **state)
{
	static const unsigned int lengths[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};
	unsigned int year = 1970, month = 1, day = 1;
	char expected[40];
	u32 days;

	(void)state;
	for (days = 0; days < ~0ULL / DAY_NS; days++) {
		bool leap = year % 4 == 0 &&
			    (year % 100 != 0 || year % 400 == 0);

		snprintf(expected, sizeof(expected), "%04u-%02u-%02u", year,
			 month, day);
		expect_day(days, expected);
		if (++day > lengths[month - 1] + (leap && month == 2)) {
			day = 1;
			month++;
		}
		if (month > 12) {
			month = 1;
			year++;
		}
	}
}

static void test_times(void **state)
{
	struct tcpstates_record record = example_record();

	(void)state;
	expect_time(0, "1970-01-01T00:00:00.000000000Z");
	expect_time(1, "1970-01-01T00:00:00.000000001Z");
	expect_time(1020304050607080ULL, "1970-01-12T19:25:04.050607080Z");
	expect_time(3599999999999ULL, "1970-01-01T00:59:59.999999999Z");
	expect_time(3600000000000ULL, "1970-01-01T01:00:00.000000000Z");
	expect_time(1ULL << 63, "2262-04-11T23:47:16.854775808Z");
	expect_time(~0ULL, "2554-07-21T23:34:33.709551615Z");
	record.real_ns = ~0ULL;
	expect_between(&record, "time=", " seq=", "2554-07-21T23:34:33.709551615Z");
}

/* Times within a second, across its end, and back as after a clock was set. */
static void test_seconds_in_turn(void **state)
{
	(void)state;
	expect_time(1795351125000000000ULL, "2026-11-22T12:38:45.000000000Z");
	expect_time(1795351125999999999ULL, "2026-11-22T12:38:45.999999999Z");
	expect_time(1795351126000000000ULL, "2026-11-22T12:38:46.000000000Z");
	expect_time(1795351126000000001ULL, "2026-11-22T12:38:46.000000001Z");
	expect_time(1795351125999999999ULL, "2026-11-22T12:38:45.999999999Z");
	expect_time(1795351124999999999ULL, "2026-11-22T12:38:44.999999999Z");
	expect_time(1795391999999999999ULL, "2026-11-22T23:59:59.999999999Z");
	expect_time(1795392000000000000ULL, "2026-11-23T00:00:00.000000000Z");
	expect_time(0, "1970-01-01T00:00:00.000000000Z");
	/* The last second is incomplete: its 64 bits wrap to 1970. */
	expect_time(~0ULL, "2554-07-21T23:34:33.709551615Z");
	expect_time(0, "1970-01-01T00:00:00.000000000Z");
	expect_time(~0ULL, "2554-07-21T23:34:33.709551615Z");
	expect_time(200000000, "1970-01-01T00:00:00.200000000Z");
}

static void expect_netns(u32 netns, const char *expected)
{
	struct tcpstates_record record = example_record();

	record.netns = netns;
	expect_between(&record, " netns=", " family=", expected);
}

/* Namespaces of hosts, of containers, and of connections without one. */
static void test_netns_in_turn(void **state)
{
	(void)state;
	expect_netns(4026531840U, "4026531840");
	expect_netns(4026531840U, "4026531840");
	expect_netns(4026532008U, "4026532008");
	expect_netns(7, "7");
	expect_netns(0, "-");
	expect_netns(7, "7");
	expect_netns(4026531840U, "4026531840");
	expect_netns(0, "-");
	expect_netns((1 << 16) + 7, "65543");
	expect_netns(7, "7");
	expect_netns((1 << 24) + 7, "16777223");
	expect_netns(7, "7");
}

/* Text made with a cache in use is that of an empty cache. */
static void expect_as_with_empty_cache(struct tcps_text_cache *cache,
				       const struct tcpstates_record *record)
{
	struct tcps_text_cache empty = { };
	char expected[TCPS_JSON_MAX], text[TCPS_JSON_MAX];
	size_t length;

	length = tcps_format_line(&empty, record, expected);
	assert_int_equal(tcps_format_line(cache, record, text), length);
	assert_memory_equal(text, expected, length);
	empty = (struct tcps_text_cache) { };
	length = tcps_format_json(&empty, record, expected);
	assert_int_equal(tcps_format_json(cache, record, text), length);
	assert_memory_equal(text, expected, length);
}

/* A few seconds and namespaces in any order, for two readers at a time. */
static void test_cache_changes_nothing(void **state)
{
	static const u32 namespaces[] = { 0, 1, 999, 1000, 4026531840U, ~0U };
	struct tcps_text_cache caches[2] = { };
	struct tcpstates_record record = example_record();
	unsigned int i;

	(void)state;
	srand(1);
	for (i = 0; i < 20000; i++) {
		record.real_ns = 1795351125ULL * 1000000000 +
				 rand() % 7 * 500000000ULL - rand() % 2;
		record.netns = namespaces[rand() % COUNT(namespaces)];
		record.event = rand() % TCPSTATES_EVENT_COUNT;
		expect_as_with_empty_cache(&caches[rand() % 2], &record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_every_date),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_seconds_in_turn),
		cmocka_unit_test(test_netns_in_turn),
		cmocka_unit_test(test_cache_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
