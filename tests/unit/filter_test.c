// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <errno.h>

#include "filter.h"

#define BIT(n)	(1U << (n))

struct check_case {
	const char *name;
	struct tcpstates_filter filter;
	int result;
};

static const struct check_case check_cases[] = {
	{ "all zero", { 0 }, 0 },
	{ "all states", { .old_states = 0xffe, .new_states = 0xffe }, 0 },
	{ "unknown old state", { .old_states = BIT(0) }, -EINVAL },
	{ "unknown new state", { .new_states = BIT(0) }, -EINVAL },
	{ "old state that is none", { .old_states = BIT(12) }, -EINVAL },
	{ "new state that is none", { .new_states = BIT(31) }, -EINVAL },
	{ "both families", { .families = BIT(4) | BIT(6) }, 0 },
	{ "family 0", { .families = BIT(0) }, -EINVAL },
	{ "family 5", { .families = BIT(5) }, -EINVAL },
	{ "family 31", { .families = BIT(31) }, -EINVAL },
	{ "any namespace", { .netns = ~0U }, 0 },
	{ "any connection", { .conn = ~0ULL }, 0 },
	{ "one port", { .lport_min = 443, .lport_max = 443 }, 0 },
	{ "ports from 0", { .lport_max = 1023, .rport_max = 1 }, 0 },
	{ "all ports", { .lport_max = 65535, .rport_max = 65535 }, 0 },
	{ "lport without end", { .lport_min = 1 }, -EINVAL },
	{ "rport without end", { .rport_min = 1 }, -EINVAL },
	{ "lport reversed", { .lport_min = 2, .lport_max = 1 }, -EINVAL },
	{ "rport reversed", { .rport_min = 2, .rport_max = 1 }, -EINVAL },
	{ "0.0.0.0/0", { .laddr_family = 4 }, 0 },
	{ "10.0.0.0/8", { .laddr_family = 4, .laddr_prefix = 8,
			  .laddr = { 10 } }, 0 },
	{ "10.1.0.0/8", { .laddr_family = 4, .laddr_prefix = 8,
			  .laddr = { 10, 1 } }, -EINVAL },
	{ "10.128.0.0/9", { .raddr_family = 4, .raddr_prefix = 9,
			    .raddr = { 10, 128 } }, 0 },
	{ "10.192.0.0/9", { .raddr_family = 4, .raddr_prefix = 9,
			    .raddr = { 10, 192 } }, -EINVAL },
	{ "1.2.3.4/32", { .raddr_family = 4, .raddr_prefix = 32,
			  .raddr = { 1, 2, 3, 4 } }, 0 },
	{ "1.2.3.5/31", { .raddr_family = 4, .raddr_prefix = 31,
			  .raddr = { 1, 2, 3, 5 } }, -EINVAL },
	{ "IPv4 /33", { .laddr_family = 4, .laddr_prefix = 33 }, -EINVAL },
	{ "fifth byte of IPv4", { .laddr_family = 4, .laddr_prefix = 32,
				  .laddr = { [4] = 1 } }, -EINVAL },
	{ "::/0", { .raddr_family = 6 }, 0 },
	{ "::1/128", { .raddr_family = 6, .raddr_prefix = 128,
		       .raddr = { [15] = 1 } }, 0 },
	{ "::1/127", { .raddr_family = 6, .raddr_prefix = 127,
		       .raddr = { [15] = 1 } }, -EINVAL },
	{ "IPv6 /129", { .raddr_family = 6, .raddr_prefix = 129 }, -EINVAL },
	{ "address family 5", { .laddr_family = 5 }, -EINVAL },
	{ "address family 2", { .raddr_family = 2 }, -EINVAL },
	{ "address without family", { .laddr = { 1 } }, -EINVAL },
	{ "last byte without family", { .raddr = { [15] = 1 } }, -EINVAL },
	{ "prefix without family", { .raddr_prefix = 1 }, -EINVAL },
	{ "all events", { .events = 0x1e }, 0 },
	{ "event 0", { .events = 1 }, -EINVAL },
	{ "event 5", { .events = BIT(5) }, -EINVAL },
	{ "event 31", { .events = BIT(31) }, -EINVAL },
};

static void test_check(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(check_cases); i++)
		if (tcps_filter_check(&check_cases[i].filter) !=
		    check_cases[i].result)
			fail_msg("%s", check_cases[i].name);
}

