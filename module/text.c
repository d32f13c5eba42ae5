// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers, times and addresses as text. Digits come in threes from a table: a
 * division costs more than a look-up.
 */
#include "text.h"

#include <linux/compiler.h>

#include "uapi/tcpstates.h"

#define BILLION			1000000000U
#define NS_PER_SECOND		1000000000ULL
#define SECONDS_PER_DAY		86400U

#define TEN_PADDED(h) \
	#h "0\0" #h "1\0" #h "2\0" #h "3\0" #h "4\0" \
	#h "5\0" #h "6\0" #h "7\0" #h "8\0" #h "9\0"

const char tcps_padded[] =
	TEN_PADDED(00) TEN_PADDED(01) TEN_PADDED(02) TEN_PADDED(03) TEN_PADDED(04)
	TEN_PADDED(05) TEN_PADDED(06) TEN_PADDED(07) TEN_PADDED(08) TEN_PADDED(09)
	TEN_PADDED(10) TEN_PADDED(11) TEN_PADDED(12) TEN_PADDED(13) TEN_PADDED(14)
	TEN_PADDED(15) TEN_PADDED(16) TEN_PADDED(17) TEN_PADDED(18) TEN_PADDED(19)
	TEN_PADDED(20) TEN_PADDED(21) TEN_PADDED(22) TEN_PADDED(23) TEN_PADDED(24)
	TEN_PADDED(25) TEN_PADDED(26) TEN_PADDED(27) TEN_PADDED(28) TEN_PADDED(29)
	TEN_PADDED(30) TEN_PADDED(31) TEN_PADDED(32) TEN_PADDED(33) TEN_PADDED(34)
	TEN_PADDED(35) TEN_PADDED(36) TEN_PADDED(37) TEN_PADDED(38) TEN_PADDED(39)
	TEN_PADDED(40) TEN_PADDED(41) TEN_PADDED(42) TEN_PADDED(43) TEN_PADDED(44)
	TEN_PADDED(45) TEN_PADDED(46) TEN_PADDED(47) TEN_PADDED(48) TEN_PADDED(49)
	TEN_PADDED(50) TEN_PADDED(51) TEN_PADDED(52) TEN_PADDED(53) TEN_PADDED(54)
	TEN_PADDED(55) TEN_PADDED(56) TEN_PADDED(57) TEN_PADDED(58) TEN_PADDED(59)
	TEN_PADDED(60) TEN_PADDED(61) TEN_PADDED(62) TEN_PADDED(63) TEN_PADDED(64)
	TEN_PADDED(65) TEN_PADDED(66) TEN_PADDED(67) TEN_PADDED(68) TEN_PADDED(69)
	TEN_PADDED(70) TEN_PADDED(71) TEN_PADDED(72) TEN_PADDED(73) TEN_PADDED(74)
	TEN_PADDED(75) TEN_PADDED(76) TEN_PADDED(77) TEN_PADDED(78) TEN_PADDED(79)
	TEN_PADDED(80) TEN_PADDED(81) TEN_PADDED(82) TEN_PADDED(83) TEN_PADDED(84)
	TEN_PADDED(85) TEN_PADDED(86) TEN_PADDED(87) TEN_PADDED(88) TEN_PADDED(89)
	TEN_PADDED(90) TEN_PADDED(91) TEN_PADDED(92) TEN_PADDED(93) TEN_PADDED(94)
	TEN_PADDED(95) TEN_PADDED(96) TEN_PADDED(97) TEN_PADDED(98) TEN_PADDED(99);

#define FIVE(a, b, c, d, e) \
	#a "\0\0\1" #b "\0\0\1" #c "\0\0\1" #d "\0\0\1" #e "\0\0\1"

#define TEN_OF_TWO(h) \
	#h "0\0\2" #h "1\0\2" #h "2\0\2" #h "3\0\2" #h "4\0\2" \
	#h "5\0\2" #h "6\0\2" #h "7\0\2" #h "8\0\2" #h "9\0\2"

