// SPDX-License-Identifier: GPL-2.0
/* The words for states, events, families, causes and flags, in text and in their tables. */
#include "format_fixture.h"

#include "names.h"
#include "text.h"

static void test_states(void **state)
{
	static const char * const names[] = {
		"-", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK",
		"LISTEN", "CLOSING",
	};
	struct tcpstates_record record = example_record();
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
	struct tcpstates_record record = example_record();
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		const char *event = i < COUNT(events) ? events[i] : "-";
		const char *family = i == 4 ? "inet" : i == 6 ? "inet6" : "-";

		record = example_record();
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
	struct tcpstates_record record = example_record();
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
	struct tcpstates_record record = example_record();
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
	struct tcpstates_record record = example_record();
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

/* A word is complete, and a copy of it stays within the slack. */
static void expect_word(const struct tcps_name *name, const char *expected)
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
		expect_word(tcps_name_cause(i), i < COUNT(cause_words) ?
						cause_words[i] : "-");
	expect_word(tcps_name_state(TCPSTATES_ESTABLISHED), "ESTABLISHED");
	expect_word(tcps_name_state(TCPSTATES_STATE_COUNT), "-");
	expect_word(tcps_name_event(TCPSTATES_EVENT_EXISTING), "existing");
	expect_word(tcps_name_event(TCPSTATES_EVENT_COUNT), "-");
	/* Each bit, from the lowest on, has a word. */
	for (i = 0; TCPS_FLAGS >> i; i++)
		assert_int_equal(tcps_flags[i].length,
				 strlen(tcps_flags[i].text));
	assert_int_equal(TCPS_FLAGS, (1U << i) - 1);
	assert_int_equal(i, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_numbers_out_of_range),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
