// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <arpa/inet.h>

#include "format.h"
#include "names.h"
#include "text.h"

/* The keys after the flags, of which nothing is known. */
#define NO_MORE \
	" inode=- cgroup=- rtt_us=- retrans=- rq=- wq=- bytes_in=- bytes_out=- handshake_ns=- acceptq=- backlog=-"
#define NO_MORE_JSON \
	",\"inode\":null,\"cgroup\":null,\"rtt_us\":null,\"retrans\":null,\"rq\":null,\"wq\":null,\"bytes_in\":null,\"bytes_out\":null,\"handshake_ns\":null,\"acceptq\":null,\"backlog\":null"

/* The record of the contract's example. */
static struct tcpstates_record example(void)
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

/* The members after the flags, in the order of their keys. */
#define NUMBER(key, bit) \
	{ #key, TCPSTATES_KNOW_##bit, \
	  offsetof(struct tcpstates_record, key), \
	  sizeof(((struct tcpstates_record *)0)->key) }

static const struct number_key {
	const char *name;
	u32 known;
	size_t offset;
	size_t size;
} number_keys[] = {
	NUMBER(inode, INODE),
	NUMBER(cgroup, CGROUP),
	NUMBER(rtt_us, RTT),
	NUMBER(retrans, RETRANS),
	NUMBER(rq, QUEUES),
	NUMBER(wq, QUEUES),
	NUMBER(bytes_in, BYTES),
	NUMBER(bytes_out, BYTES),
	NUMBER(handshake_ns, HANDSHAKE),
	NUMBER(acceptq, ACCEPTQ),
	NUMBER(backlog, ACCEPTQ),
};

static void set_member(struct tcpstates_record *record,
		       const struct number_key *key, u64 value)
{
	char *member = (char *)record + key->offset;
	u32 half = value;

	if (key->size == sizeof(value))
		memcpy(member, &value, sizeof(value));
	else
		memcpy(member, &half, sizeof(half));
}

/* One for all tests, as they come: what is in there must not matter. */
static struct tcps_format format;

/* Formats into memory of exactly that size, for the sanitizer to watch. */
static char *as_line(const struct tcpstates_record *record)
{
	char *text = malloc(TCPS_LINE_MAX + 1);
	size_t length;

	must(text);
	length = tcps_format_line(&format, record, text);
	assert_in_range(length, 1, TCPS_LINE_MAX);
	text[length] = '\0';
	return text;
}

static char *as_json(const struct tcpstates_record *record)
{
	char *text = malloc(TCPS_JSON_MAX + 1);
	size_t length;

	must(text);
	length = tcps_format_json(&format, record, text);
	assert_in_range(length, 1, TCPS_JSON_MAX);
	text[length] = '\0';
	return text;
}

static void expect_line(const struct tcpstates_record *record,
			const char *expected)
{
	char *text = as_line(record);

	assert_string_equal(text, expected);
	free(text);
}

static void expect_json(const struct tcpstates_record *record,
			const char *expected)
{
	char *text = as_json(record);

	assert_string_equal(text, expected);
	free(text);
}

/* The value of @key in the line, up to @next, the key after it. */
static void expect_between(const struct tcpstates_record *record,
			   const char *key, const char *next,
			   const char *expected)
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

static void test_example(void **state)
{
	struct tcpstates_record record = example();

	(void)state;
	expect_line(&record,
		    "time=2026-11-22T12:38:45.123456789Z seq=1:1041 event=transition conn=5f3 netns=4026531840 family=inet laddr=10.0.0.5 lport=443 raddr=10.0.0.9 rport=53122 old=ESTABLISHED new=CLOSE_WAIT dur_ns=1523411250 cause=- pid=812 comm=\"java\" uid=1001 flags=-"
		    NO_MORE "\n");
	expect_json(&record,
		    "{\"time\":\"2026-11-22T12:38:45.123456789Z\",\"seq\":\"1:1041\",\"event\":\"transition\",\"conn\":\"5f3\",\"netns\":4026531840,\"family\":\"inet\",\"laddr\":\"10.0.0.5\",\"lport\":443,\"raddr\":\"10.0.0.9\",\"rport\":53122,\"old\":\"ESTABLISHED\",\"new\":\"CLOSE_WAIT\",\"dur_ns\":1523411250,\"cause\":null,\"pid\":812,\"comm\":\"java\",\"uid\":1001,\"flags\":[]"
		    NO_MORE_JSON "}\n");
}

