// SPDX-License-Identifier: GPL-2.0
/*
 * The text forms of a record. Both list the same keys in the same order, and
 * a new key goes to the end of both; what each means is in uapi/dev-tcpstates.
 *
 * What makes it cheap: literals are as long as can be, values go by tables, and
 * two of them, the second and the namespace, are nearly always those of the
 * line before. More is not kept: connections that take turns have little else
 * in common.
 */
#include "format.h"

#include <linux/compiler.h>

#include "names.h"
#include "text.h"

#define NS_PER_SECOND	1000000000ULL

/* What is known only of a full socket, but for SYN-ACKs sent again. */
#define KNOW_SOCKET	(TCPSTATES_KNOW_RTT | TCPSTATES_KNOW_RETRANS | \
			 TCPSTATES_KNOW_QUEUES | TCPSTATES_KNOW_BYTES | \
			 TCPSTATES_KNOW_HANDSHAKE | TCPSTATES_KNOW_ACCEPTQ)

/* Also one before: a clock may be set. The last of all is cut off. */
static noinline void begin_second(struct tcps_format *format, __u64 real_ns)
{
	__u64 second = real_ns / NS_PER_SECOND;
	__u64 begin_ns = second * NS_PER_SECOND;

	format->begin_ns = begin_ns;
	format->span_ns = begin_ns > -NS_PER_SECOND ? -begin_ns : NS_PER_SECOND;
	tcps_put_second(format->second, second);
}

/* All but the "Z". */
static __always_inline char *put_time(struct tcps_format *format, char *p,
				      __u64 real_ns)
{
	__u32 ns, us, ms;

	if (unlikely(real_ns - format->begin_ns >= format->span_ns))
		begin_second(format, real_ns);
	ns = real_ns - format->begin_ns;
	us = ns / 1000;
	ms = us / 1000;

	memcpy(p, format->second, sizeof(format->second));
	p = tcps_put_padded(p + TCPS_SECOND_LENGTH, ms);
	p = tcps_put_padded(p, us - 1000 * ms);
	return tcps_put_padded(p, ns - 1000 * us);
}

static noinline void change_netns(struct tcps_format *format, __u32 netns)
{
	format->netns = netns;
	format->netns_length = tcps_put_number(format->netns_text, netns) -
			       format->netns_text;
}

/* One that is known. */
static __always_inline char *put_netns(struct tcps_format *format, char *p,
				       __u32 netns)
{
	if (unlikely(netns != format->netns))
		change_netns(format, netns);
	memcpy(p, format->netns_text, sizeof(format->netns_text));
	return p + format->netns_length;
}

static __always_inline char *put_cpu_seq(char *p,
					 const struct tcpstates_record *record)
{
	p = tcps_put_number(p, record->cpu);
	*p++ = ':';
	return tcps_put_number(p, record->seq);
}

/* One that is known. */
static __always_inline char *put_address(char *p, __u8 family,
					 const __u8 *address)
{
	if (likely(family == TCPSTATES_FAMILY_INET))
		return tcps_put_ipv4(p, address);
	return tcps_put_address(p, family, address);
}

/* The values of a line: "-" stands for what is not known. */

static __always_inline char *put_unknown(char *p)
{
	*p++ = '-';
	return p;
}

static __always_inline char *put_number(char *p, bool known, __u64 number)
{
	return known ? tcps_put_number(p, number) : put_unknown(p);
}

static __always_inline char *put_port(char *p, bool known, __u16 port)
{
	return known ? tcps_put_port(p, port) : put_unknown(p);
}

/* From seq to conn; what is told on request is in no ring and has no number. */
static __always_inline char *put_event(char *p,
				       const struct tcpstates_record *record)
{
	if (likely(record->event == TCPSTATES_EVENT_TRANSITION)) {
		p = put_cpu_seq(tcps_put_word(p, "Z seq="), record);
		p = tcps_put_word(p, " event=transition conn=");
	} else if (record->event == TCPSTATES_EVENT_EXISTING) {
		p = tcps_put_word(p, "Z seq=- event=existing conn=");
	} else {
		p = put_cpu_seq(tcps_put_word(p, "Z seq="), record);
		p = tcps_put_name(tcps_put_word(p, " event="),
				  tcps_name_event(record->event));
		p = tcps_put_word(p, " conn=");
	}
	return record->conn ? tcps_put_hex(p, record->conn) : put_unknown(p);
}

