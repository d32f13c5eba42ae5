// SPDX-License-Identifier: GPL-2.0
/*
 * The text forms of a record. Both list the same keys in the same order, and
 * a new key goes to the end of both; what each means is in uapi/dev-tcpstates.
 */
#include "format.h"

#include "names.h"
#include "text.h"

/* What is told on request is in no ring, and has no number there. */
static bool has_seq(const struct tcpstates_record *record)
{
	return record->event != TCPSTATES_EVENT_EXISTING;
}

static char *put_cpu_seq(char *p, const struct tcpstates_record *record)
{
	p = tcps_put_number(p, record->cpu);
	*p++ = ':';
	return tcps_put_number(p, record->seq);
}

static bool is_family(__u8 family)
{
	return family == TCPSTATES_FAMILY_INET ||
	       family == TCPSTATES_FAMILY_INET6;
}

/* The values of a line: "-" stands for what is not known. */

static char *put_number(char *p, bool known, __u64 number)
{
	if (known)
		return tcps_put_number(p, number);
	*p++ = '-';
	return p;
}

static char *put_seq(char *p, const struct tcpstates_record *record)
{
	if (has_seq(record))
		return put_cpu_seq(p, record);
	*p++ = '-';
	return p;
}

static char *put_flags(char *p, __u32 flags)
{
	const struct tcps_name *name;
	const char *start = p;
	unsigned int bit;

	for (bit = 0; flags >> bit && (name = tcps_name_flag(bit)); bit++) {
		if (!(flags & (1U << bit)))
			continue;
		if (p != start)
			*p++ = ',';
		p = tcps_put_name(p, name);
	}
	if (p == start)
		*p++ = '-';
	return p;
}

static char *put_tuple(char *p, const struct tcpstates_record *record)
{
	__u32 known = record->known;

	p = tcps_put_name(tcps_put_word(p, " family="),
			  tcps_name_family(record->family));
	p = tcps_put_address(tcps_put_word(p, " laddr="),
			     known & TCPSTATES_KNOW_LADDR ? record->family : 0,
			     record->laddr);
	p = put_number(tcps_put_word(p, " lport="),
		       known & TCPSTATES_KNOW_LPORT, record->lport);
	p = tcps_put_address(tcps_put_word(p, " raddr="),
			     known & TCPSTATES_KNOW_RADDR ? record->family : 0,
			     record->raddr);
	return put_number(tcps_put_word(p, " rport="),
			  known & TCPSTATES_KNOW_RPORT, record->rport);
}

static char *put_owner(char *p, const struct tcpstates_record *record)
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

static char *put_queues(char *p, const struct tcpstates_record *record)
{
	if (!(record->known & TCPSTATES_KNOW_QUEUES))
		return tcps_put_word(p, " rq=- wq=-");
	p = tcps_put_number(tcps_put_word(p, " rq="), record->rq);
	return tcps_put_number(tcps_put_word(p, " wq="), record->wq);
}

static char *put_bytes(char *p, const struct tcpstates_record *record)
{
	if (!(record->known & TCPSTATES_KNOW_BYTES))
		return tcps_put_word(p, " bytes_in=- bytes_out=-");
	p = tcps_put_number(tcps_put_word(p, " bytes_in="), record->bytes_in);
	return tcps_put_number(tcps_put_word(p, " bytes_out="),
			       record->bytes_out);
}

static char *put_acceptq(char *p, const struct tcpstates_record *record)
{
	if (!(record->known & TCPSTATES_KNOW_ACCEPTQ))
		return tcps_put_word(p, " acceptq=- backlog=-");
	p = tcps_put_number(tcps_put_word(p, " acceptq="), record->acceptq);
	return tcps_put_number(tcps_put_word(p, " backlog="), record->backlog);
}

