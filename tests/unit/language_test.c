// SPDX-License-Identifier: GPL-2.0
/*
 * The language of filters: what a text means, which records fulfil it, what is no
 * filter and where, and that the module's filter never leaves out what fulfils it.
 */
#define _GNU_SOURCE
#include "language_fixture.h"

/* Whether it passes; what the module would have left out does not. */
static bool passes(const char *text, const struct tcpstates_record *record)
{
	struct filter *filter = parse(text);
	struct tcpstates_filter kernel;
	bool passes = filter_matches(filter, record);

	filter_narrow(filter, &kernel);
	if (tcps_filter_check(&kernel))
		fail_msg("'%s': not what the module takes", text);
	if (passes && !tcps_filter_match(&kernel, record))
		fail_msg("'%s': the module would have left it out", text);
	filter_free(filter);
	return passes;
}

struct match_case {
	const char *text;
	bool server;
	bool found;
};

static const struct match_case match_cases[] = {
	{ "", true, true },
	{ "state close-wait", true, false },
	{ "state CLOSE_WAIT", true, false },
	{ "state = close-wait", true, false },
	{ "state != close-wait", false, true },
	{ "state established", false, true },
	{ "state established state close-wait", true, true },
	{ "exclude close-wait", false, true },
	{ "state all exclude close-wait", false, true },
	{ "state connected", true, true },
	{ "state big", true, true },
	{ "state bucket", false, false },
	{ "state fin-wait-1 state fin-wait2", false, false },
	{ "new close-wait", true, false },
	{ "old established", true, false },
	{ "not old established", false, false },
	{ "old != listen", true, false },
	{ "sport = :443", true, true },
	{ "sport :https", true, true },
	{ "sport https", true, true },
	{ "sport inet:443", true, true },
	{ "sport = :400-500", true, true },
	{ "sport = :444-500", false, false },
	{ "sport != :400-500", false, false },
	{ "dport > 53121 dport < 53123", true, true },
	{ "dport ge 53122 dport leq 53122", true, true },
	{ "dport gt 53122", false, false },
	{ "not dport gt 53122", true, true },
	{ "sport *", true, true },
	{ "sport < 0", false, false },
	{ "sport >= 0", true, true },
	{ "src 10.0.0.5", true, false },
	{ "src = 10.0.0.5:443", true, false },
	{ "src 10.0.0.5:https", true, false },
	{ "src 10.0.0.5:444", false, false },
	{ "src != 10.0.0.5:444", true, true },
	{ "src != 10.0.0.5", false, true },
	{ "src 10.0.0.0/8", true, false },
	{ "src 10/8", true, false },
	{ "src 10.1.2.3/8", true, false },
	{ "src 10.0.0.4/31", true, false },
	{ "src 10.0.0.6/31", false, false },
	{ "src :443", true, true },
	{ "src *:443", true, true },
	{ "src inet6:*", false, true },
	{ "src 0.0.0.0/0", true, false },
	{ "dst [2001:db8::2]", false, true },
	{ "dst [2001:db8::2]:53122", false, true },
	{ "dst [2001:db8::2]:1", false, false },
	{ "dst 2001:db8::2", false, true },
	{ "dst [2001:db8::]/32", false, true },
	{ "dst [2001:db8::/32]:53122", false, true },
	{ "dst [2001:db8::]/32:53122", false, true },
	{ "dst [2001:db8::]/32:1", false, false },
	{ "dst [2001:db9::]/31", false, true },
	{ "dst [2001:db9::]/32", false, false },
	{ "src one.example or src both.example", false, true },
	{ "not src both.example", true, false },
	{ "dst many.example", true, false },
	{ "not dst many.example", false, true },
	{ "dport 1 or dst many.example sport 443", true, false },
	{ "src != both.example and src != one.example", true, false },
	{ "family inet", true, false },
	{ "family != inet", false, true },
	{ "pid 812", true, false },
	{ "pid = 813", false, false },
	{ "pid != 813", true, false },
	{ "not pid 813", true, false },
	{ "pid > 800", true, false },
	{ "comm java", true, false },
	{ "comm j*a", true, false },
	{ "comm \"java\"", true, false },
	{ "comm != jav", true, false },
	{ "uid 1001", true, true },
	{ "uid alice", true, true },
	{ "uid != alice", false, false },
	{ "cgroup 77", true, true },
	{ "netns 4026531840", true, true },
	{ "netns != 4026531840", false, false },
	{ "conn 5f3", true, true },
	{ "conn sk:5F3", true, true },
	{ "conn 0x5f3", true, true },
	{ "cause fin", true, false },
	{ "cause != rst-received", true, false },
	{ "not cause rst_received", true, false },
	{ "event transition", true, false },
	{ "event existing or event stuck", false, true },
	/* The one found is 60 s old at least: nobody knows if it is 61. */
	{ "age > 59s", false, true },
	{ "age >= 60", false, true },
	{ "age > 60s", false, false },
	{ "not age > 60s", true, false },
	{ "age < 60s", true, false },
	{ "age >= 1ms", false, true },
	{ "age = 0", true, false },
	{ "dur > 1s", true, true },
	{ "dur > 1500ms", false, true },
	{ "dur <= 1500ms", true, false },
	{ "dur > 1h", false, false },
	{ "dur < 1h", true, false },
	{ "not not sport 443", true, true },
	{ "! ( sport 443 )", false, false },
	{ "sport 1 or sport 443 and dport 53122", true, true },
	{ "( sport 1 or sport 443 ) and dport 1", false, false },
	{ "sport 443 or sport 1 and dport 1", true, true },
	{ "sport=443&&dport>=53122", true, true },
	{ "sport=1||dport=53122", true, true },
	{ "not ( sport 1 or dport 1 )", true, true },
	{ "not ( sport 1 and dport 53122 )", true, true },
	{ "state syn-sent sport 443 or sport 1", false, false },
	{ "state syn-sent or sport 443", true, true },
	{ "( state syn-sent sport 1 or sport 443 )", false, false },
	{ "state close-wait and ( dport = :443 or src 10.0.0.0/8 )", true, false },
	{ "sport with-dash", false, false },
	{ "SPORT = 443 AND NOT DPORT = 1", true, true },
};