static __always_inline char *put_tuple(char *p,
				       const struct tcpstates_record *record)
{
	__u32 known = record->known;
	__u8 family = record->family;

	if (likely(family == TCPSTATES_FAMILY_INET))
		p = tcps_put_word(p, " family=inet laddr=");
	else if (family == TCPSTATES_FAMILY_INET6)
		p = tcps_put_word(p, " family=inet6 laddr=");
	else
		p = tcps_put_word(p, " family=- laddr=");
	p = known & TCPSTATES_KNOW_LADDR ?
	    put_address(p, family, record->laddr) : put_unknown(p);
	p = put_port(tcps_put_word(p, " lport="),
		     known & TCPSTATES_KNOW_LPORT, record->lport);
	p = tcps_put_word(p, " raddr=");
	p = known & TCPSTATES_KNOW_RADDR ?
	    put_address(p, family, record->raddr) : put_unknown(p);
	return put_port(tcps_put_word(p, " rport="),
			known & TCPSTATES_KNOW_RPORT, record->rport);
}

static __always_inline char *put_change(char *p,
					const struct tcpstates_record *record)
{
	p = tcps_put_name(tcps_put_word(p, " old="),
			  tcps_name_state(record->old_state));
	p = tcps_put_name(tcps_put_word(p, " new="),
			  tcps_name_state(record->new_state));
	p = put_number(tcps_put_word(p, " dur_ns="),
		       record->known & TCPSTATES_KNOW_DURATION, record->dur_ns);
	return tcps_put_name(tcps_put_word(p, " cause="),
			     tcps_name_cause(record->cause));
}

static __always_inline char *put_owner(char *p,
				       const struct tcpstates_record *record)
{
	__u32 known = record->known;

	if (known & TCPSTATES_KNOW_OWNER) {
		p = tcps_put_number(tcps_put_word(p, " pid="), record->pid);
		p = tcps_put_comm(tcps_put_word(p, " comm="), record->comm);
	} else {
		p = tcps_put_word(p, " pid=- comm=-");
	}
	return put_number(tcps_put_word(p, " uid="), known & TCPSTATES_KNOW_UID,
			  record->uid);
}

static char *put_some_flags(char *p, __u32 flags)
{
	for (;;) {
		p = tcps_put_name(p, &tcps_flags[__builtin_ctz(flags)]);
		flags &= flags - 1;
		if (!flags)
			return p;
		*p++ = ',';
	}
}

/* With the key that follows. */
static __always_inline char *put_flags(char *p, __u32 flags)
{
	flags &= TCPS_FLAGS;
	if (likely(!flags))
		return tcps_put_word(p, " flags=- inode=");
	p = put_some_flags(tcps_put_word(p, " flags="), flags);
	return tcps_put_word(p, " inode=");
}

static __always_inline char *put_queues(char *p,
					const struct tcpstates_record *record)
{
	if (!(record->known & TCPSTATES_KNOW_QUEUES))
		return tcps_put_word(p, " rq=- wq=-");
	p = tcps_put_number(tcps_put_word(p, " rq="), record->rq);
	return tcps_put_number(tcps_put_word(p, " wq="), record->wq);
}

static __always_inline char *put_bytes(char *p,
				       const struct tcpstates_record *record)
{
	if (!(record->known & TCPSTATES_KNOW_BYTES))
		return tcps_put_word(p, " bytes_in=- bytes_out=-");
	p = tcps_put_number(tcps_put_word(p, " bytes_in="), record->bytes_in);
	return tcps_put_number(tcps_put_word(p, " bytes_out="),
			       record->bytes_out);
}

