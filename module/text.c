// SPDX-License-Identifier: GPL-2.0
/*
 * A process name may hold any byte, and nothing in it may break a line, leave
 * its quotes, or make a terminal do or show something else. Hence the quote,
 * the backslash, control characters (C0, DEL, C1), line and paragraph
 * separators, marks that reorder text, and what is not UTF-8 are escaped:
 *
 *   line  byte by byte as \xHH
 *   JSON  as JSON does it, \" and \uHHHH. But JSON has no way to write a byte
 *         that is not part of a character, so the decoded string says \xHH in
 *         its place, and \x5c for a backslash: a backslash in the decoded
 *         string always begins such an escape, and nothing is lost.
 *
 * Digits are made in pairs, since a division costs more than a look-up.
 */
#include "text.h"

#include "uapi/tcpstates.h"

#define NS_PER_SECOND		1000000000U
#define SECONDS_PER_DAY		86400U

/* 00 to 99. */
static const char pairs[200] = {
	'0', '0', '0', '1', '0', '2', '0', '3', '0', '4',
	'0', '5', '0', '6', '0', '7', '0', '8', '0', '9',
	'1', '0', '1', '1', '1', '2', '1', '3', '1', '4',
	'1', '5', '1', '6', '1', '7', '1', '8', '1', '9',
	'2', '0', '2', '1', '2', '2', '2', '3', '2', '4',
	'2', '5', '2', '6', '2', '7', '2', '8', '2', '9',
	'3', '0', '3', '1', '3', '2', '3', '3', '3', '4',
	'3', '5', '3', '6', '3', '7', '3', '8', '3', '9',
	'4', '0', '4', '1', '4', '2', '4', '3', '4', '4',
	'4', '5', '4', '6', '4', '7', '4', '8', '4', '9',
	'5', '0', '5', '1', '5', '2', '5', '3', '5', '4',
	'5', '5', '5', '6', '5', '7', '5', '8', '5', '9',
	'6', '0', '6', '1', '6', '2', '6', '3', '6', '4',
	'6', '5', '6', '6', '6', '7', '6', '8', '6', '9',
	'7', '0', '7', '1', '7', '2', '7', '3', '7', '4',
	'7', '5', '7', '6', '7', '7', '7', '8', '7', '9',
	'8', '0', '8', '1', '8', '2', '8', '3', '8', '4',
	'8', '5', '8', '6', '8', '7', '8', '8', '8', '9',
	'9', '0', '9', '1', '9', '2', '9', '3', '9', '4',
	'9', '5', '9', '6', '9', '7', '9', '8', '9', '9',
};

static __always_inline char *put_pair(char *p, unsigned int number)
{
	memcpy(p, pairs + 2 * number, 2);
	return p + 2;
}

static __always_inline char *put_digit(char *p, unsigned int digit)
{
	*p++ = '0' + digit;
	return p;
}

/* How many decimal digits @number has. */
static unsigned int count_digits(__u64 number)
{
	static const __u64 powers[] = {
		0, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL,
		10000000ULL, 100000000ULL, 1000000000ULL, 10000000000ULL,
		100000000000ULL, 1000000000000ULL, 10000000000000ULL,
		100000000000000ULL, 1000000000000000ULL, 10000000000000000ULL,
		100000000000000000ULL, 1000000000000000000ULL,
		10000000000000000000ULL,
	};
	/* 1233 / 4096 is about log10(2). */
	unsigned int bits = 64 - __builtin_clzll(number | 1);
	unsigned int least = bits * 1233 >> 12;

	return least + (number >= powers[least]);
}

/**
 * tcps_put_number() - append a decimal number
 * @p: where to
 * @number: the number
 *
 * Context: any.
 * Return: the position after it, at most 20 further.
 */
char *tcps_put_number(char *p, __u64 number)
{
	char *end = p + count_digits(number), *q = end;
	unsigned int rest;

	for (; number >= 10000; number /= 10000) {
		rest = number % 10000;
		q -= 4;
		put_pair(put_pair(q, rest / 100), rest % 100);
	}
	rest = number;
	if (rest >= 100) {
		q -= 2;
		put_pair(q, rest % 100);
		rest /= 100;
	}
	if (rest >= 10)
		put_pair(p, rest);
	else
		put_digit(p, rest);
	return end;
}

