// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <arpa/inet.h>

/* Included, to reach what is not public: dates that no record can hold. */
#include "format.c"

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

/* Formats into memory of exactly that size, for the sanitizer to watch. */
static char *as_line(const struct tcpstates_record *record)
{
	char *text = malloc(TCPS_LINE_MAX + 1);
	size_t length;

	must(text);
	length = tcps_format_line(record, text);
	assert_in_range(length, 1, TCPS_LINE_MAX);
	text[length] = '\0';
	return text;
}

static char *as_json(const struct tcpstates_record *record)
{
	char *text = malloc(TCPS_JSON_MAX + 1);
	size_t length;

	must(text);
	length = tcps_format_json(record, text);
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
		"-", "transition", "lost", "existing",
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
	"connect-failed", "listen-failed", "repair",
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

struct date_case {
	u32 days;
	const char *date;
};

static const struct date_case date_cases[] = {
	{ 0, "1970-01-01" }, { 30, "1970-01-31" }, { 31, "1970-02-01" },
	{ 58, "1970-02-28" }, { 59, "1970-03-01" }, { 364, "1970-12-31" },
	{ 789, "1972-02-29" }, { 790, "1972-03-01" },
	{ 10956, "1999-12-31" }, { 11016, "2000-02-29" },
	{ 11017, "2000-03-01" }, { 11322, "2000-12-31" },
	{ 19781, "2024-02-28" }, { 19782, "2024-02-29" },
	{ 19783, "2024-03-01" }, { 20779, "2026-11-22" },
	{ 47540, "2100-02-28" }, { 47541, "2100-03-01" },
	{ 157112, "2400-02-28" },
	{ 157113, "2400-02-29" }, { 157114, "2400-03-01" }, { 213503, "2554-07-21" },
	{ 2932896, "9999-12-31" },
};

static void test_dates(void **state)
{
	unsigned int i;
	char text[10];

	(void)state;
	for (i = 0; i < COUNT(date_cases); i++) {
		assert_ptr_equal(put_date(text, date_cases[i].days), text + 10);
		assert_memory_equal(text, date_cases[i].date, 10);
	}
}

/* Day by day from 1970 to 9999, by a calendar that only counts. */
static void test_every_date(void **state)
{
	static const unsigned int lengths[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};
	unsigned int year = 1970, month = 1, day = 1;
	char expected[32], text[10];
	u32 days;

	(void)state;
	for (days = 0; year <= 9999; days++) {
		bool leap = year % 4 == 0 &&
			    (year % 100 != 0 || year % 400 == 0);

		snprintf(expected, sizeof(expected), "%04u-%02u-%02u", year,
			 month, day);
		put_date(text, days);
		assert_memory_equal(text, expected, sizeof(text));
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
	record.real_ns = 86399999999999ULL;
	expect_between(&record, "time=", " seq=", "1970-01-01T23:59:59.999999999Z");
	record.real_ns++;
	expect_between(&record, "time=", " seq=", "1970-01-02T00:00:00.000000000Z");
	record.real_ns = 1ULL << 63;
	expect_between(&record, "time=", " seq=", "2262-04-11T23:47:16.854775808Z");
	record.real_ns = ~0ULL;
	expect_between(&record, "time=", " seq=", "2554-07-21T23:34:33.709551615Z");
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

/* The longest line and object of the states and the cause of @record. */
static void find_longest(struct tcpstates_record *record, size_t *line,
			 size_t *json)
{
	unsigned int byte;
	char *text;

	for (byte = 1; byte < 256; byte++) {
		memset(record->comm, byte, sizeof(record->comm));
		text = as_line(record);
		*line = strlen(text) > *line ? strlen(text) : *line;
		free(text);
		text = as_json(record);
		*json = strlen(text) > *json ? strlen(text) : *json;
		free(text);
	}
}

/* The longest value of every key at once, for any choice of the others. */
static void test_longest(void **state)
{
	struct tcpstates_record record;
	size_t line = 0, json = 0;
	unsigned int i, cause;

	(void)state;
	memset(&record, 0xff, sizeof(record));
	record.event = TCPSTATES_EVENT_TRANSITION;
	record.family = TCPSTATES_FAMILY_INET6;
	for (i = 0; i < TCPSTATES_STATE_COUNT; i++) {
		for (cause = 0; cause < TCPSTATES_CAUSE_COUNT; cause++) {
			record.old_state = i;
			record.new_state = i;
			record.cause = cause;
			find_longest(&record, &line, &json);
		}
	}
	/* Counted by hand; who adds a key sees how much room it takes. */
	assert_int_equal(line, 755);
	assert_int_equal(json, 883);
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
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_comm),
		cmocka_unit_test(test_comm_ends_at_nul),
		cmocka_unit_test(test_no_comm_breaks_a_line),
		cmocka_unit_test(test_addresses_like_inet_ntop),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