/* To the end of the line. */
static __always_inline char *put_acceptq(char *p,
					 const struct tcpstates_record *record)
{
	if (likely(!(record->known & TCPSTATES_KNOW_ACCEPTQ)))
		return tcps_put_word(p, " acceptq=- backlog=-\n");
	p = tcps_put_number(tcps_put_word(p, " acceptq="), record->acceptq);
	p = tcps_put_number(tcps_put_word(p, " backlog="), record->backlog);
	*p++ = '\n';
	return p;
}

static __always_inline char *put_socket(char *p,
					const struct tcpstates_record *record)
{
	__u32 known = record->known;

	if (!(known & KNOW_SOCKET)) {
		p = tcps_put_word(p, " rtt_us=- retrans=- rq=- wq=- bytes_in=-");
		return tcps_put_word(p, " bytes_out=- handshake_ns=- acceptq=- backlog=-\n");
	}
	p = put_number(tcps_put_word(p, " rtt_us="),
		       known & TCPSTATES_KNOW_RTT, record->rtt_us);
	p = put_number(tcps_put_word(p, " retrans="),
		       known & TCPSTATES_KNOW_RETRANS, record->retrans);
	p = put_queues(p, record);
	p = put_bytes(p, record);
	p = put_number(tcps_put_word(p, " handshake_ns="),
		       known & TCPSTATES_KNOW_HANDSHAKE, record->handshake_ns);
	return put_acceptq(p, record);
}

/**
 * tcps_format_line() - a record as a line of text
 * @format: what is kept from line to line
 * @record: the record
 * @text: where to; it is not terminated with NUL
 *
 * Numbers, names and bits that this version does not know are shown as "-",
 * or left out of the flags.
 *
 * Context: any; calls with the same @format one after the other.
 * Return: length of the line with its newline, at most TCPS_LINE_MAX.
 */
size_t tcps_format_line(struct tcps_format *format,
			const struct tcpstates_record *record,
			char text[TCPS_LINE_MAX])
{
	char *p = put_time(format, tcps_put_word(text, "time="),
			   record->real_ns);

	if (unlikely(record->event == TCPSTATES_EVENT_LOST)) {
		p = tcps_put_word(p, "Z seq=- event=lost count=");
		p = tcps_put_number(p, record->count);
		*p++ = '\n';
		return p - text;
	}
	p = tcps_put_word(put_event(p, record), " netns=");
	p = record->netns ? put_netns(format, p, record->netns) :
			    put_unknown(p);
	p = put_tuple(p, record);
	p = put_change(p, record);
	p = put_owner(p, record);
	p = put_flags(p, record->flags);
	p = put_number(p, record->known & TCPSTATES_KNOW_INODE, record->inode);
	p = put_number(tcps_put_word(p, " cgroup="),
		       record->known & TCPSTATES_KNOW_CGROUP, record->cgroup);
	p = put_socket(p, record);
	return p - text;
}

/* The values of an object: null stands for what is not known. */

static __always_inline char *put_json_unknown(char *p)
{
	return tcps_put_word(p, "null");
}

static __always_inline char *put_json_number(char *p, bool known, __u64 number)
{
	return known ? tcps_put_number(p, number) : put_json_unknown(p);
}

static __always_inline char *put_json_port(char *p, bool known, __u16 port)
{
	return known ? tcps_put_port(p, port) : put_json_unknown(p);
}

static __always_inline char *put_json_name(char *p,
					   const struct tcps_name *name)
{
	if (name->text[0] == '-')
		return put_json_unknown(p);
	*p++ = '"';
	p = tcps_put_name(p, name);
	*p++ = '"';
	return p;
}

static __always_inline char *put_json_address(char *p, bool known, __u8 family,
					      const __u8 *address)
{
	if (!known || (family != TCPSTATES_FAMILY_INET &&
		       family != TCPSTATES_FAMILY_INET6))
		return put_json_unknown(p);
	*p++ = '"';
	p = put_address(p, family, address);
	*p++ = '"';
	return p;
}