/* What is not known is shown so although the members hold something. */
static void test_unknown(void **state)
{
	struct tcpstates_record record = example();
	unsigned int i;

	(void)state;
	record.known = 0;
	for (i = 0; i < COUNT(number_keys); i++)
		set_member(&record, &number_keys[i], ~0ULL);
	expect_line(&record,
		    "time=2026-11-22T12:38:45.123456789Z seq=1:1041 event=transition conn=5f3 netns=4026531840 family=inet laddr=- lport=- raddr=- rport=- old=ESTABLISHED new=CLOSE_WAIT dur_ns=- cause=- pid=- comm=- uid=- flags=-"
		    NO_MORE "\n");
	expect_json(&record,
		    "{\"time\":\"2026-11-22T12:38:45.123456789Z\",\"seq\":\"1:1041\",\"event\":\"transition\",\"conn\":\"5f3\",\"netns\":4026531840,\"family\":\"inet\",\"laddr\":null,\"lport\":null,\"raddr\":null,\"rport\":null,\"old\":\"ESTABLISHED\",\"new\":\"CLOSE_WAIT\",\"dur_ns\":null,\"cause\":null,\"pid\":null,\"comm\":null,\"uid\":null,\"flags\":[]"
		    NO_MORE_JSON "}\n");

	memset(&record, 0, sizeof(record));
	expect_line(&record,
		    "time=1970-01-01T00:00:00.000000000Z seq=0:0 event=- conn=- netns=- family=- laddr=- lport=- raddr=- rport=- old=- new=- dur_ns=- cause=- pid=- comm=- uid=- flags=-"
		    NO_MORE "\n");
	expect_json(&record,
		    "{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"seq\":\"0:0\",\"event\":null,\"conn\":null,\"netns\":null,\"family\":null,\"laddr\":null,\"lport\":null,\"raddr\":null,\"rport\":null,\"old\":null,\"new\":null,\"dur_ns\":null,\"cause\":null,\"pid\":null,\"comm\":null,\"uid\":null,\"flags\":[]"
		    NO_MORE_JSON "}\n");
}

/* Zero is a value where it is known. */
static void test_known_zero(void **state)
{
	struct tcpstates_record record = {
		.event = TCPSTATES_EVENT_TRANSITION,
		.family = TCPSTATES_FAMILY_INET6,
		.known = 0x7f,
	};

	(void)state;
	expect_line(&record,
		    "time=1970-01-01T00:00:00.000000000Z seq=0:0 event=transition conn=- netns=- family=inet6 laddr=:: lport=0 raddr=:: rport=0 old=- new=- dur_ns=0 cause=- pid=0 comm=\"\" uid=0 flags=-"
		    NO_MORE "\n");
}

static void test_lost(void **state)
{
	struct tcpstates_record record = {
		.event = TCPSTATES_EVENT_LOST,
		.real_ns = 999999999,
		.count = ~0ULL,
	};

	(void)state;
	expect_line(&record,
		    "time=1970-01-01T00:00:00.999999999Z seq=- event=lost count=18446744073709551615\n");
	expect_json(&record,
		    "{\"time\":\"1970-01-01T00:00:00.999999999Z\",\"seq\":null,\"event\":\"lost\",\"count\":18446744073709551615}\n");
}

