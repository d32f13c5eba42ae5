/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values as text, for format.c: each tcps_put_*() appends at a position and
 * returns the one after what it wrote. There is no end to check against: every
 * value has a longest form, and TCPS_LINE_MAX and TCPS_JSON_MAX hold the sum of
 * them and TCPS_TEXT_SLACK bytes, as most write more than they append: to move
 * eight bytes costs no more than to move one, and to ask how many are needed
 * costs more than either.
 *
 * Inline is what is short and in nearly every line.
 *
 * Context of all: any.
 */
#ifndef _TCPS_TEXT_H
#define _TCPS_TEXT_H

#include <linux/string.h>
#include <linux/types.h>

#include "names.h"
#include "text_cache.h"

#define TCPS_TEXT_SLACK	24

/* By number below 1000 four bytes: its digits, and how many these are. */
extern const char tcps_short[4 * 1000 + 1];

/* By number below 1000 four bytes: three digits and a NUL. */
extern const char tcps_padded[4 * 1000 + 1];

/* By number below 256 its two hexadecimal digits. */
extern const char tcps_hex_pairs[2 * 256 + 1];

/* Inline, so that the compiler knows the length of a literal. */
static __always_inline char *tcps_put_word(char *p, const char *word)
{
	size_t length = strlen(word);

	memcpy(p, word, length);
	return p + length;
}

static __always_inline char *tcps_put_name(char *p, const struct tcps_name *name)
{
	memcpy(p, name->text, sizeof(name->text));
	return p + name->length;
}

/* Three digits. */
static __always_inline char *tcps_put_padded(char *p, __u32 number)
{
	memcpy(p, tcps_padded + 4UL * number, 4);
	return p + 3;
}

/* One to three digits. */
static __always_inline char *tcps_put_short(char *p, __u32 number)
{
	const char *digits = tcps_short + 4UL * number;

	memcpy(p, digits, 4);
	return p + digits[3];
}

static __always_inline char *tcps_put_hex_pair(char *p, unsigned int number)
{
	memcpy(p, tcps_hex_pairs + 2UL * number, 2);
	return p + 2;
}

/* One to six digits. */
static __always_inline char *tcps_put_port(char *p, __u32 number)
{
	__u32 thousands = number / 1000;

	if (number < 1000)
		return tcps_put_short(p, number);
	p = tcps_put_short(p, thousands);
	return tcps_put_padded(p, number - 1000 * thousands);
}

char *tcps_put_long(char *p, __u64 number);

/* A decimal number: at most 20 digits. */
static __always_inline char *tcps_put_number(char *p, __u64 number)
{
	return number < 1000 ? tcps_put_short(p, number) :
			       tcps_put_long(p, number);
}

static __always_inline char *tcps_put_ipv4(char *p, const __u8 *address)
{
	p = tcps_put_short(p, address[0]);
	*p++ = '.';
	p = tcps_put_short(p, address[1]);
	*p++ = '.';
	p = tcps_put_short(p, address[2]);
	*p++ = '.';
	return tcps_put_short(p, address[3]);
}

void tcps_text_cache_set_second(struct tcps_text_cache *cache, __u64 real_ns);
void tcps_text_cache_set_netns(struct tcps_text_cache *cache, __u32 netns);

char *tcps_put_hex(char *p, __u64 number);
char *tcps_put_second(char *p, __u64 seconds);
char *tcps_put_address(char *p, __u8 family, const __u8 *address);

#endif /* _TCPS_TEXT_H */
