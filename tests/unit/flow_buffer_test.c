// SPDX-License-Identifier: GPL-2.0
/* What is held back comes together, in its order, and all of it; what may be shown. */
#include "unit.h"

#include "records/flow_buffer.h"
#include "records/rate_limit.h"

static char shown[65536 * 8];
static int verdict;

static int show(void *data, const struct tcpstates_record *record, bool last)
{
	size_t length = strlen(shown);

	assert_ptr_equal(data, shown);
	snprintf(shown + length, sizeof(shown) - length, "%llu:%llu%s",
		 (unsigned long long)record->conn,
		 (unsigned long long)record->seq, last ? "\n" : " ");
	return verdict;
}

static struct flow_buffer buffer;

static int setup(void **state)
{
	(void)state;
	buffer = (struct flow_buffer) { .show = show, .data = shown };
	*shown = '\0';
	verdict = 1;
	return 0;
}

static int happen(u64 conn, u64 seq, u8 new)
{
	struct tcpstates_record record = {
		.event = TCPSTATES_EVENT_TRANSITION,
		.conn = conn,
		.seq = seq,
		.new_state = new,
	};

	return flow_buffer_add(&buffer, &record);
}

static void test_together(void **state)
{
	(void)state;
	happen(1, 1, TCPSTATES_SYN_SENT);
	happen(2, 2, TCPSTATES_SYN_RECV);
	happen(1, 3, TCPSTATES_ESTABLISHED);
	happen(2, 4, TCPSTATES_ESTABLISHED);
	assert_string_equal(shown, "");
	happen(2, 5, TCPSTATES_CLOSE);
	assert_string_equal(shown, "2:2 2:4 2:5\n");
	happen(3, 6, TCPSTATES_SYN_SENT);
	happen(1, 7, TCPSTATES_TIME_WAIT);
	happen(1, 8, TCPSTATES_CLOSE);
	happen(2, 9, TCPSTATES_SYN_SENT);
	assert_int_equal(flow_buffer_flush(&buffer), 1);
	assert_string_equal(shown,
			    "2:2 2:4 2:5\n1:1 1:3 1:7\n1:8\n3:6\n2:9\n");
	assert_null(buffer.table);
	assert_int_equal(buffer.held, 0);
}

/* However many do not end, memory does; the oldest are shown as they are. */
static void test_bound(void **state)
{
	u64 i;

	(void)state;
	for (i = 1; i <= 65536; i++)
		assert_int_equal(happen(i, i, TCPSTATES_SYN_SENT), 1);
	assert_string_equal(shown, "");
	happen(i, i, TCPSTATES_SYN_SENT);
	assert_string_equal(shown, "1:1\n");
	assert_int_equal(buffer.held, 65536);
	verdict = 0;
	assert_int_equal(flow_buffer_flush(&buffer), 0);
	assert_string_equal(shown, "1:1\n2:2\n");
	assert_null(buffer.table);
}

static void test_pace(void **state)
{
	struct rate_limit limit = { .rate = 2 }, all = { 0 };
	int i;

	(void)state;
	assert_int_equal(rate_limit_wait_ms(&limit, 5000), -1);
	for (i = 0; i < 5; i++)
		assert_int_equal(rate_limit_allows(&limit, 5100 + i), i < 2);
	assert_int_equal(rate_limit_take_hidden(&limit, 5999), 0);
	assert_int_equal(rate_limit_wait_ms(&limit, 5400), 600);
	assert_int_equal(rate_limit_take_hidden(&limit, 6000), 3);
	assert_int_equal(rate_limit_take_hidden(&limit, 6000), 0);
	assert_true(rate_limit_allows(&limit, 6000));
	assert_int_equal(rate_limit_wait_ms(&limit, 6000), -1);
	for (i = 0; i < 1000; i++)
		assert_true(rate_limit_allows(&all, 7000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_together, setup),
		cmocka_unit_test_setup(test_bound, setup),
		cmocka_unit_test(test_pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