/* It is in no ring; it has a duration, and no state before. */
static void test_existing(void **state)
{
	struct tcpstates_record record = example();

	(void)state;
	record.event = TCPSTATES_EVENT_EXISTING;
	record.old_state = TCPSTATES_UNKNOWN;
	record.flags = TCPSTATES_FLAG_UNACCEPTED | TCPSTATES_FLAG_ATLEAST;
	expect_line(&record,
		    "time=2026-11-22T12:38:45.123456789Z seq=- event=existing conn=5f3 netns=4026531840 family=inet laddr=10.0.0.5 lport=443 raddr=10.0.0.9 rport=53122 old=- new=CLOSE_WAIT dur_ns=1523411250 cause=- pid=812 comm=\"java\" uid=1001 flags=unaccepted,atleast"
		    NO_MORE "\n");
	expect_json(&record,
		    "{\"time\":\"2026-11-22T12:38:45.123456789Z\",\"seq\":null,\"event\":\"existing\",\"conn\":\"5f3\",\"netns\":4026531840,\"family\":\"inet\",\"laddr\":\"10.0.0.5\",\"lport\":443,\"raddr\":\"10.0.0.9\",\"rport\":53122,\"old\":null,\"new\":\"CLOSE_WAIT\",\"dur_ns\":1523411250,\"cause\":null,\"pid\":812,\"comm\":\"java\",\"uid\":1001,\"flags\":[\"unaccepted\",\"atleast\"]"
		    NO_MORE_JSON "}\n");
}

static void test_states(void **state)
{
	static const char * const names[] = {
		"-", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK",
		"LISTEN", "CLOSING",
	};
	struct tcpstates_record record = example();
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		const char *name = i < COUNT(names) ? names[i] : "-";

		assert_string_equal(tcps_format_state(i), name);
		record.old_state = i;
		record.new_state = i;
		expect_between(&record, " old=", " new=", name);
		expect_between(&record, " new=", " dur_ns=", name);
	}
	assert_int_equal(COUNT(names), TCPSTATES_STATE_COUNT);
}

static void test_numbers_out_of_range(void **state)
{
	static const char * const events[] = {
		"-", "transition", "lost", "existing", "stuck",
	};
	struct tcpstates_record record = example();
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		const char *event = i < COUNT(events) ? events[i] : "-";
		const char *family = i == 4 ? "inet" : i == 6 ? "inet6" : "-";

		record = example();
		assert_string_equal(tcps_format_event(i), event);
		record.event = i;
		if (i != TCPSTATES_EVENT_LOST)
			expect_between(&record, " event=", " conn=", event);
		record.event = TCPSTATES_EVENT_TRANSITION;
		record.family = i;
		expect_between(&record, " family=", " laddr=", family);
		if (i != 4 && i != 6) {
			expect_between(&record, " laddr=", " lport=", "-");
			expect_between(&record, " raddr=", " rport=", "-");
		}
	}
}

/* The value of one of the last keys in both texts; NULL for unknown. */
static void expect_last(const struct tcpstates_record *record, const char *key,
			const char *expected)
{
	char begin[32], *text, *value;

	snprintf(begin, sizeof(begin), " %s=", key);
	text = as_line(record);
	value = strstr(text, begin);
	assert_non_null(value);
	value += strlen(begin);
	value[strcspn(value, "\n ")] = '\0';
	assert_string_equal(value, expected ? expected : "-");
	free(text);

	snprintf(begin, sizeof(begin), ",\"%s\":", key);
	text = as_json(record);
	value = strstr(text, begin);
	assert_non_null(value);
	value += strlen(begin);
	value[strcspn(value, ",}")] = '\0';
	assert_string_equal(value, expected ? expected : "null");
	free(text);
}

/* That key alone has a value, or with those whose bit is the same. */
static void expect_alone(const struct number_key *key, u64 value,
			 const char *expected)
{
	struct tcpstates_record record = example();
	unsigned int i;

	for (i = 0; i < COUNT(number_keys); i++)
		set_member(&record, &number_keys[i], 7);
	set_member(&record, key, value);
	record.known |= key->known;
	for (i = 0; i < COUNT(number_keys); i++) {
		const struct number_key *one = &number_keys[i];

		if (one == key)
			expect_last(&record, one->name, expected);
		else
			expect_last(&record, one->name,
				    one->known == key->known ? "7" : NULL);
	}
}

