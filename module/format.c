// SPDX-License-Identifier: GPL-2.0
/*
 * The line and the object of a record: one walk over the fields of fields.h, compiled
 * once for each of the two. What each field means is in uapi/dev-tcpstates.
 *
 * To be cheap, the walk copies literals as long as possible and looks values up in
 * tables, and keeps the text of the last second and network namespace. More is not
 * kept: connections that take turns have little else in common.
 */
#include "format.h"

#include <linux/compiler.h>

#include "fields.h"
#include "names.h"
#include "text.h"
#include "value.h"

/*
 * The macros below work on what the functions after them have in scope: @p, the
 * position in the text, @form, which is a constant, and what fields.h names.
 */

/* A key as a literal, with what separates it from the value before. */
#define LINE_KEY(key)	" " key "="
#define JSON_KEY(key)	",\"" key "\":"
#define KEY(key)	(form == TCPS_FORM_JSON ? JSON_KEY(key) : LINE_KEY(key))

/* For lists of fields: all of them as one literal, none with a value. */
#define LINE_UNKNOWN(key, kind, mask, ...)	LINE_KEY(#key) "-"
#define JSON_UNKNOWN(key, kind, mask, ...)	JSON_KEY(#key) "null"
#define UNKNOWN(fields) \
	(form == TCPS_FORM_JSON ? fields(JSON_UNKNOWN) : fields(LINE_UNKNOWN))
#define UNKNOWN_TO_END(fields) \
	(form == TCPS_FORM_JSON ? fields(JSON_UNKNOWN) "}\n" : \
				  fields(LINE_UNKNOWN) "\n")

/* For lists of fields: what the record knows of any of them. */
#define MASK(key, kind, mask, ...)	| (mask)
#define MASK_OF(fields)			(0 fields(MASK))

/* For the first field, whose key nothing separates from a value before it. */
#define PUT_FIRST(key, kind, mask, ...) \
	p = tcps_value_##kind(tcps_put_word(p, KEY(#key) + 1), form, __VA_ARGS__);

/* For lists of fields: append each, known or not. */
#define PUT_KNOWN(key, kind, mask, ...) \
	p = tcps_value_##kind(tcps_put_word(p, KEY(#key)), form, __VA_ARGS__);
#define PUT(key, kind, mask, ...) \
	p = tcps_put_word(p, KEY(#key)); \
	p = !(mask) || record->known & (mask) ? \
	    tcps_value_##kind(p, form, __VA_ARGS__) : \
	    tcps_value_unknown(p, form);

/* For groups of fields that share a mask: append a group. */
#define PUT_GROUP(group, F) \
	if (record->known & MASK_OF(group)) { \
		group(F) \
	} else { \
		p = tcps_put_word(p, UNKNOWN(group)); \
	}

static __always_inline char *put_end(char *p, enum tcps_form form)
{
	return tcps_put_word(p, form == TCPS_FORM_JSON ? "}\n" : "\n");
}

static __always_inline char *put_counters(char *p, enum tcps_form form,
					  const struct tcpstates_record *record)
{
	if (!(record->known & MASK_OF(TCPS_COUNTER_FIELDS)))
		return tcps_put_word(p, UNKNOWN_TO_END(TCPS_COUNTER_FIELDS));
	TCPS_COUNTER_GROUPS(PUT_GROUP, PUT_KNOWN)
	if (likely(!(record->known & MASK_OF(TCPS_LAST_FIELDS))))
		return tcps_put_word(p, UNKNOWN_TO_END(TCPS_LAST_FIELDS));
	TCPS_LAST_FIELDS(PUT_KNOWN)
	return put_end(p, form);
}

static __always_inline char *put_connection(char *p, enum tcps_form form,
					    struct tcps_text_cache *cache,
					    const struct tcpstates_record *record)
{
	TCPS_TUPLE_FIELDS(PUT)
	TCPS_CHANGE_FIELDS(PUT)
	PUT_GROUP(TCPS_PROCESS_FIELDS, PUT_KNOWN)
	TCPS_SOCKET_FIELDS(PUT)
	return put_counters(p, form, record);
}

static __always_inline char *put_event(char *p, enum tcps_form form,
				       const struct tcpstates_record *record,
				       __u8 event)
{
	TCPS_EVENT_FIELDS(PUT)
	return p;
}

static __always_inline char *put_record(char *p, enum tcps_form form,
					struct tcps_text_cache *cache,
					const struct tcpstates_record *record)
{
	__u8 event = record->event;

	if (form == TCPS_FORM_JSON)
		*p++ = '{';
	TCPS_FIRST_FIELD(PUT_FIRST)
	/* A constant event makes the usual case short. */
	p = likely(event == TCPSTATES_EVENT_TRANSITION) ?
	    put_event(p, form, record, TCPSTATES_EVENT_TRANSITION) :
	    put_event(p, form, record, event);
	if (unlikely(event == TCPSTATES_EVENT_LOST)) {
		TCPS_LOSS_FIELDS(PUT)
		return put_end(p, form);
	}
	return put_connection(p, form, cache, record);
}

/**
 * tcps_format_line() - a record as a line of text
 * @cache: the reader's
 * @record: the record
 * @text: where to; it is not terminated with NUL
 *
 * Numbers, names and bits that this version does not know are shown as "-",
 * or left out of the flags.
 *
 * Context: any; calls with the same @cache one after the other.
 * Return: length of the line with its newline, at most TCPS_LINE_MAX.
 */
size_t tcps_format_line(struct tcps_text_cache *cache,
			const struct tcpstates_record *record,
			char text[TCPS_LINE_MAX])
{
	return put_record(text, TCPS_FORM_LINE, cache, record) - text;
}

/**
 * tcps_format_json() - a record as a JSON object
 * @cache: the reader's
 * @record: the record
 * @text: where to; it is not terminated with NUL
 *
 * The keys of the line in the same order, null for "-", an array for flags.
 * time, seq and conn are strings, since a double cannot hold all their digits.
 *
 * Context: any; calls with the same @cache one after the other.
 * Return: length of the object with a newline, at most TCPS_JSON_MAX.
 */
size_t tcps_format_json(struct tcps_text_cache *cache,
			const struct tcpstates_record *record,
			char text[TCPS_JSON_MAX])
{
	return put_record(text, TCPS_FORM_JSON, cache, record) - text;
}

/**
 * tcps_format_address() - an address as text
 * @family: TCPSTATES_FAMILY_*
 * @address: as in the record
 * @text: where to, INET6_ADDRSTRLEN (46) bytes; terminated with NUL
 *
 * Context: any.
 * Return: length without the NUL; "-" for a family that is none.
 */
size_t tcps_format_address(__u8 family, const __u8 address[16], char *text)
{
	char *end = tcps_put_address(text, family, address);

	*end = '\0';
	return end - text;
}

/**
 * tcps_format_state() - name of a state
 * @state: TCPSTATES_ESTABLISHED etc.
 *
 * Context: any.
 * Return: the name; "-" for what is no state.
 */
const char *tcps_format_state(__u8 state)
{
	return tcps_name_state(state)->text;
}

/**
 * tcps_format_event() - name of an event
 * @event: TCPSTATES_EVENT_*
 *
 * Context: any.
 * Return: the name; "-" for what is no event.
 */
const char *tcps_format_event(__u8 event)
{
	return tcps_name_event(event)->text;
}