static char *put_health(char *p, const struct tcpstates_record *record)
{
	__u32 known = record->known;

	p = put_number(tcps_put_word(p, " inode="),
		       known & TCPSTATES_KNOW_INODE, record->inode);
	p = put_number(tcps_put_word(p, " cgroup="),
		       known & TCPSTATES_KNOW_CGROUP, record->cgroup);
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
 * @record: the record
 * @text: where to; it is not terminated with NUL
 *
 * Numbers, names and bits that this version does not know are shown as "-",
 * or left out of the flags.
 *
 * Context: any.
 * Return: length of the line with its newline, at most TCPS_LINE_MAX.
 */
size_t tcps_format_line(const struct tcpstates_record *record,
			char text[TCPS_LINE_MAX])
{
	char *p = text;

	p = tcps_put_time(tcps_put_word(p, "time="), record->real_ns);
	if (record->event == TCPSTATES_EVENT_LOST) {
		p = tcps_put_word(p, " seq=- event=lost count=");
		p = tcps_put_number(p, record->count);
		*p++ = '\n';
		return p - text;
	}
	p = put_seq(tcps_put_word(p, " seq="), record);
	p = tcps_put_name(tcps_put_word(p, " event="),
			  tcps_name_event(record->event));
	p = tcps_put_word(p, " conn=");
	p = record->conn ? tcps_put_hex(p, record->conn) :
			   tcps_put_word(p, "-");
	p = put_number(tcps_put_word(p, " netns="), record->netns,
		       record->netns);
	p = put_tuple(p, record);
	p = tcps_put_name(tcps_put_word(p, " old="),
			  tcps_name_state(record->old_state));
	p = tcps_put_name(tcps_put_word(p, " new="),
			  tcps_name_state(record->new_state));
	p = put_number(tcps_put_word(p, " dur_ns="),
		       record->known & TCPSTATES_KNOW_DURATION, record->dur_ns);
	p = tcps_put_name(tcps_put_word(p, " cause="),
			  tcps_name_cause(record->cause));
	p = put_owner(p, record);
	p = put_flags(tcps_put_word(p, " flags="), record->flags);
	p = put_health(p, record);
	*p++ = '\n';
	return p - text;
}

/* The values of an object: null stands for what is not known. */

static char *put_json_number(char *p, bool known, __u64 number)
{
	return known ? tcps_put_number(p, number) : tcps_put_word(p, "null");
}

static char *put_json_name(char *p, const struct tcps_name *name)
{
	if (name->text[0] == '-')
		return tcps_put_word(p, "null");
	*p++ = '"';
	p = tcps_put_name(p, name);
	*p++ = '"';
	return p;
}

static char *put_json_address(char *p, bool known, __u8 family,
			      const __u8 *address)
{
	if (!known || !is_family(family))
		return tcps_put_word(p, "null");
	*p++ = '"';
	p = tcps_put_address(p, family, address);
	*p++ = '"';
	return p;
}

static char *put_json_seq(char *p, const struct tcpstates_record *record)
{
	if (!has_seq(record))
		return tcps_put_word(p, "null");
	*p++ = '"';
	p = put_cpu_seq(p, record);
	*p++ = '"';
	return p;
}

static char *put_json_conn(char *p, __u64 conn)
{
	if (!conn)
		return tcps_put_word(p, "null");
	*p++ = '"';
	p = tcps_put_hex(p, conn);
	*p++ = '"';
	return p;
}

static char *put_json_flags(char *p, __u32 flags)
{
	const struct tcps_name *name;
	bool first = true;
	unsigned int bit;

	*p++ = '[';
	for (bit = 0; flags >> bit && (name = tcps_name_flag(bit)); bit++) {
		if (!(flags & (1U << bit)))
			continue;
		p = tcps_put_word(p, first ? "\"" : ",\"");
		p = tcps_put_name(p, name);
		*p++ = '"';
		first = false;
	}
	*p++ = ']';
	return p;
}

static char *put_json_tuple(char *p, const struct tcpstates_record *record)
{
	__u32 known = record->known;

	p = put_json_name(tcps_put_word(p, ",\"family\":"),
			  tcps_name_family(record->family));
	p = put_json_address(tcps_put_word(p, ",\"laddr\":"),
			     known & TCPSTATES_KNOW_LADDR, record->family,
			     record->laddr);
	p = put_json_number(tcps_put_word(p, ",\"lport\":"),
			    known & TCPSTATES_KNOW_LPORT, record->lport);
	p = put_json_address(tcps_put_word(p, ",\"raddr\":"),
			     known & TCPSTATES_KNOW_RADDR, record->family,
			     record->raddr);
	return put_json_number(tcps_put_word(p, ",\"rport\":"),
			       known & TCPSTATES_KNOW_RPORT, record->rport);
}

static char *put_json_owner(char *p, const struct tcpstates_record *record)
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

static char *put_json_health(char *p, const struct tcpstates_record *record)
{
	__u32 known = record->known;

	p = put_json_number(tcps_put_word(p, ",\"inode\":"),
			    known & TCPSTATES_KNOW_INODE, record->inode);
	p = put_json_number(tcps_put_word(p, ",\"cgroup\":"),
			    known & TCPSTATES_KNOW_CGROUP, record->cgroup);
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
	p = put_json_number(tcps_put_word(p, ",\"acceptq\":"),
			    known & TCPSTATES_KNOW_ACCEPTQ, record->acceptq);
	return put_json_number(tcps_put_word(p, ",\"backlog\":"),
			       known & TCPSTATES_KNOW_ACCEPTQ, record->backlog);
}

/**
 * tcps_format_json() - a record as a JSON object
 * @record: the record
 * @text: where to; it is not terminated with NUL
 *
 * The keys of the line in the same order, null for "-", an array for flags.
 * time, seq and conn are strings, since a double cannot hold all their digits.
 *
 * Context: any.
 * Return: length of the object with a newline, at most TCPS_JSON_MAX.
 */
size_t tcps_format_json(const struct tcpstates_record *record,
			char text[TCPS_JSON_MAX])
{
	char *p = text;

	p = tcps_put_time(tcps_put_word(p, "{\"time\":\""), record->real_ns);
	if (record->event == TCPSTATES_EVENT_LOST) {
		p = tcps_put_word(p, "\",\"seq\":null,\"event\":\"lost\",\"count\":");
		p = tcps_put_number(p, record->count);
		p = tcps_put_word(p, "}\n");
		return p - text;
	}
	p = put_json_seq(tcps_put_word(p, "\",\"seq\":"), record);
	p = put_json_name(tcps_put_word(p, ",\"event\":"),
			  tcps_name_event(record->event));
	p = put_json_conn(tcps_put_word(p, ",\"conn\":"), record->conn);
	p = put_json_number(tcps_put_word(p, ",\"netns\":"), record->netns,
			    record->netns);
	p = put_json_tuple(p, record);
	p = put_json_name(tcps_put_word(p, ",\"old\":"),
			  tcps_name_state(record->old_state));
	p = put_json_name(tcps_put_word(p, ",\"new\":"),
			  tcps_name_state(record->new_state));
	p = put_json_number(tcps_put_word(p, ",\"dur_ns\":"),
			    record->known & TCPSTATES_KNOW_DURATION,
			    record->dur_ns);
	p = put_json_name(tcps_put_word(p, ",\"cause\":"),
			  tcps_name_cause(record->cause));
	p = put_json_owner(p, record);
	p = put_json_flags(tcps_put_word(p, ",\"flags\":"), record->flags);
	p = put_json_health(p, record);
	p = tcps_put_word(p, "}\n");
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