static void test_keys_after_the_flags(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(number_keys); i++) {
		const struct number_key *key = &number_keys[i];

		expect_alone(key, 0, "0");
		expect_alone(key, 1, "1");
		expect_alone(key, ~0ULL, key->size == 8 ?
			     "18446744073709551615" : "4294967295");
	}
}

/* All of them at once, each with a value of its own, in their order. */
static void test_order_of_the_last_keys(void **state)
{
	struct tcpstates_record record = example();
	char *text;
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(number_keys); i++)
		set_member(&record, &number_keys[i], 100 + i);
	record.known = 0x7fff;
	text = as_line(&record);
	assert_string_equal(strstr(text, " flags="),
			    " flags=- inode=100 cgroup=101 rtt_us=102 retrans=103 rq=104 wq=105 bytes_in=106 bytes_out=107 handshake_ns=108 acceptq=109 backlog=110\n");
	free(text);
	text = as_json(&record);
	assert_string_equal(strstr(text, ",\"flags\":"),
			    ",\"flags\":[],\"inode\":100,\"cgroup\":101,\"rtt_us\":102,\"retrans\":103,\"rq\":104,\"wq\":105,\"bytes_in\":106,\"bytes_out\":107,\"handshake_ns\":108,\"acceptq\":109,\"backlog\":110}\n");
	free(text);
}

/* By number, as the ABI text and the contract name them. */
static const char * const cause_words[] = {
	"-", "connect", "listen", "syn", "synack", "ack", "fin", "fin-acked",
	"close", "shutdown", "rst-received", "rst-sent", "abort", "unread",
	"disconnect", "timeout", "refused", "unreachable", "synack-timeout",
	"overflow", "listener-closed", "duplicate", "tw-expired", "tw-reused",
	"tw-reset", "tw-overflow", "netns-exit", "killed", "no-memory",
	"connect-failed", "listen-failed", "repair", "unseen",
};

static void test_causes(void **state)
{
	struct tcpstates_record record = example();
	char expected[64], *text;
	unsigned int i;

	(void)state;
	assert_int_equal(COUNT(cause_words), TCPSTATES_CAUSE_COUNT);
	for (i = 0; i < 256; i++) {
		const char *cause = i < COUNT(cause_words) ? cause_words[i] : "-";

		record.cause = i;
		expect_between(&record, " cause=", " pid=", cause);
		if (i && i < COUNT(cause_words))
			snprintf(expected, sizeof(expected),
				 ",\"cause\":\"%s\",\"pid\":", cause);
		else
			snprintf(expected, sizeof(expected),
				 ",\"cause\":null,\"pid\":");
		text = as_json(&record);
		assert_non_null(strstr(text, expected));
		free(text);
	}
}

static void expect_flag(u32 flag, const char *name)
{
	struct tcpstates_record record = example();
	char expected[64], *text;

	record.flags = flag;
	expect_between(&record, " flags=", " inode=", name);
	snprintf(expected, sizeof(expected), ",\"flags\":[\"%s\"],", name);
	text = as_json(&record);
	assert_non_null(strstr(text, expected));
	free(text);
}

static void test_flags(void **state)
{
	struct tcpstates_record record = example();
	char *text, *value;

	(void)state;
	expect_flag(TCPSTATES_FLAG_V4MAPPED, "v4mapped");
	expect_flag(TCPSTATES_FLAG_UNACCEPTED, "unaccepted");
	expect_flag(TCPSTATES_FLAG_ORPHAN, "orphan");
	expect_flag(TCPSTATES_FLAG_ATLEAST, "atleast");
	expect_flag(TCPSTATES_FLAG_SYNCOOKIE, "syncookie");
	expect_flag(TCPSTATES_FLAG_TFO, "tfo");
	expect_flag(TCPSTATES_FLAG_MPTCP, "mptcp");
	record.flags = ~0U;
	expect_between(&record, " flags=", " inode=",
		       "v4mapped,unaccepted,orphan,atleast,syncookie,tfo,mptcp");
	text = as_json(&record);
	value = strstr(text, ",\"flags\":");
	assert_non_null(value);
	*strstr(value, ",\"inode\"") = '\0';
	assert_string_equal(value,
			    ",\"flags\":[\"v4mapped\",\"unaccepted\",\"orphan\",\"atleast\",\"syncookie\",\"tfo\",\"mptcp\"]");
	free(text);
	record.flags = ~0x7fU;
	expect_between(&record, " flags=", " inode=", "-");
}