#define TEN_OF_THREE(h) \
	#h "0\3" #h "1\3" #h "2\3" #h "3\3" #h "4\3" \
	#h "5\3" #h "6\3" #h "7\3" #h "8\3" #h "9\3"

const char tcps_short[] =
	FIVE(0, 1, 2, 3, 4) FIVE(5, 6, 7, 8, 9)
	TEN_OF_TWO(1) TEN_OF_TWO(2) TEN_OF_TWO(3) TEN_OF_TWO(4) TEN_OF_TWO(5)
	TEN_OF_TWO(6) TEN_OF_TWO(7) TEN_OF_TWO(8) TEN_OF_TWO(9)
	TEN_OF_THREE(10) TEN_OF_THREE(11) TEN_OF_THREE(12) TEN_OF_THREE(13) TEN_OF_THREE(14)
	TEN_OF_THREE(15) TEN_OF_THREE(16) TEN_OF_THREE(17) TEN_OF_THREE(18) TEN_OF_THREE(19)
	TEN_OF_THREE(20) TEN_OF_THREE(21) TEN_OF_THREE(22) TEN_OF_THREE(23) TEN_OF_THREE(24)
	TEN_OF_THREE(25) TEN_OF_THREE(26) TEN_OF_THREE(27) TEN_OF_THREE(28) TEN_OF_THREE(29)
	TEN_OF_THREE(30) TEN_OF_THREE(31) TEN_OF_THREE(32) TEN_OF_THREE(33) TEN_OF_THREE(34)
	TEN_OF_THREE(35) TEN_OF_THREE(36) TEN_OF_THREE(37) TEN_OF_THREE(38) TEN_OF_THREE(39)
	TEN_OF_THREE(40) TEN_OF_THREE(41) TEN_OF_THREE(42) TEN_OF_THREE(43) TEN_OF_THREE(44)
	TEN_OF_THREE(45) TEN_OF_THREE(46) TEN_OF_THREE(47) TEN_OF_THREE(48) TEN_OF_THREE(49)
	TEN_OF_THREE(50) TEN_OF_THREE(51) TEN_OF_THREE(52) TEN_OF_THREE(53) TEN_OF_THREE(54)
	TEN_OF_THREE(55) TEN_OF_THREE(56) TEN_OF_THREE(57) TEN_OF_THREE(58) TEN_OF_THREE(59)
	TEN_OF_THREE(60) TEN_OF_THREE(61) TEN_OF_THREE(62) TEN_OF_THREE(63) TEN_OF_THREE(64)
	TEN_OF_THREE(65) TEN_OF_THREE(66) TEN_OF_THREE(67) TEN_OF_THREE(68) TEN_OF_THREE(69)
	TEN_OF_THREE(70) TEN_OF_THREE(71) TEN_OF_THREE(72) TEN_OF_THREE(73) TEN_OF_THREE(74)
	TEN_OF_THREE(75) TEN_OF_THREE(76) TEN_OF_THREE(77) TEN_OF_THREE(78) TEN_OF_THREE(79)
	TEN_OF_THREE(80) TEN_OF_THREE(81) TEN_OF_THREE(82) TEN_OF_THREE(83) TEN_OF_THREE(84)
	TEN_OF_THREE(85) TEN_OF_THREE(86) TEN_OF_THREE(87) TEN_OF_THREE(88) TEN_OF_THREE(89)
	TEN_OF_THREE(90) TEN_OF_THREE(91) TEN_OF_THREE(92) TEN_OF_THREE(93) TEN_OF_THREE(94)
	TEN_OF_THREE(95) TEN_OF_THREE(96) TEN_OF_THREE(97) TEN_OF_THREE(98) TEN_OF_THREE(99);

#define SIXTEEN(h) \
	#h "0" #h "1" #h "2" #h "3" #h "4" #h "5" #h "6" #h "7" \
	#h "8" #h "9" #h "a" #h "b" #h "c" #h "d" #h "e" #h "f"

