// SPDX-License-Identifier: GPL-2.0
/*
 * Text of records. It comes from the module's format.c, the words from its
 * names.c; here they get a form that may grow without a change for programs:
 * the caller says how much room there is, and learns how much was needed.
 */
#include "libtcpstates.h"

#include <linux/compiler.h>

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "format.h"
#include "names.h"
#include "text.h"
#include "version.h"

static_assert(TCPSTATES_LINE_SIZE > TCPS_LINE_MAX, "room for a line and NUL");
static_assert(TCPSTATES_JSON_SIZE > TCPS_JSON_MAX, "room for JSON and NUL");

/* As much of @whole as goes into @size bytes with a NUL. Returns @length. */
static size_t give(char *text, size_t size, const char *whole, size_t length)
{
	size_t part = length < size ? length : size - 1;

	if (!size)
		return length;
	memcpy(text, whole, part);
	text[part] = '\0';
	return length;
}

/* Records of one thread follow each other in time, mostly. */
static __thread struct tcps_format format;

/* For a buffer that may be too small; apart, so that others need no second. */
static noinline size_t give_line(const struct tcpstates_record *record,
				 char *text, size_t size)
{
	char line[TCPS_LINE_MAX];

	return give(text, size, line, tcps_format_line(&format, record, line));
}

size_t tcpstates_format_line(const struct tcpstates_record *record, char *text,
			     size_t size)
{
	size_t length;

	if (size <= TCPS_LINE_MAX)
		return give_line(record, text, size);
	length = tcps_format_line(&format, record, text);
	text[length] = '\0';
	return length;
}

static noinline size_t give_json(const struct tcpstates_record *record,
				 char *text, size_t size)
{
	char json[TCPS_JSON_MAX];

	return give(text, size, json, tcps_format_json(&format, record, json));
}

size_t tcpstates_format_json(const struct tcpstates_record *record, char *text,
			     size_t size)
{
	size_t length;

	if (size <= TCPS_JSON_MAX)
		return give_json(record, text, size);
	length = tcps_format_json(&format, record, text);
	text[length] = '\0';
	return length;
}

size_t tcpstates_format_comm(const char comm[TCPSTATES_COMM_LEN], bool json,
			     char *text, size_t size)
{
	char whole[TCPSTATES_COMM_SIZE + TCPS_TEXT_SLACK];
	char *end = json ? tcps_put_json_comm(whole, comm) :
			   tcps_put_comm(whole, comm);

	return give(text, size, whole, end - whole);
}

size_t tcpstates_format_address(unsigned int family, const __u8 address[16],
				char *text, size_t size)
{
	char whole[TCPSTATES_ADDRESS_SIZE];

	if (family > UINT8_MAX)
		family = 0;
	return give(text, size, whole,
		    tcps_format_address(family, address, whole));
}

const char *tcpstates_state_name(unsigned int state)
{
	return tcps_format_state(state <= UINT8_MAX ? state : 0);
}

const char *tcpstates_cause_name(unsigned int cause)
{
	return tcps_name_cause(cause <= UINT8_MAX ? cause : 0)->text;
}

const char *tcpstates_version(void)
{
	return TCPS_VERSION;
}