#define DAY_NS	(86400 * 1000000000ULL)

static void expect_time(u64 real_ns, const char *expected)
{
	struct tcpstates_record record = {
		.event = TCPSTATES_EVENT_LOST,
		.real_ns = real_ns,
	};
	char text[TCPS_LINE_MAX], *time = text + strlen("time=");

	tcps_format_line(&format, &record, text);
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

/* Day by day as far as 64 bits reach, by a calendar that only counts. */
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
	struct tcpstates_record record = example();

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

/* By the C library; with the position after it. */
static void expect_number(u64 number)
{
	char expected[32], text[TCPS_TEXT_SLACK + 20], *end;

	end = tcps_put_number(text, number);
	*end = '\0';
	assert_int_equal(snprintf(expected, sizeof(expected), "%llu",
				  (unsigned long long)number), end - text);
	assert_string_equal(text, expected);
	end = tcps_put_hex(text, number);
	*end = '\0';
	assert_int_equal(snprintf(expected, sizeof(expected), "%llx",
				  (unsigned long long)number), end - text);
	assert_string_equal(text, expected);
}

/* Where the number of digits changes, decimal and hexadecimal, and binary. */
static void test_digits(void **state)
{
	unsigned int bit;
	u64 power, i;

	(void)state;
	expect_number(~0ULL);
	for (i = 0; i < 100000; i++)
		expect_number(i);
	for (power = 1; ; power *= 10) {
		for (i = 1; i <= 9; i++) {
			if (power > ~0ULL / i)
				break;
			expect_number(i * power - 1);
			expect_number(i * power);
			expect_number(i * power + 1);
		}
		if (power == 10000000000000000000ULL)
			break;
	}
	for (bit = 0; bit < 64; bit++) {
		expect_number((1ULL << bit) - 1);
		expect_number(1ULL << bit);
		expect_number((1ULL << bit) + 1);
		expect_number(~0ULL >> bit);
	}
}

/* What a line says, whatever was before; in the order of the calls. */
static void expect_same_as_first(struct tcps_format *kept,
				 const struct tcpstates_record *record)
{
	struct tcps_format first = { };
	char expected[TCPS_JSON_MAX], text[TCPS_JSON_MAX];
	size_t length;

	length = tcps_format_line(&first, record, expected);
	assert_int_equal(tcps_format_line(kept, record, text), length);
	assert_memory_equal(text, expected, length);
	first = (struct tcps_format) { };
	length = tcps_format_json(&first, record, expected);
	assert_int_equal(tcps_format_json(kept, record, text), length);
	assert_memory_equal(text, expected, length);
}

/* Within a second, over its end, and back again as a clock that is set. */
static void test_seconds_that_follow(void **state)
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
	/* By the arithmetic of 64 bits this one goes on in 1970. */
	expect_time(~0ULL, "2554-07-21T23:34:33.709551615Z");
	expect_time(0, "1970-01-01T00:00:00.000000000Z");
	expect_time(~0ULL, "2554-07-21T23:34:33.709551615Z");
	expect_time(200000000, "1970-01-01T00:00:00.200000000Z");
}

static void expect_netns(u32 netns, const char *expected)
{
	struct tcpstates_record record = example();

	record.netns = netns;
	expect_between(&record, " netns=", " family=", expected);
}

/* Those of hosts, of containers, and of connections that have lost theirs. */
static void test_namespaces_that_alternate(void **state)
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

