/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The value of a field in each form of text: tcps_value_KIND() for the kinds of
 * fields.h. Each appends at @p and returns the position after the value, as the
 * functions of text.h do, with the same slack. They are inlined with a constant
 * @form, so that a line pays nothing for the other forms.
 *
 *	line	-	for an unknown value
 *	JSON	null; strings in quotes, flags as an array
 *	CSV	nothing (RFC 4180); quotes around a process name, whose own
 *		quotes are escaped, and around a value with a comma
 *
 * Context of all: any; calls with the same @cache one after the other.
 */
#ifndef _TCPS_VALUE_H
#define _TCPS_VALUE_H

#include <linux/compiler.h>

#include "comm.h"
#include "names.h"
#include "text.h"

enum tcps_form { TCPS_FORM_LINE, TCPS_FORM_JSON, TCPS_FORM_CSV };

static __always_inline char *tcps_value_unknown(char *p, enum tcps_form form)
{
	if (form == TCPS_FORM_CSV)
		return p;
	return tcps_put_word(p, form == TCPS_FORM_JSON ? "null" : "-");
}

/* Before and after a string, of which JSON alone has a notion. */
static __always_inline char *tcps_value_quote(char *p, enum tcps_form form)
{
	if (form == TCPS_FORM_JSON)
		*p++ = '"';
	return p;
}

/* The second and the namespace are nearly always those of the line before. */
static __always_inline char *tcps_value_time(char *p, enum tcps_form form,
					     struct tcps_text_cache *cache,
					     __u64 real_ns)
{
	__u32 ns, us, ms;

	if (unlikely(real_ns - cache->begin_ns >= cache->span_ns))
		tcps_text_cache_set_second(cache, real_ns);
	ns = real_ns - cache->begin_ns;
	us = ns / 1000;
	ms = us / 1000;

	p = tcps_value_quote(p, form);
	memcpy(p, cache->second, sizeof(cache->second));
	p = tcps_put_padded(p + TCPS_SECOND_LENGTH, ms);
	p = tcps_put_padded(p, us - 1000 * ms);
	p = tcps_put_padded(p, ns - 1000 * us);
	return tcps_put_word(p, form == TCPS_FORM_JSON ? "Z\"" : "Z");
}

static __always_inline char *tcps_value_netns(char *p, enum tcps_form form,
					      struct tcps_text_cache *cache,
					      __u32 netns)
{
	if (!netns)
		return tcps_value_unknown(p, form);
	if (unlikely(netns != cache->netns))
		tcps_text_cache_set_netns(cache, netns);
	memcpy(p, cache->netns_text, sizeof(cache->netns_text));
	return p + cache->netns_length;
}

/* A record that is made on request, or by a reader, is in no ring. */
static __always_inline char *
tcps_value_seq(char *p, enum tcps_form form,
	       const struct tcpstates_record *record, __u8 event)
{
	if (unlikely(event == TCPSTATES_EVENT_EXISTING ||
		     event == TCPSTATES_EVENT_LOST))
		return tcps_value_unknown(p, form);
	p = tcps_put_number(tcps_value_quote(p, form), record->cpu);
	*p++ = ':';
	return tcps_value_quote(tcps_put_number(p, record->seq), form);
}

static __always_inline char *tcps_value_name(char *p, enum tcps_form form,
					     const struct tcps_name *name)
{
	if (form != TCPS_FORM_LINE && name->text[0] == '-')
		return tcps_value_unknown(p, form);
	p = tcps_put_name(tcps_value_quote(p, form), name);
	return tcps_value_quote(p, form);
}

/* Most events are transitions, and most connections are IPv4. */

static __always_inline char *tcps_value_event(char *p, enum tcps_form form,
					      __u8 event)
{
	if (likely(event == TCPSTATES_EVENT_TRANSITION))
		return tcps_put_word(p, form == TCPS_FORM_JSON ?
				     "\"transition\"" : "transition");
	return tcps_value_name(p, form, tcps_name_event(event));
}

static __always_inline char *tcps_value_family(char *p, enum tcps_form form,
					       __u8 family)
{
	bool json = form == TCPS_FORM_JSON;

	if (likely(family == TCPSTATES_FAMILY_INET))
		return tcps_put_word(p, json ? "\"inet\"" : "inet");
	if (family == TCPSTATES_FAMILY_INET6)
		return tcps_put_word(p, json ? "\"inet6\"" : "inet6");
	return tcps_value_unknown(p, form);
}

static __always_inline char *tcps_value_address(char *p, enum tcps_form form,
						__u8 family,
						const __u8 *address)
{
	if (likely(family == TCPSTATES_FAMILY_INET))
		p = tcps_put_ipv4(tcps_value_quote(p, form), address);
	else if (family == TCPSTATES_FAMILY_INET6)
		p = tcps_put_address(tcps_value_quote(p, form), family, address);
	else
		return tcps_value_unknown(p, form);
	return tcps_value_quote(p, form);
}

/* Numbers look the same in each form. */
#define tcps_value_number(p, form, number)	tcps_put_number(p, number)
#define tcps_value_port(p, form, port)		tcps_put_port(p, port)

static __always_inline char *tcps_value_cookie(char *p, enum tcps_form form,
					       __u64 cookie)
{
	if (!cookie)
		return tcps_value_unknown(p, form);
	p = tcps_put_hex(tcps_value_quote(p, form), cookie);
	return tcps_value_quote(p, form);
}

static __always_inline char *tcps_value_comm(char *p, enum tcps_form form,
					     const char *comm)
{
	return form == TCPS_FORM_JSON ? tcps_put_json_comm(p, comm) :
					tcps_put_comm(p, comm);
}

/* @flags are at least one, and all of them have names. */
static __always_inline char *tcps_value_some_flags(char *p, enum tcps_form form,
						   __u32 flags)
{
	for (;;) {
		p = tcps_value_name(p, form, &tcps_flags[__builtin_ctz(flags)]);
		flags &= flags - 1;
		if (!flags)
			return p;
		*p++ = ',';
	}
}

static __always_inline char *tcps_value_flags(char *p, enum tcps_form form,
					      __u32 flags)
{
	flags &= TCPS_FLAGS;
	if (likely(!flags))
		return form == TCPS_FORM_JSON ? tcps_put_word(p, "[]") :
						tcps_value_unknown(p, form);
	if (form == TCPS_FORM_LINE ||
	    (form == TCPS_FORM_CSV && !(flags & (flags - 1))))
		return tcps_value_some_flags(p, form, flags);
	*p++ = form == TCPS_FORM_JSON ? '[' : '"';
	p = tcps_value_some_flags(p, form, flags);
	*p++ = form == TCPS_FORM_JSON ? ']' : '"';
	return p;
}

#endif /* _TCPS_VALUE_H */