static void test_matches(void **state)
{
	struct tcpstates_record change = server(), row = found();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(match_cases); i++) {
		const struct match_case *c = &match_cases[i];

		if (passes(c->text, &change) != c->server)
			fail_msg("'%s' of the change: not %d", c->text,
				 c->server);
		if (passes(c->text, &row) != c->found)
			fail_msg("'%s' of the row: not %d", c->text, c->found);
	}
}

/* What is unknown fulfils neither a condition nor its contrary. */
static void test_unknown(void **state)
{
	static const char * const conditions[] = {
		"old close", "sport 0", "dport 0", "src 0.0.0.0", "src :0",
		"dst 0.0.0.0/8:0", "pid 0", "comm \"\"", "uid 0", "cgroup 0",
		"cause fin", "dur 0", "age 0", "sport < 5", "state listen",
	};
	struct tcpstates_record record = {
		.event = TCPSTATES_EVENT_EXISTING,
		.family = TCPSTATES_FAMILY_INET,
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(conditions); i++) {
		assert_false(passes(conditions[i], &record));
		snprintf(text, sizeof(text), "not %s", conditions[i]);
		assert_false(passes(text, &record));
	}
}

/* A listener has no peer, as ss sees it: its address and port are 0. */
static void test_listener(void **state)
{
	static const struct {
		const char *text;
		bool passes;
	} cases[] = {
		{ "dport 0", true }, { "dport != 80", true },
		{ "dport < 9", true }, { "not dport < 9", false },
		{ "dst 0.0.0.0", true }, { "dst :0", true },
		{ "not dst 10.0.0.1", true }, { "dst 10.0.0.0/8", false },
		{ "dst 0.0.0.0/8:0-5", true }, { "dst != :0", false },
		{ "dport < 9 or dst 0.0.0.1", true },
	};
	struct tcpstates_record record = {
		.event = TCPSTATES_EVENT_EXISTING,
		.family = TCPSTATES_FAMILY_INET,
		.new_state = TCPSTATES_LISTEN,
		.known = TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT,
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		if (passes(cases[i].text, &record) != cases[i].passes)
			fail_msg("'%s'", cases[i].text);
	record.event = TCPSTATES_EVENT_TRANSITION;
	record.old_state = TCPSTATES_LISTEN;
	record.new_state = TCPSTATES_CLOSE;
	assert_true(passes("dport 0", &record));
	assert_true(passes("dst != 10.0.0.1", &record));
}

static void test_losses_pass(void **state)
{
	struct tcpstates_record loss = { .event = TCPSTATES_EVENT_LOST };

	(void)state;
	assert_true(passes("sport 1 sport 2", &loss));
	assert_true(passes("not event stuck", &loss));
}

struct error_case {
	const char *text;
	size_t column;
	const char *what;
};

static const struct error_case error_cases[] = {
	{ "state", 5, "'state' needs a value" },
	{ "state nosuch", 6, "'nosuch' is not a valid state" },
	{ "state > listen", 6, "only be compared with = or !=" },
	{ "sport = ", 8, "'sport' needs a value" },
	{ "sport = )", 8, "needs a value" },
	{ "sport = :65536", 8, "is not a valid port" },
	{ "sport = :-1", 8, "is not a valid port" },
	{ "sport = :9-8", 8, "is not a valid port" },
	{ "sport = nosuch", 8, "is not a valid port" },
	{ "sport = 18446744073709551616", 8, "is not a valid port" },
	{ "dst 10.0.0.0/33", 4, "is not a valid address" },
	{ "dst 10.0.0.256", 4, "is not a valid address" },
	{ "dst 1.2.3.4.5", 4, "is not a valid address" },
	{ "dst [::1", 4, "is not a valid address" },
	{ "dst [::1]x", 4, "is not a valid address" },
	{ "dst [::1]/129", 4, "is not a valid address" },
	{ "dst inet:[::1]", 4, "is not a valid address" },
	{ "dst inet:::1", 4, "is not a valid address" },
	{ "dst inet6:1.2.3.4", 4, "is not a valid address" },
	{ "dst nosuch.example", 4, "is not a valid address" },
	{ "dst one.example/8", 4, "is not a valid address" },
	{ "dst > 1.2.3.4", 4, "only be compared with = or !=" },
	{ "comm < a", 5, "only be compared with = or !=" },
	{ "uid nosuch", 4, "is not a valid user" },
	{ "pid -1", 4, "is not a valid number" },
	{ "pid 1x", 4, "is not a valid number" },
	{ "conn 0", 5, "is not a valid connection" },
	{ "netns nosuch", 6, "is not a valid network namespace" },
	{ "cgroup nosuch", 7, "is not a valid control group" },
	{ "cause nosuch", 6, "is not a valid cause" },
	{ "event lost", 6, "is not a valid event" },
	{ "family ip", 7, "is not a valid family" },
	{ "age > 5x", 6, "is not a valid age" },
	{ "age > 99999999999999d", 6, "is not a valid age" },
	{ "comm \"open", 5, "quote is not closed" },
	{ "sport 1 )", 8, "misplaced" },
	{ "( sport 1", 0, "has no ')'" },
	{ "sport 1 or", 10, "condition is missing" },
	{ "or sport 1", 0, "misplaced" },
	{ "sport 1 and or sport 2", 12, "misplaced" },
	{ "not", 3, "condition is missing" },
	{ "()", 1, "misplaced" },
	{ "dev lo", 0, "do not have the device" },
	{ "fwmark 1", 0, "do not have the mark" },
	{ "nosuch 1", 0, "not a word of a filter" },
	{ "10.0.0.9:80", 0, "not a word of a filter" },
	{ "sport 1 = 2", 8, "misplaced" },
};

static void test_errors(void **state)
{
	struct filter_error error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(error_cases); i++) {
		const struct error_case *c = &error_cases[i];

		if (filter_parse(c->text, &error))
			fail_msg("'%s' is taken", c->text);
		if (error.column != c->column || !strstr(error.text, c->what))
			fail_msg("'%s': %zu '%s'", c->text, error.column,
				 error.text);
	}
}