/* Any order of a few seconds and namespaces, for two readers at a time. */
static void test_what_is_kept_changes_nothing(void **state)
{
	static const u32 namespaces[] = { 0, 1, 999, 1000, 4026531840U, ~0U };
	struct tcps_format kept[2] = { };
	struct tcpstates_record record = example();
	unsigned int i;

	(void)state;
	srand(1);
	for (i = 0; i < 20000; i++) {
		record.real_ns = 1795351125ULL * 1000000000 +
				 rand() % 7 * 500000000ULL - rand() % 2;
		record.netns = namespaces[rand() % COUNT(namespaces)];
		record.event = rand() % TCPSTATES_EVENT_COUNT;
		expect_same_as_first(&kept[rand() % 2], &record);
	}
}

static void test_numbers(void **state)
{
	static const u64 numbers[] = {
		0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 4294967295U,
		4294967296ULL, 9999999999999999999ULL, 10000000000000000000ULL,
		~0ULL,
	};
	struct tcpstates_record record = example();
	char expected[32];
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(numbers); i++) {
		record.dur_ns = numbers[i];
		record.conn = numbers[i];
		record.seq = numbers[i];
		record.cpu = numbers[i];
		snprintf(expected, sizeof(expected), "%llu",
			 (unsigned long long)numbers[i]);
		expect_between(&record, " dur_ns=", " cause=", expected);
		snprintf(expected, sizeof(expected), "%u:%llu", (u32)numbers[i],
			 (unsigned long long)numbers[i]);
		expect_between(&record, " seq=", " event=", expected);
		if (!numbers[i])
			continue;
		snprintf(expected, sizeof(expected), "%llx",
			 (unsigned long long)numbers[i]);
		expect_between(&record, " conn=", " netns=", expected);
	}
}

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
	struct tcpstates_record record = example();
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

/* How a byte is shown that is no part of a longer character. */
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
 * Any byte before any of ASCII, within each half of a name, between them, and
 * at the end: names are looked at eight bytes at a time.
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

/* Bytes after the first NUL are nobody's name. */
static void test_comm_ends_at_nul(void **state)
{
	struct tcpstates_record record = example();

	(void)state;
	memcpy(record.comm, "ab\0secret\0\0\0\0\0\0\0", sizeof(record.comm));
	expect_between(&record, " comm=", " uid=", "\"ab\"");
	memcpy(record.comm, "ab\xe2\x82\0\xac\0\0\0\0\0\0\0\0\0\0",
	       sizeof(record.comm));
	expect_between(&record, " comm=", " uid=", "\"ab\\xe2\\x82\"");
}