/* From seq to conn. */
static __always_inline char *
put_json_event(char *p, const struct tcpstates_record *record)
{
	if (likely(record->event == TCPSTATES_EVENT_TRANSITION)) {
		p = put_cpu_seq(tcps_put_word(p, "Z\",\"seq\":\""), record);
		p = tcps_put_word(p, "\",\"event\":\"transition\",\"conn\":");
	} else if (record->event == TCPSTATES_EVENT_EXISTING) {
		p = tcps_put_word(p, "Z\",\"seq\":null,\"event\":\"existing\",\"conn\":");
	} else {
		p = put_cpu_seq(tcps_put_word(p, "Z\",\"seq\":\""), record);
		p = put_json_name(tcps_put_word(p, "\",\"event\":"),
				  tcps_name_event(record->event));
		p = tcps_put_word(p, ",\"conn\":");
	}
	if (!record->conn)
		return put_json_unknown(p);
	*p++ = '"';
	p = tcps_put_hex(p, record->conn);
	*p++ = '"';
	return p;
}

static __always_inline char *
put_json_tuple(char *p, const struct tcpstates_record *record)
{
	__u32 known = record->known;
	__u8 family = record->family;

	if (likely(family == TCPSTATES_FAMILY_INET))
		p = tcps_put_word(p, ",\"family\":\"inet\",\"laddr\":");
	else if (family == TCPSTATES_FAMILY_INET6)
		p = tcps_put_word(p, ",\"family\":\"inet6\",\"laddr\":");
	else
		p = tcps_put_word(p, ",\"family\":null,\"laddr\":");
	p = put_json_address(p, known & TCPSTATES_KNOW_LADDR, family,
			     record->laddr);
	p = put_json_port(tcps_put_word(p, ",\"lport\":"),
			  known & TCPSTATES_KNOW_LPORT, record->lport);
	p = put_json_address(tcps_put_word(p, ",\"raddr\":"),
			     known & TCPSTATES_KNOW_RADDR, family,
			     record->raddr);
	return put_json_port(tcps_put_word(p, ",\"rport\":"),
			     known & TCPSTATES_KNOW_RPORT, record->rport);
}

static __always_inline char *
put_json_change(char *p, const struct tcpstates_record *record)
{
	p = put_json_name(tcps_put_word(p, ",\"old\":"),
			  tcps_name_state(record->old_state));
	p = put_json_name(tcps_put_word(p, ",\"new\":"),
			  tcps_name_state(record->new_state));
	p = put_json_number(tcps_put_word(p, ",\"dur_ns\":"),
			    record->known & TCPSTATES_KNOW_DURATION,
			    record->dur_ns);
	return put_json_name(tcps_put_word(p, ",\"cause\":"),
			     tcps_name_cause(record->cause));
}

static __always_inline char *
put_json_owner(char *p, const struct tcpstates_record *record)
{
	__u32 known = record->known;

	if (known & TCPSTATES_KNOW_OWNER) {
		p = tcps_put_number(tcps_put_word(p, ",\"pid\":"),
				    record->pid);
		p = tcps_put_json_comm(tcps_put_word(p, ",\"comm\":"),
				       record->comm);
	} else {
		p = tcps_put_word(p, ",\"pid\":null,\"comm\":null");
	}
	return put_json_number(tcps_put_word(p, ",\"uid\":"),
			       known & TCPSTATES_KNOW_UID, record->uid);
}

static char *put_some_json_flags(char *p, __u32 flags)
{
	for (;;) {
		*p++ = '"';
		p = tcps_put_name(p, &tcps_flags[__builtin_ctz(flags)]);
		*p++ = '"';
		flags &= flags - 1;
		if (!flags)
			return p;
		*p++ = ',';
	}
}

/* With the key that follows. */
static __always_inline char *put_json_flags(char *p, __u32 flags)
{
	flags &= TCPS_FLAGS;
	if (likely(!flags))
		return tcps_put_word(p, ",\"flags\":[],\"inode\":");
	p = put_some_json_flags(tcps_put_word(p, ",\"flags\":["), flags);
	return tcps_put_word(p, "],\"inode\":");
}