static char *put_hex_digit(char *p, unsigned int digit)
{
	*p++ = "0123456789abcdef"[digit & 15];
	return p;
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
	int shift = (63 - __builtin_clzll(number | 1)) & ~3;

	for (; shift >= 0; shift -= 4)
		p = put_hex_digit(p, number >> shift);
	return p;
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

static char *put_nanoseconds(char *p, __u32 ns)
{
	p = put_digit(p, ns / 100000000);
	p = put_pair(p, ns / 1000000 % 100);
	p = put_pair(p, ns / 10000 % 100);
	p = put_pair(p, ns / 100 % 100);
	return put_pair(p, ns % 100);
}

/**
 * tcps_put_time() - append a time in UTC with nanoseconds
 * @p: where to
 * @real_ns: nanoseconds since 1970
 *
 * Context: any.
 * Return: the position after it, 30 further.
 */
char *tcps_put_time(char *p, __u64 real_ns)
{
	__u64 seconds = real_ns / NS_PER_SECOND;
	__u32 second = seconds % SECONDS_PER_DAY;

	p = put_date(p, seconds / SECONDS_PER_DAY);
	*p++ = 'T';
	p = put_pair(p, second / 3600);
	*p++ = ':';
	p = put_pair(p, second / 60 % 60);
	*p++ = ':';
	p = put_pair(p, second % 60);
	*p++ = '.';
	p = put_nanoseconds(p, real_ns % NS_PER_SECOND);
	*p++ = 'Z';
	return p;
}

static char *put_octet(char *p, unsigned int octet)
{
	if (octet >= 100) {
		unsigned int hundreds = octet >= 200 ? 2 : 1;

		p = put_digit(p, hundreds);
		return put_pair(p, octet - 100 * hundreds);
	}
	return octet >= 10 ? put_pair(p, octet) : put_digit(p, octet);
}

static char *put_ipv4(char *p, const __u8 *address)
{
	p = put_octet(p, address[0]);
	*p++ = '.';
	p = put_octet(p, address[1]);
	*p++ = '.';
	p = put_octet(p, address[2]);
	*p++ = '.';
	return put_octet(p, address[3]);
}

/* The longest run of at least two zero groups, the first of equals. */
static unsigned int find_zeros(const __u16 groups[8], unsigned int *count)
{
	unsigned int best = 8, run = 0, i;

	*count = 1;
	for (i = 0; i < 8; i++) {
		run = groups[i] ? 0 : run + 1;
		if (run > *count) {
			*count = run;
			best = i + 1 - run;
		}
	}
	return best;
}

/* RFC 5952; with an IPv4 tail where inet_ntop() shows one. */
static char *put_ipv6(char *p, const __u8 *address)
{
	unsigned int zeros, count, i;
	__u16 groups[8];

	for (i = 0; i < 8; i++)
		groups[i] = address[2 * i] << 8 | address[2 * i + 1];
	zeros = find_zeros(groups, &count);

	for (i = 0; i < 8; i++) {
		if (i == zeros) {
			p = tcps_put_word(p, "::");
			i += count - 1;
			continue;
		}
		if (i && i != zeros + count)
			*p++ = ':';
		if (i == 6 && zeros == 0 &&
		    (count == 6 || (count == 5 && groups[5] == 0xffff)))
			return put_ipv4(p, address + 12);
		p = tcps_put_hex(p, groups[i]);
	}
	return p;
}

/**
 * tcps_put_address() - append an address
 * @p: where to
 * @family: TCPSTATES_FAMILY_*
 * @address: as in the record
 *
 * Context: any.
 * Return: the position after it; "-" is written for a family that is none.
 */
char *tcps_put_address(char *p, __u8 family, const __u8 *address)
{
	switch (family) {
	case TCPSTATES_FAMILY_INET:
		return put_ipv4(p, address);
	case TCPSTATES_FAMILY_INET6:
		return put_ipv6(p, address);
	default:
		return tcps_put_word(p, "-");
	}
}

/*
 * Takes the character at @bytes apart, of which @left follow.
 * Returns its length, or 0 if it is none: cut off, overlong, a surrogate, too
 * large, or not the beginning of one.
 */
static unsigned int decode_utf8(const __u8 *bytes, unsigned int left,
				__u32 *character)
{
	static const __u32 smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int length, i;
	__u32 value;

	if (bytes[0] < 0x80) {
		*character = bytes[0];
		return 1;
	} else if (bytes[0] < 0xc2) {
		return 0;
	} else if (bytes[0] < 0xe0) {
		length = 2;
	} else if (bytes[0] < 0xf0) {
		length = 3;
	} else if (bytes[0] < 0xf5) {
		length = 4;
	} else {
		return 0;
	}
	if (length > left)
		return 0;

	value = bytes[0] & (0x7f >> length);
	for (i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < smallest[length] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*character = value;
	return length;
}

/* What a terminal or a splitter of lines takes for more than a character. */
static bool is_control(__u32 character)
{
	return character < 0x20 ||
	       (character >= 0x7f && character <= 0x9f) ||
	       character == 0x061c || /* reordering, like the ranges below */
	       character == 0x200e || character == 0x200f ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

/* At most @most: a name of full length has no NUL. */
static unsigned int comm_length(const char *comm, unsigned int most)
{
	unsigned int length = 0;

	while (length < most && comm[length])
		length++;
	return length;
}

static char *put_hex_byte(char *p, __u8 byte)
{
	p = put_hex_digit(p, byte >> 4);
	return put_hex_digit(p, byte);
}

static char *put_bytes(char *p, const __u8 *bytes, unsigned int length)
{
	while (length--)
		*p++ = *bytes++;
	return p;
}

/* ASCII that stands for itself everywhere: most names have nothing else. */
static bool is_plain(__u8 byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/* Appends what is plain, and moves on in @bytes; returns how many follow. */
static unsigned int put_plain(char **p, const __u8 **bytes)
{
	const __u8 *end = *bytes + TCPSTATES_COMM_LEN;
	const __u8 *b = *bytes;
	char *q = *p;

	while (b < end && is_plain(*b))
		*q++ = *b++;
	*p = q;
	*bytes = b;
	return b < end && *b ? comm_length((const char *)b, end - b) : 0;
}

/**
 * tcps_put_comm() - append a process name in quotes, escaped for a line
 * @p: where to
 * @comm: TCPSTATES_COMM_LEN bytes, ended by a NUL if shorter
 *
 * Context: any.
 * Return: the position after it.
 */
char *tcps_put_comm(char *p, const char *comm)
{
	const __u8 *bytes = (const __u8 *)comm;
	unsigned int left, length;
	__u32 character;

	*p++ = '"';
	for (left = put_plain(&p, &bytes); left; left -= length) {
		length = decode_utf8(bytes, left, &character);
		if (length && !is_control(character) &&
		    character != '"' && character != '\\') {
			p = put_bytes(p, bytes, length);
			bytes += length;
			continue;
		}
		/* The rest of a character is not the beginning of one. */
		length = 1;
		p = tcps_put_word(p, "\\x");
		p = put_hex_byte(p, *bytes++);
	}
	*p++ = '"';
	return p;
}

/**
 * tcps_put_json_comm() - append a process name as a string of JSON
 * @p: where to
 * @comm: as for tcps_put_comm()
 *
 * Context: any.
 * Return: the position after it.
 */
char *tcps_put_json_comm(char *p, const char *comm)
{
	const __u8 *bytes = (const __u8 *)comm;
	unsigned int left, length;
	__u32 character;

	*p++ = '"';
	left = put_plain(&p, &bytes);
	for (; left; left -= length, bytes += length) {
		length = decode_utf8(bytes, left, &character);
		if (!length || character == '\\') {
			length = 1;
			p = tcps_put_word(p, "\\\\x");
			p = put_hex_byte(p, *bytes);
		} else if (character == '"') {
			p = tcps_put_word(p, "\\\"");
		} else if (is_control(character)) {
			p = tcps_put_word(p, "\\u");
			p = put_hex_byte(p, character >> 8);
			p = put_hex_byte(p, character);
		} else {
			p = put_bytes(p, bytes, length);
		}
	}
	*p++ = '"';
	return p;
}