/* Whatever the bytes, a line stays one line and its quotes are two. */
static void test_no_comm_breaks_a_line(void **state)
{
	struct tcpstates_record record = example();
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

static void expect_like_inet_ntop(const u8 address[16])
{
	char expected[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN];

	must(inet_ntop(AF_INET6, address, expected, sizeof(expected)));
	assert_int_equal(tcps_format_address(TCPSTATES_FAMILY_INET6, address,
					     text), strlen(expected));
	assert_string_equal(text, expected);
	must(inet_ntop(AF_INET, address, expected, sizeof(expected)));
	assert_int_equal(tcps_format_address(TCPSTATES_FAMILY_INET, address,
					     text), strlen(expected));
	assert_string_equal(text, expected);
}

/* Every pattern of zero groups, with short, long and ::ffff: groups between. */
static void test_addresses_like_inet_ntop(void **state)
{
	unsigned int round, pattern, i;
	u8 address[16];

	(void)state;
	srand(1);
	for (pattern = 0; pattern < 256; pattern++) {
		for (round = 0; round < 64; round++) {
			for (i = 0; i < 8; i++) {
				u16 group = rand() >> (rand() % 16);

				if (pattern & (1U << i))
					group = 0;
				else if (round % 4 == 0)
					group = 0xffff;
				address[2 * i] = group >> 8;
				address[2 * i + 1] = group;
			}
			expect_like_inet_ntop(address);
		}
	}
}

static void test_addresses(void **state)
{
	static const struct {
		u8 address[16];
		const char *text;
	} cases[] = {
		{ { 0 }, "::" },
		{ { [15] = 1 }, "::1" },
		{ { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 }, "2001:db8::1" },
		{ { 0xfe, 0x80 }, "fe80::" },
		{ { 0, 1, [8] = 0, 1 }, "1::1:0:0:0" },
		{ { 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1 },
		  "2001:db8:0:1:1:1:1:1" },
		{ { [10] = 0xff, 0xff, 192, 0, 2, 1 }, "::ffff:192.0.2.1" },
		{ { [0 ... 15] = 0xff },
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};
	char text[INET6_ADDRSTRLEN];
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		tcps_format_address(TCPSTATES_FAMILY_INET6, cases[i].address,
				    text);
		assert_string_equal(text, cases[i].text);
	}
	assert_int_equal(tcps_format_address(0, cases[0].address, text), 1);
	assert_string_equal(text, "-");
}

/*
 * How long a text is and, since a word is copied with its padding, how far it
 * is written: what was there before shows what was not.
 */
struct extent {
	size_t length;
	size_t written;
};

typedef size_t (*format_fn)(struct tcps_format *format,
			    const struct tcpstates_record *record, char *text);

static void add_extent(struct extent *extent, format_fn make,
		       const struct tcpstates_record *record, size_t room)
{
	char *text[2];
	size_t length = 0, written = room;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		/* The rest is for the sanitizer to watch. */
		text[i] = malloc(room);
		must(text[i]);
		memset(text[i], i ? 'x' : 'y', room);
		length = make(&format, record, text[i]);
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
	/* Counted by hand; who adds a key sees how much room it takes. */
	assert_int_equal(line.length, 755);
	assert_true(line.length + TCPS_TEXT_SLACK <= TCPS_LINE_MAX);
	assert_int_equal(json.length, 883);
	assert_true(json.length + TCPS_TEXT_SLACK <= TCPS_JSON_MAX);
	/* No word is so near to the end that its padding goes beyond it. */
	assert_int_equal(line.written, line.length);
	assert_int_equal(json.written, json.length);
}

/* The same where nothing is known, and of every flag alone. */
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

/* No name is cut off, and each has the room that a copy of it takes. */
static void expect_name(const struct tcps_name *name, const char *expected)
{
	assert_string_equal(name->text, expected);
	assert_int_equal(name->length, strlen(expected));
	assert_true(sizeof(name->text) <= TCPS_TEXT_SLACK);
}

static void test_words(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++)
		expect_name(tcps_name_cause(i), i < COUNT(cause_words) ?
						cause_words[i] : "-");
	expect_name(tcps_name_state(TCPSTATES_ESTABLISHED), "ESTABLISHED");
	expect_name(tcps_name_state(TCPSTATES_STATE_COUNT), "-");
	expect_name(tcps_name_event(TCPSTATES_EVENT_EXISTING), "existing");
	expect_name(tcps_name_event(TCPSTATES_EVENT_COUNT), "-");
	/* Each bit, from the first on, has a name of its own. */
	for (i = 0; TCPS_FLAGS >> i; i++)
		assert_int_equal(tcps_flags[i].length,
				 strlen(tcps_flags[i].text));
	assert_int_equal(TCPS_FLAGS, (1U << i) - 1);
	assert_int_equal(i, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_known_zero),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_existing),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_numbers_out_of_range),
		cmocka_unit_test(test_keys_after_the_flags),
		cmocka_unit_test(test_order_of_the_last_keys),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_every_date),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_seconds_that_follow),
		cmocka_unit_test(test_namespaces_that_alternate),
		cmocka_unit_test(test_what_is_kept_changes_nothing),
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_comm),
		cmocka_unit_test(test_any_byte_at_any_place),
		cmocka_unit_test(test_comm_ends_at_nul),
		cmocka_unit_test(test_no_comm_breaks_a_line),
		cmocka_unit_test(test_addresses_like_inet_ntop),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_shortest),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