/* To the end of the line. */
static __always_inline char *
put_json_acceptq(char *p, const struct tcpstates_record *record)
{
	if (likely(!(record->known & TCPSTATES_KNOW_ACCEPTQ)))
		return tcps_put_word(p, ",\"acceptq\":null,\"backlog\":null}\n");
	p = tcps_put_number(tcps_put_word(p, ",\"acceptq\":"), record->acceptq);
	p = tcps_put_number(tcps_put_word(p, ",\"backlog\":"), record->backlog);
	return tcps_put_word(p, "}\n");
}

static __always_inline char *
put_json_socket(char *p, const struct tcpstates_record *record)
{
	__u32 known = record->known;

	if (!(known & KNOW_SOCKET)) {
		p = tcps_put_word(p, ",\"rtt_us\":null,\"retrans\":null,\"rq\":null");
		p = tcps_put_word(p, ",\"wq\":null,\"bytes_in\":null");
		p = tcps_put_word(p, ",\"bytes_out\":null,\"handshake_ns\":null");
		return tcps_put_word(p, ",\"acceptq\":null,\"backlog\":null}\n");
	}
	p = put_json_number(tcps_put_word(p, ",\"rtt_us\":"),
			    known & TCPSTATES_KNOW_RTT, record->rtt_us);
	p = put_json_number(tcps_put_word(p, ",\"retrans\":"),
			    known & TCPSTATES_KNOW_RETRANS, record->retrans);
	p = put_json_number(tcps_put_word(p, ",\"rq\":"),
			    known & TCPSTATES_KNOW_QUEUES, record->rq);
	p = put_json_number(tcps_put_word(p, ",\"wq\":"),
			    known & TCPSTATES_KNOW_QUEUES, record->wq);
	p = put_json_number(tcps_put_word(p, ",\"bytes_in\":"),
			    known & TCPSTATES_KNOW_BYTES, record->bytes_in);
	p = put_json_number(tcps_put_word(p, ",\"bytes_out\":"),
			    known & TCPSTATES_KNOW_BYTES, record->bytes_out);
	p = put_json_number(tcps_put_word(p, ",\"handshake_ns\":"),
			    known & TCPSTATES_KNOW_HANDSHAKE,
			    record->handshake_ns);
	return put_json_acceptq(p, record);
}

/**
 * tcps_format_json() - a record as a JSON object
 * @format: what is kept from line to line
 * @record: the record
 * @text: where to; it is not terminated with NUL
 *
 * The keys of the line in the same order, null for "-", an array for flags.
 * time, seq and conn are strings, since a double cannot hold all their digits.
 *
 * Context: any; calls with the same @format one after the other.
 * Return: length of the object with a newline, at most TCPS_JSON_MAX.
 */
size_t tcps_format_json(struct tcps_format *format,
			const struct tcpstates_record *record,
			char text[TCPS_JSON_MAX])
{
	char *p = put_time(format, tcps_put_word(text, "{\"time\":\""),
			   record->real_ns);

	if (unlikely(record->event == TCPSTATES_EVENT_LOST)) {
		p = tcps_put_word(p, "Z\",\"seq\":null,\"event\":\"lost\",\"count\":");
		p = tcps_put_number(p, record->count);
		p = tcps_put_word(p, "}\n");
		return p - text;
	}
	p = tcps_put_word(put_json_event(p, record), ",\"netns\":");
	p = record->netns ? put_netns(format, p, record->netns) :
			    put_json_unknown(p);
	p = put_json_tuple(p, record);
	p = put_json_change(p, record);
	p = put_json_owner(p, record);
	p = put_json_flags(p, record->flags);
	p = put_json_number(p, record->known & TCPSTATES_KNOW_INODE,
			    record->inode);
	p = put_json_number(tcps_put_word(p, ",\"cgroup\":"),
			    record->known & TCPSTATES_KNOW_CGROUP,
			    record->cgroup);
	p = put_json_socket(p, record);
	return p - text;
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