static char *repeat(const char *word, size_t count, const char *end)
{
	char *text = malloc(strlen(word) * count + strlen(end) + 1), *to = text;

	must(text);
	while (count--)
		to = stpcpy(to, word);
	strcpy(to, end);
	return text;
}

/* Neither the stack nor the memory has an end that a command line can reach. */
static void test_limits(void **state)
{
	struct filter_error error;
	char *text;

	(void)state;
	text = repeat("not ", 60, "sport 443");
	filter_free(parse(text));
	free(text);
	text = repeat("( ", 100000, "");
	assert_null(filter_parse(text, &error));
	assert_non_null(strstr(error.text, "too many parentheses"));
	free(text);
	text = repeat("sport 1 or ", 2000, "sport 443");
	filter_free(parse(text));
	free(text);
	text = repeat("sport 1 or ", 3000, "sport 443");
	assert_null(filter_parse(text, &error));
	assert_non_null(strstr(error.text, "too long"));
	free(text);
	text = repeat("x", 5000, ".com");
	assert_null(filter_parse(text, &error));
	free(text);
}

struct narrow_case {
	const char *text;
	struct tcpstates_filter kernel;
};

#define STATE(name)	(1U << TCPSTATES_##name)

static const struct narrow_case narrow_cases[] = {
	{ "", { 0 } },
	{ "pid 1", { 0 } },
	{ "state all", { 0 } },
	{ "state listen", { .new_states = STATE(LISTEN) } },
	{ "not state listen", { .new_states = 0xffe & ~STATE(LISTEN) } },
	{ "state listen and pid 1", { .new_states = STATE(LISTEN) } },
	{ "state listen or pid 1", { 0 } },
	{ "old listen or old close",
	  { .old_states = STATE(LISTEN) | STATE(CLOSE) } },
	{ "sport 5 or sport 9", { .lport_min = 5, .lport_max = 9 } },
	{ "dport > 5 dport < 9", { .rport_min = 6, .rport_max = 8 } },
	{ "sport != 5", { 0 } },
	{ "not sport < 5", { .lport_min = 5, .lport_max = 65535 } },
	{ "netns 5", { .netns = 5 } },
	{ "netns 5 or netns 6", { 0 } },
	{ "conn 5", { .conn = 5 } },
	{ "event stuck", { .events = 1U << TCPSTATES_EVENT_STUCK } },
	{ "src 10.1.0.0/16 or src 10.2.0.0/16",
	  { .families = 1U << TCPSTATES_FAMILY_INET, .laddr = { 10 },
	    .laddr_family = TCPSTATES_FAMILY_INET, .laddr_prefix = 14 } },
	{ "dst [::1]:80",
	  { .families = 1U << TCPSTATES_FAMILY_INET6, .raddr = { [15] = 1 },
	    .raddr_family = TCPSTATES_FAMILY_INET6, .raddr_prefix = 128,
	    .rport_min = 80, .rport_max = 80 } },
	{ "src 10.1.0.0/16 or src [::1]", { 0 } },
	{ "src != 10.0.0.1", { 0 } },
};

static void test_narrow(void **state)
{
	struct tcpstates_filter kernel;
	struct filter *filter;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(narrow_cases); i++) {
		filter = parse(narrow_cases[i].text);
		filter_narrow(filter, &kernel);
		if (memcmp(&kernel, &narrow_cases[i].kernel, sizeof(kernel)))
			fail_msg("'%s'", narrow_cases[i].text);
		filter_free(filter);
	}
}

static void test_begins(void **state)
{
	(void)state;
	assert_true(filter_begins("state"));
	assert_true(filter_begins("SPORT"));
	assert_true(filter_begins("("));
	assert_true(filter_begins("not"));
	assert_true(filter_begins("dev"));
	assert_true(filter_begins("state close-wait"));
	assert_false(filter_begins("lsit"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_listener),
		cmocka_unit_test(test_losses_pass),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_begins),
	};

	return cmocka_run_group_tests_name("language", tests, NULL, NULL);
}