/* 10.1.2.3:443 with 192.168.0.1:50000, ESTABLISHED to FIN_WAIT1. */
static const struct tcpstates_record ipv4 = {
	.size = sizeof(ipv4),
	.event = TCPSTATES_EVENT_TRANSITION,
	.old_state = TCPSTATES_ESTABLISHED,
	.new_state = TCPSTATES_FIN_WAIT1,
	.family = TCPSTATES_FAMILY_INET,
	.conn = 77,
	.netns = 4026531840U,
	.laddr = { 10, 1, 2, 3 },
	.raddr = { 192, 168, 0, 1 },
	.lport = 443,
	.rport = 50000,
	.known = TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT |
		 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT,
};

/* The same with 2001:db8::1 and 2001:db8::8001. */
static struct tcpstates_record ipv6(void)
{
	struct tcpstates_record record = ipv4;
	static const __u8 net[16] = { 0x20, 0x01, 0x0d, 0xb8 };

	record.family = TCPSTATES_FAMILY_INET6;
	memcpy(record.laddr, net, sizeof(net));
	memcpy(record.raddr, net, sizeof(net));
	record.laddr[15] = 1;
	record.raddr[14] = 0x80;
	record.raddr[15] = 1;
	return record;
}

/* Like ipv4, but nothing is known of it. */
static struct tcpstates_record unknown(void)
{
	struct tcpstates_record record = {
		.size = sizeof(record),
		.event = TCPSTATES_EVENT_TRANSITION,
	};

	return record;
}

struct match_case {
	const char *name;
	struct tcpstates_filter filter;
	bool ipv4, ipv6, unknown;
};

static const struct match_case match_cases[] = {
	{ "no restriction", { 0 }, true, true, true },
	{ "old state", { .old_states = BIT(1) }, true, true, false },
	{ "one of old states", { .old_states = BIT(1) | BIT(8) },
	  true, true, false },
	{ "other old states", { .old_states = 0xffe & ~BIT(1) },
	  false, false, false },
	{ "new state", { .new_states = BIT(4) }, true, true, false },
	{ "other new states", { .new_states = 0xffe & ~BIT(4) },
	  false, false, false },
	{ "any known state", { .old_states = 0xffe, .new_states = 0xffe },
	  true, true, false },
	{ "old and other new", { .old_states = BIT(1), .new_states = BIT(1) },
	  false, false, false },
	{ "transitions", { .events = BIT(1) }, true, true, true },
	{ "all but transitions", { .events = 0x1e & ~BIT(1) },
	  false, false, false },
	{ "inet", { .families = BIT(4) }, true, false, false },
	{ "inet6", { .families = BIT(6) }, false, true, false },
	{ "either", { .families = BIT(4) | BIT(6) }, true, true, false },
	{ "namespace", { .netns = 4026531840U }, true, true, false },
	{ "other namespace", { .netns = 4026531841U }, false, false, false },
	{ "connection", { .conn = 77 }, true, true, false },
	{ "other connection", { .conn = 77 + (1ULL << 32) },
	  false, false, false },
	{ "lport", { .lport_min = 443, .lport_max = 443 }, true, true, false },
	{ "lport range", { .lport_min = 1, .lport_max = 443 },
	  true, true, false },
	{ "lport from", { .lport_min = 443, .lport_max = 65535 },
	  true, true, false },
	{ "lport below", { .lport_min = 1, .lport_max = 442 },
	  false, false, false },
	{ "lport above", { .lport_min = 444, .lport_max = 65535 },
	  false, false, false },
	{ "all known lports", { .lport_max = 65535 }, true, true, false },
	{ "rport", { .rport_min = 50000, .rport_max = 50000 },
	  true, true, false },
	{ "rport below", { .rport_min = 443, .rport_max = 49999 },
	  false, false, false },
	{ "rport above", { .rport_min = 50001, .rport_max = 50001 },
	  false, false, false },
	{ "laddr", { .laddr_family = 4, .laddr_prefix = 32,
		     .laddr = { 10, 1, 2, 3 } }, true, false, false },
	{ "other laddr", { .laddr_family = 4, .laddr_prefix = 32,
			   .laddr = { 10, 1, 2, 2 } }, false, false, false },
	{ "laddr /31", { .laddr_family = 4, .laddr_prefix = 31,
			 .laddr = { 10, 1, 2, 2 } }, true, false, false },
	{ "laddr /8", { .laddr_family = 4, .laddr_prefix = 8,
			.laddr = { 10 } }, true, false, false },
	{ "laddr /15", { .laddr_family = 4, .laddr_prefix = 15,
			 .laddr = { 10, 0 } }, true, false, false },
	{ "laddr /16", { .laddr_family = 4, .laddr_prefix = 16,
			 .laddr = { 10, 0 } }, false, false, false },
	{ "laddr 0.0.0.0/0", { .laddr_family = 4 }, true, false, false },
	{ "laddr ::/0", { .laddr_family = 6 }, false, true, false },
	{ "laddr is not raddr", { .laddr_family = 4, .laddr_prefix = 16,
				  .laddr = { 192, 168 } },
	  false, false, false },
	{ "raddr /16", { .raddr_family = 4, .raddr_prefix = 16,
			 .raddr = { 192, 168 } }, true, false, false },
	{ "raddr /128", { .raddr_family = 6, .raddr_prefix = 128,
			  .raddr = { 0x20, 0x01, 0x0d, 0xb8, [14] = 0x80, 1 } },
	  false, true, false },
	{ "raddr /113", { .raddr_family = 6, .raddr_prefix = 113,
			  .raddr = { 0x20, 0x01, 0x0d, 0xb8, [14] = 0x80 } },
	  false, true, false },
	{ "other raddr /113", { .raddr_family = 6, .raddr_prefix = 113,
				.raddr = { 0x20, 0x01, 0x0d, 0xb8 } },
	  false, false, false },
	{ "IPv4 bytes as IPv6", { .laddr_family = 6, .laddr_prefix = 32,
				  .laddr = { 10, 1, 2, 3 } },
	  false, false, false },
};

