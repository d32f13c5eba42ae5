// SPDX-License-Identifier: GPL-2.0
/*
 * Text of records, by the module's own files. Here it gets an interface that lets
 * texts grow without a change to programs: the caller says how much room there is,
 * and learns how much was needed.
 */
#include "libtcpstates.h"

#include <linux/compiler.h>

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "comm.h"
#include "fields.h"
#include "format.h"
#include "names.h"
#include "text.h"
#include "value.h"
#include "version.h"

static_assert(TCPSTATES_LINE_SIZE > TCPS_LINE_MAX, "room for a line and NUL");
static_assert(TCPSTATES_JSON_SIZE > TCPS_JSON_MAX, "room for JSON and NUL");

/* Copies as much of @whole as @size bytes hold with a NUL; returns @length. */
static size_t copy_text(char *text, size_t size, const char *whole,
			size_t length)
{
	size_t part = length < size ? length : size - 1;

	if (!size)
		return length;
	memcpy(text, whole, part);
	text[part] = '\0';
	return length;
}

/* A thread mostly takes records in the order of their times. */
static __thread struct tcps_text_cache thread_cache;

/* For a small buffer; apart, so that the usual path needs no buffer of its own. */
static noinline size_t format_short_line(const struct tcpstates_record *record,
					 char *text, size_t size)
{
	char line[TCPS_LINE_MAX];

	return copy_text(text, size, line,
			 tcps_format_line(&thread_cache, record, line));
}

size_t tcpstates_format_line(const struct tcpstates_record *record, char *text,
			     size_t size)
{
	size_t length;

	if (size <= TCPS_LINE_MAX)
		return format_short_line(record, text, size);
	length = tcps_format_line(&thread_cache, record, text);
	text[length] = '\0';
	return length;
}

static noinline size_t format_short_json(const struct tcpstates_record *record,
					 char *text, size_t size)
{
	char json[TCPS_JSON_MAX];

	return copy_text(text, size, json,
			 tcps_format_json(&thread_cache, record, json));
}

size_t tcpstates_format_json(const struct tcpstates_record *record, char *text,
			     size_t size)
{
	size_t length;

	if (size <= TCPS_JSON_MAX)
		return format_short_json(record, text, size);
	length = tcps_format_json(&thread_cache, record, text);
	text[length] = '\0';
	return length;
}

#define FIELD_NUMBER(key, ...)	RECORD_FIELD_##key,
#define FIELD_NAME(key, ...)	#key,

enum { TCPS_ALL_FIELDS(FIELD_NUMBER) RECORD_FIELD_COUNT };

static const char * const field_names[] = { TCPS_ALL_FIELDS(FIELD_NAME) };

/* A loss has a count and the fields before it, all others all but a count. */
static bool has_field(const struct tcpstates_record *record, unsigned int field)
{
	if (record->event == TCPSTATES_EVENT_LOST)
		return field <= RECORD_FIELD_count;
	return field != RECORD_FIELD_count && field < RECORD_FIELD_COUNT;
}

static bool is_unknown(const struct tcpstates_record *record, __u32 mask)
{
	return mask && !(record->known & mask);
}

#define PUT_FIELD(key, kind, mask, ...) \
	case RECORD_FIELD_##key: \
		return is_unknown(record, mask) ? \
		       tcps_value_unknown(p, form) : \
		       tcps_value_##kind(p, form, __VA_ARGS__);

static char *put_field(char *p, enum tcps_form form,
		       const struct tcpstates_record *record,
		       unsigned int field)
{
	struct tcps_text_cache *cache = &thread_cache;
	__u8 event = record->event;

	switch (field) {
	TCPS_ALL_FIELDS(PUT_FIELD)
	}
	return p;
}

size_t tcpstates_format_field(const struct tcpstates_record *record,
			      unsigned int field, unsigned int form, char *text,
			      size_t size)
{
	static const enum tcps_form forms[] = {
		[TCPSTATES_FORM_LINE] = TCPS_FORM_LINE,
		[TCPSTATES_FORM_JSON] = TCPS_FORM_JSON,
		[TCPSTATES_FORM_CSV] = TCPS_FORM_CSV,
	};
	char whole[TCPSTATES_FIELD_SIZE + TCPS_TEXT_SLACK], *end = whole;

	if (form < sizeof(forms) / sizeof(*forms) && has_field(record, field))
		end = put_field(whole, forms[form], record, field);
	return copy_text(text, size, whole, end - whole);
}

const char *tcpstates_field_name(unsigned int field)
{
	return field < RECORD_FIELD_COUNT ? field_names[field] : NULL;
}

int tcpstates_field_number(const char *name)
{
	unsigned int field;

	for (field = 0; field < RECORD_FIELD_COUNT; field++)
		if (!strcmp(field_names[field], name))
			return field;
	return -1;
}

size_t tcpstates_format_comm(const char comm[TCPSTATES_COMM_LEN], bool json,
			     char *text, size_t size)
{
	char whole[TCPSTATES_COMM_SIZE + TCPS_TEXT_SLACK];
	char *end = json ? tcps_put_json_comm(whole, comm) :
			   tcps_put_comm(whole, comm);

	return copy_text(text, size, whole, end - whole);
}

size_t tcpstates_format_address(unsigned int family, const __u8 address[16],
				char *text, size_t size)
{
	char whole[TCPSTATES_ADDRESS_SIZE];

	if (family > UINT8_MAX)
		family = 0;
	return copy_text(text, size, whole,
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
