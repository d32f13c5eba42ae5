/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values as text, for format.c: each tcps_put_*() appends at a position and
 * returns the one after what it wrote. There is no end to check against: every
 * value has a longest form, and TCPS_LINE_MAX and TCPS_JSON_MAX hold the sum of
 * them and TCPS_TEXT_SLACK bytes, since some write more than they append.
 *
 * Context of all: any.
 */
#ifndef _TCPS_TEXT_H
#define _TCPS_TEXT_H

#include <linux/string.h>
#include <linux/types.h>

#include "names.h"

#define TCPS_TEXT_SLACK	24

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

char *tcps_put_number(char *p, __u64 number);
char *tcps_put_hex(char *p, __u64 number);
char *tcps_put_time(char *p, __u64 real_ns);
char *tcps_put_address(char *p, __u8 family, const __u8 *address);
char *tcps_put_comm(char *p, const char *comm);
char *tcps_put_json_comm(char *p, const char *comm);

#endif /* _TCPS_TEXT_H */