const char tcps_hex_pairs[] =
	SIXTEEN(0) SIXTEEN(1) SIXTEEN(2) SIXTEEN(3)
	SIXTEEN(4) SIXTEEN(5) SIXTEEN(6) SIXTEEN(7)
	SIXTEEN(8) SIXTEEN(9) SIXTEEN(a) SIXTEEN(b)
	SIXTEEN(c) SIXTEEN(d) SIXTEEN(e) SIXTEEN(f);

/* Six digits. */
static __always_inline char *put_six(char *p, __u32 number)
{
	__u32 thousands = number / 1000;

	p = tcps_put_padded(p, thousands);
	return tcps_put_padded(p, number - 1000 * thousands);
}

/* Ten digits or more. */
static noinline char *put_huge(char *p, __u64 number)
{
	__u64 high = number / BILLION;
	__u32 low = number - high * BILLION;
	__u32 millions = low / 1000000;

	p = tcps_put_number(p, high);
	p = tcps_put_padded(p, millions);
	return put_six(p, low - 1000000 * millions);
}

/**
 * tcps_put_long() - append a decimal number that may be long
 * @p: where to
 * @number: the number
 *
 * Context: any.
 * Return: the position after it, at most 20 further.
 */
char *tcps_put_long(char *p, __u64 number)
{
	__u32 low = number, thousands, millions;

	if (number < 1000000) {
		thousands = low / 1000;
		p = tcps_put_short(p, thousands);
		return tcps_put_padded(p, low - 1000 * thousands);
	}
	if (number < 1000000000) {
		millions = low / 1000000;
		p = tcps_put_short(p, millions);
		return put_six(p, low - 1000000 * millions);
	}
	return put_huge(p, number);
}

/* One or two digits. */
static __always_inline char *put_hex_short(char *p, unsigned int number)
{
	if (number >= 16)
		return tcps_put_hex_pair(p, number);
	*p = tcps_hex_pairs[2UL * number + 1];
	return p + 1;
}

/**
 * tcps_put_hex() - append a hexadecimal number, without leading zeros
 * @p: where to
 * @number: the number
 *
 * Context: any.
 * Return: the position after it, at most 16 further.
 */
char *tcps_put_hex(char *p, __u64 number)
{
	int shift = (63 - __builtin_clzll(number | 1)) & ~7;

	p = put_hex_short(p, number >> shift);
	while (shift) {
		shift -= 8;
		p = tcps_put_hex_pair(p, number >> shift & 0xff);
	}
	return p;
}

/* Two digits of a number below 100. */
static __always_inline char *put_pair(char *p, unsigned int number)
{
	memcpy(p, tcps_padded + 4UL * number + 1, 2);
	return p + 2;
}

/*
 * The Gregorian date of a day after 1970-01-01. Years begin in March here, so
 * that the leap day is a year's last, and are counted in eras of 400, which
 * all have the same number of days; 1970 is in the era that began in 1600.
 * Right up to the year 9999, which is more than 64 bits of nanoseconds reach.
 */
static char *put_date(char *p, __u32 days)
{
	__u32 since_1600 = days + 135080; /* 1600-03-01 to 1970-01-01 */
	__u32 era = since_1600 / 146097;
	__u32 day = since_1600 % 146097;
	__u32 year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	__u32 month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153; /* from March: 31 30 31 30 31, again */
	day -= (153 * month + 2) / 5;
	month += 3;
	year += 1600 + 400 * era;
	if (month > 12) {
		month -= 12;
		year++;
	}

	p = put_pair(p, year / 100);
	p = put_pair(p, year % 100);
	*p++ = '-';
	p = put_pair(p, month);
	*p++ = '-';
	return put_pair(p, day + 1);
}

/**
 * tcps_put_second() - append a time in UTC down to the second, and a point
 * @p: where to
 * @seconds: since 1970
 *
 * Context: any.
 * Return: the position after it, 20 further.
 */
