// SPDX-License-Identifier: GPL-2.0
/* Items with the fields that the user wants: --format and --csv. */
#include "unit.h"

#include <unistd.h>

#include "base/output.h"
#include "libtcpstates.h"
#include "print/fields.h"
#include "text/item.h"

#define TIME	"1970-01-01T00:00:00.000000001Z"

static const struct tcpstates_record change = {
	.event = TCPSTATES_EVENT_TRANSITION,
	.known = TCPSTATES_KNOW_OWNER,
	.real_ns = 1,
	.pid = 812,
	.comm = "a \"b\",",
	.flags = TCPSTATES_FLAG_ORPHAN | TCPSTATES_FLAG_TFO,
};

static const struct tcpstates_record loss = {
	.event = TCPSTATES_EVENT_LOST,
	.real_ns = 1,
	.count = 7,
};

typedef void (*fields_fn)(const struct fields *fields, struct output *out,
			  const struct item *item);

static void expect_output(const struct output *out, const char *expected)
{
	assert_int_equal(out->length, strlen(expected));
	assert_memory_equal(out->bytes, expected, out->length);
}

static void expect_item(fields_fn fields_item, const struct fields *fields,
			const struct item *item, const char *expected)
{
	static struct output out;

	out.length = 0;
	fields_item(fields, &out, item);
	expect_output(&out, expected);
}

static void expect(fields_fn fields_item, const struct fields *fields,
		   const struct tcpstates_record *record, const char *expected)
{
	const struct item item = { .record = record };

	expect_item(fields_item, fields, &item, expected);
}

static struct fields choose(const char *list, const char *more)
{
	struct fields fields;

	fields_init(&fields, more);
	assert_null(fields_choose(&fields, list));
	return fields;
}

static void test_all_fields(void **state)
{
	char line[TCPSTATES_LINE_SIZE], json[TCPSTATES_JSON_SIZE];
	struct fields fields;

	(void)state;
	fields_init(&fields, NULL);
	tcpstates_format_line(&change, line, sizeof(line));
	expect(fields_line, &fields, &change, line);
	tcpstates_format_json(&change, json, sizeof(json));
	expect(fields_json, &fields, &change, json);
}

static void test_chosen_fields(void **state)
{
	struct fields fields = choose("flags,pid,comm,uid,pid,count", NULL);

	(void)state;
	expect(fields_line, &fields, &change,
	       "flags=orphan,tfo pid=812 comm=\"a \\x22b\\x22,\" uid=- pid=812 count=-\n");
	expect(fields_json, &fields, &change,
	       "{\"flags\":[\"orphan\",\"tfo\"],\"pid\":812,\"comm\":\"a \\\"b\\\",\",\"uid\":null,\"pid\":812,\"count\":null}\n");
	expect(fields_csv, &fields, &change,
	       "\"orphan,tfo\",812,\"a \\x22b\\x22,\",,812,\r\n");
}

static void test_unknown_keys(void **state)
{
	static const char * const lists[] = { "", "pid,", ",pid", "pids", "pi",
					      "holders", "pid,PID", "pid, uid" };
	static const size_t places[] = { 0, 4, 0, 0, 0, 0, 4, 4 };
	struct fields fields;
	unsigned int i;

	(void)state;
	fields_init(&fields, NULL);
	for (i = 0; i < COUNT(lists); i++) {
		assert_ptr_equal(fields_choose(&fields, lists[i]),
				 lists[i] + places[i]);
		assert_true(fields.all);
	}
}

/* A loss is printed whole; a row of CSV has its columns. */
static void test_losses(void **state)
{
	struct fields fields = choose("time,pid,count", NULL);

	(void)state;
	expect(fields_line, &fields, &loss,
	       "time=" TIME " seq=- event=lost count=7\n");
	expect(fields_json, &fields, &loss,
	       "{\"time\":\"" TIME "\",\"seq\":null,\"event\":\"lost\",\"count\":7}\n");
	expect(fields_csv, &fields, &loss, TIME ",,7\r\n");
}

static void test_added_values(void **state)
{
	const struct extra extras[] = {
		{ .key = "holders", .text = "1:2,3:4", .json = "[1]" },
		{ .key = "meaning", .only_json = true, .json = "\"m\"" },
	};
	const struct extra unknown = { .key = "holders", .json = "null" };
	struct item item = { .record = &loss, .extras = extras, .count = 2 };
	struct fields fields;

	(void)state;
	fields_init(&fields, "holders");
	expect_item(fields_line, &fields, &item, "time=" TIME
		    " seq=- event=lost count=7 holders=1:2,3:4\n");
	expect_item(fields_json, &fields, &item, "{\"time\":\"" TIME
		    "\",\"seq\":null,\"event\":\"lost\",\"count\":7,\"holders\":[1],\"meaning\":\"m\"}\n");

	fields = choose("holders,pid", "holders");
	item.record = &change;
	expect_item(fields_line, &fields, &item, "holders=1:2,3:4 pid=812\n");
	expect_item(fields_json, &fields, &item,
		    "{\"holders\":[1],\"pid\":812}\n");
	expect_item(fields_csv, &fields, &item, "\"1:2,3:4\",812\r\n");
	item.extras = &unknown;
	item.count = 1;
	expect_item(fields_line, &fields, &item, "holders=- pid=812\n");
	expect_item(fields_json, &fields, &item,
		    "{\"holders\":null,\"pid\":812}\n");
	expect_item(fields_csv, &fields, &item, ",812\r\n");
	expect(fields_csv, &fields, &change, ",812\r\n");
}

static void test_head_of_csv(void **state)
{
	static struct output out;
	struct fields fields;

	(void)state;
	fields_init(&fields, "holders");
	fields_csv_head(&fields, &out);
	expect_output(&out,
		      "time,seq,event,count,conn,netns,family,laddr,lport,raddr,rport,old,new,dur_ns,cause,pid,comm,uid,flags,inode,cgroup,rtt_us,retrans,rq,wq,bytes_in,bytes_out,handshake_ns,acceptq,backlog,holders\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_fields),
		cmocka_unit_test(test_chosen_fields),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_added_values),
		cmocka_unit_test(test_head_of_csv),
	};

	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