static void expect_match(const struct match_case *test, const char *which,
			 const struct tcpstates_record *record, bool expected)
{
	if (tcps_filter_match(&test->filter, record) != expected)
		fail_msg("%s: %s should%s match", test->name, which,
			 expected ? "" : " not");
}

static void test_match(void **state)
{
	struct tcpstates_record second = ipv6(), third = unknown();
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(match_cases); i++) {
		const struct match_case *test = &match_cases[i];

		assert_int_equal(tcps_filter_check(&test->filter), 0);
		expect_match(test, "IPv4", &ipv4, test->ipv4);
		expect_match(test, "IPv6", &second, test->ipv6);
		expect_match(test, "unknown", &third, test->unknown);
	}
}

/* A member whose bit in @known is missing matches no restriction. */
static void test_unknown_members(void **state)
{
	static const struct {
		u32 bit;
		struct tcpstates_filter filter;
	} cases[] = {
		{ TCPSTATES_KNOW_LADDR, { .laddr_family = 4 } },
		{ TCPSTATES_KNOW_RADDR, { .raddr_family = 4 } },
		{ TCPSTATES_KNOW_LPORT, { .lport_max = 65535 } },
		{ TCPSTATES_KNOW_RPORT, { .rport_max = 65535 } },
	};
	struct tcpstates_record record;
	unsigned int i, j;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		record = ipv4;
		record.known &= ~cases[i].bit;
		for (j = 0; j < COUNT(cases); j++)
			assert_int_equal(tcps_filter_match(&cases[j].filter,
							   &record), i != j);
	}
}

static void test_states_out_of_range(void **state)
{
	const struct tcpstates_filter old = { .old_states = 0xffe };
	const struct tcpstates_filter new = { .new_states = 0xffe };
	const struct tcpstates_filter families = { .families = BIT(4) | BIT(6) };
	struct tcpstates_record record = ipv4;
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		bool is_state = i > 0 && i < TCPSTATES_STATE_COUNT;

		record.old_state = i;
		record.new_state = i;
		record.family = i;
		assert_int_equal(tcps_filter_match(&old, &record), is_state);
		assert_int_equal(tcps_filter_match(&new, &record), is_state);
		assert_int_equal(tcps_filter_match(&families, &record),
				 i == 4 || i == 6);
	}
}

static void test_events(void **state)
{
	struct tcpstates_record record = ipv4;
	struct tcpstates_filter filter = { 0 };
	unsigned int wanted, event;

	(void)state;
	for (wanted = 1; wanted < TCPSTATES_EVENT_COUNT; wanted++) {
		filter.events = BIT(wanted);
		for (event = 0; event < 256; event++) {
			record.event = event;
			assert_int_equal(tcps_filter_match(&filter, &record),
					 event == wanted ||
					 event == TCPSTATES_EVENT_LOST);
		}
	}
}

static void test_losses_always_pass(void **state)
{
	const struct tcpstates_record loss = {
		.size = sizeof(loss),
		.event = TCPSTATES_EVENT_LOST,
		.count = 3,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(match_cases); i++)
		assert_true(tcps_filter_match(&match_cases[i].filter, &loss));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_unknown_members),
		cmocka_unit_test(test_states_out_of_range),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_losses_always_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
