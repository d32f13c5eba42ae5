// SPDX-License-Identifier: GPL-2.0
/* Numbers and addresses. */
#include "format_fixture.h"

#include <arpa/inet.h>

#include "text.h"

/* Compares text and length with those of the C library. */
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

/* Numbers around which the count of decimal, hexadecimal or binary digits changes. */
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

static void test_numbers(void **state)
{
	static const u64 numbers[] = {
		0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 4294967295U,
		4294967296ULL, 9999999999999999999ULL, 10000000000000000000ULL,
		~0ULL,
	};
	struct tcpstates_record record = example_record();
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

/* Every pattern of zero groups, with short, long and ffff groups between them. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_addresses_like_inet_ntop),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
