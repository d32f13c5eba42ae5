// SPDX-License-Identifier: GPL-2.0
/* What a summary says: of lengths of time, within its promise; of changes, exactly. */
#include "unit.h"

#include "records/histogram.h"
#include "records/summary.h"

static int compare(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	return left < right ? -1 : left > right;
}

/* Any share of any lengths, against the lengths themselves. */
static void test_shares(void **state)
{
	enum { COUNT_MAX = 500 };
	static struct histogram histogram;
	u64 values[COUNT_MAX];
	unsigned int percent;
	size_t count, i;

	(void)state;
	srand(1);
	for (count = 1; count <= COUNT_MAX; count += 83) {
		memset(&histogram, 0, sizeof(histogram));
		for (i = 0; i < count; i++) {
			values[i] = ((u64)rand() << 33 ^ (u64)rand() << 11) >>
				    rand() % 64;
			histogram_add(&histogram, values[i]);
		}
		qsort(values, count, sizeof(*values), compare);
		for (percent = 1; percent <= 100; percent++) {
			u64 truth = values[(count * percent + 99) / 100 - 1];
			u64 told = histogram_percentile(&histogram, percent);

			assert_true(told >= truth);
			assert_true(told - truth <= truth / HISTOGRAM_PARTS);
			assert_true(told <= values[count - 1]);
		}
	}
}

static void test_limits(void **state)
{
	static struct histogram histogram;

	(void)state;
	histogram_add(&histogram, 0);
	assert_int_equal(histogram_percentile(&histogram, 100), 0);
	histogram_add(&histogram, ~0ULL);
	assert_int_equal(histogram_percentile(&histogram, 50), 0);
	assert_true(histogram_percentile(&histogram, 100) == ~0ULL);
}

static void add(struct summary *summary, u8 event, u8 old, u8 new, u8 cause,
		u64 number)
{
	struct tcpstates_record record = {
		.event = event,
		.old_state = old,
		.new_state = new,
		.cause = cause,
		.known = number ? TCPSTATES_KNOW_HANDSHAKE : 0,
		.handshake_ns = number,
		.count = number,
	};

	summary_add(summary, &record);
}

static void test_summary(void **state)
{
	static struct summary summary;
	char *text;

	(void)state;
#define CHANGE(old, new, cause, number) \
	add(&summary, TCPSTATES_EVENT_TRANSITION, TCPSTATES_##old, \
	    TCPSTATES_##new, TCPSTATES_CAUSE_##cause, number)
	CHANGE(CLOSE, LISTEN, LISTEN, 0);
	CHANGE(CLOSE, SYN_SENT, CONNECT, 0);
	CHANGE(LISTEN, SYN_RECV, SYN, 0);
	CHANGE(SYN_SENT, ESTABLISHED, SYNACK, 1500000);
	CHANGE(SYN_RECV, ESTABLISHED, ACK, 0);
	CHANGE(CLOSE, SYN_SENT, CONNECT, 0);
	CHANGE(SYN_SENT, CLOSE, REFUSED, 0);
	CHANGE(TIME_WAIT, CLOSE, TW_EXPIRED, 0);
	CHANGE(ESTABLISHED, CLOSE, RST_RECEIVED, 0);
	CHANGE(ESTABLISHED, CLOSE, RST_RECEIVED, 0);
	CHANGE(ESTABLISHED, CLOSE, UNKNOWN, 0);
	CHANGE(LISTEN, CLOSE, CLOSE, 0);
	add(&summary, TCPSTATES_EVENT_STUCK, TCPSTATES_CLOSE_WAIT,
	    TCPSTATES_CLOSE_WAIT, 0, 0);
	add(&summary, TCPSTATES_EVENT_LOST, 0, 0, 0, 77);
	summary.hidden = 3;
	text = summary_text(&summary);
	assert_string_equal(text,
			    "12 changes (3 not shown); 2 connections opened here, 1 by others; 1 times stuck; 77 records lost\n"
			    "handshakes                 median        90 %        99 %     longest\n"
			    "  here              1    1.500 ms    1.500 ms    1.500 ms    1.500 ms\n"
			    "  by others         0           -           -           -           -\n"
			    "ended other than by FIN and ACK\n"
			    "  (unknown)       1\n"
			    "  rst-received    2\n"
			    "  refused         1\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
