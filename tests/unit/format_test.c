// SPDX-License-Identifier: GPL-2.0
/* Lines and objects: all keys, their order, and which of them have a value. */
#include "format_fixture.h"

/* The keys after the flags, of which nothing is known. */
#define NO_MORE \
	" inode=- cgroup=- rtt_us=- retrans=- rq=- wq=- bytes_in=- bytes_out=- handshake_ns=- acceptq=- backlog=-"
#define NO_MORE_JSON \
	",\"inode\":null,\"cgroup\":null,\"rtt_us\":null,\"retrans\":null,\"rq\":null,\"wq\":null,\"bytes_in\":null,\"bytes_out\":null,\"handshake_ns\":null,\"acceptq\":null,\"backlog\":null"

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

static void test_example(void **state)
{
	struct tcpstates_record record = example_record();

	(void)state;
	expect_line(&record,
		    "time=2026-11-22T12:38:45.123456789Z seq=1:1041 event=transition conn=5f3 netns=4026531840 family=inet laddr=10.0.0.5 lport=443 raddr=10.0.0.9 rport=53122 old=ESTABLISHED new=CLOSE_WAIT dur_ns=1523411250 cause=- pid=812 comm=\"java\" uid=1001 flags=-"
		    NO_MORE "\n");
	expect_json(&record,
		    "{\"time\":\"2026-11-22T12:38:45.123456789Z\",\"seq\":\"1:1041\",\"event\":\"transition\",\"conn\":\"5f3\",\"netns\":4026531840,\"family\":\"inet\",\"laddr\":\"10.0.0.5\",\"lport\":443,\"raddr\":\"10.0.0.9\",\"rport\":53122,\"old\":\"ESTABLISHED\",\"new\":\"CLOSE_WAIT\",\"dur_ns\":1523411250,\"cause\":null,\"pid\":812,\"comm\":\"java\",\"uid\":1001,\"flags\":[]"
		    NO_MORE_JSON "}\n");
}

/* A value that is not known is not shown, whatever its member holds. */
static void test_unknown(void **state)
{
	struct tcpstates_record record = example_record();
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

/* A known zero is shown. */
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

/* A row of a snapshot has no sequence number and no old state. */
static void test_existing(void **state)
{
	struct tcpstates_record record = example_record();

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

/* Only @key has a value, and the keys that share its bit. */
static void expect_alone(const struct number_key *key, u64 value,
			 const char *expected)
{
	struct tcpstates_record record = example_record();
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

/* All keys at once, each with a different value. */
static void test_order_of_the_last_keys(void **state)
{
	struct tcpstates_record record = example_record();
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_known_zero),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_existing),
		cmocka_unit_test(test_keys_after_the_flags),
		cmocka_unit_test(test_order_of_the_last_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