char *tcps_put_second(char *p, __u64 seconds)
{
	__u32 second = seconds % SECONDS_PER_DAY;

	p = put_date(p, seconds / SECONDS_PER_DAY);
	*p++ = 'T';
	p = put_pair(p, second / 3600);
	*p++ = ':';
	p = put_pair(p, second / 60 % 60);
	*p++ = ':';
	p = put_pair(p, second % 60);
	*p++ = '.';
	return p;
}

/**
 * tcps_text_cache_set_second() - keep the text of another second
 * @cache: where to
 * @real_ns: a time in that second
 *
 * The second may be an earlier one, as clocks get set. The last second that 64
 * bits of nanoseconds reach is not complete.
 *
 * Context: any; calls with the same @cache one after the other.
 */
void tcps_text_cache_set_second(struct tcps_text_cache *cache, __u64 real_ns)
{
	__u64 second = real_ns / NS_PER_SECOND;
	__u64 begin_ns = second * NS_PER_SECOND;

	cache->begin_ns = begin_ns;
	cache->span_ns = begin_ns > -NS_PER_SECOND ? -begin_ns : NS_PER_SECOND;
	tcps_put_second(cache->second, second);
}

/**
 * tcps_text_cache_set_netns() - keep the text of another network namespace
 * @cache: where to
 * @netns: its number
 *
 * Context: any; calls with the same @cache one after the other.
 */
void tcps_text_cache_set_netns(struct tcps_text_cache *cache, __u32 netns)
{
	cache->netns = netns;
	cache->netns_length = tcps_put_number(cache->netns_text, netns) -
			       cache->netns_text;
}

static __always_inline unsigned int group_at(const __u8 *address,
					     unsigned int i)
{
	return address[2 * i] << 8 | address[2 * i + 1];
}

/* Groups from @i to before @end, each with a colon after it. */
static __always_inline char *put_groups(char *p, const __u8 *address,
					unsigned int i, unsigned int end)
{
	for (; i < end; i++) {
		unsigned int group = group_at(address, i);

		if (group >= 0x100) {
			p = put_hex_short(p, group >> 8);
			p = tcps_put_hex_pair(p, group & 0xff);
		} else {
			p = put_hex_short(p, group);
		}
		*p++ = ':';
	}
	return p;
}

/* The longest run of at least two of @bits, the first of equals. */
static unsigned int find_run(unsigned int bits, unsigned int *count)
{
	*count = 1;
	for (; bits & (bits >> 1); bits &= bits >> 1)
		++*count;
	return *count > 1 ? __builtin_ctz(bits) : 8;
}

/*
 * RFC 5952; with the last four bytes as IPv4 where inet_ntop() shows them so:
 * after six groups of zeros, and after five and ffff.
 */
static char *put_ipv6(char *p, const __u8 *address)
{
	unsigned int zeros = 0, first, count, i;
	__u16 groups[8];

	memcpy(groups, address, sizeof(groups));
	for (i = 0; i < 8; i++)
		zeros |= !groups[i] << i;
	first = find_run(zeros, &count);

	p = put_groups(p, address, 0, first);
	if (first == 8)
		return p - 1;
	*p = ':';
	if (first == 0)
		*++p = ':';
	p++;
	i = first + count;
	if (first == 0 && (i == 6 || (i == 5 && group_at(address, 5) == 0xffff)))
		return tcps_put_ipv4(put_groups(p, address, i, 6), address + 12);
	return i == 8 ? p : put_groups(p, address, i, 8) - 1;
}

/**
 * tcps_put_address() - append an address
 * @p: where to
 * @family: TCPSTATES_FAMILY_*
 * @address: as in the record
 *
 * Context: any.
 * Return: the position after it, at most 39 further; "-" is written for a
 * family that is none.
 */
char *tcps_put_address(char *p, __u8 family, const __u8 *address)
{
	switch (family) {
	case TCPSTATES_FAMILY_INET:
		return tcps_put_ipv4(p, address);
	case TCPSTATES_FAMILY_INET6:
		return put_ipv6(p, address);
	default:
		return tcps_put_word(p, "-");
	}
}
