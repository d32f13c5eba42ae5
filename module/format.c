// SPDX-License-Identifier: GPL-2.0
/*
 * The text forms of a record. Both list the same keys in the same order, and
 * a new key goes to the end of both; what each means is in uapi/dev-tcpstates.
 *
 * Each put_*() appends at a position that has room and returns the position
 * after what it wrote. There is no end to check against: every value has a
 * longest form, and TCPS_LINE_MAX and TCPS_JSON_MAX hold the sum of them.
 *
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
 */
#include "format.h"

#include <linux/string.h>

#define NS_PER_SECOND		1000000000U
#define SECONDS_PER_DAY		86400U
#define MAX_DIGITS		20	/* of a 64-bit number */

/* Words are padded to one size, to be found without a further load. */
static const char state_names[TCPSTATES_STATE_COUNT][12] = {
	[TCPSTATES_UNKNOWN] = "-",
	[TCPSTATES_ESTABLISHED] = "ESTABLISHED",
	[TCPSTATES_SYN_SENT] = "SYN_SENT",
	[TCPSTATES_SYN_RECV] = "SYN_RECV",
	[TCPSTATES_FIN_WAIT1] = "FIN_WAIT1",
	[TCPSTATES_FIN_WAIT2] = "FIN_WAIT2",
	[TCPSTATES_TIME_WAIT] = "TIME_WAIT",
	[TCPSTATES_CLOSE] = "CLOSE",
	[TCPSTATES_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCPSTATES_LAST_ACK] = "LAST_ACK",
	[TCPSTATES_LISTEN] = "LISTEN",
	[TCPSTATES_CLOSING] = "CLOSING",
};

static const char event_names[TCPSTATES_EVENT_COUNT][12] = {
	[0] = "-",
	[TCPSTATES_EVENT_TRANSITION] = "transition",
	[TCPSTATES_EVENT_LOST] = "lost",
	[TCPSTATES_EVENT_EXISTING] = "existing",
};

static const char cause_names[TCPSTATES_CAUSE_COUNT][16] = {
	[TCPSTATES_CAUSE_UNKNOWN] = "-",
	[TCPSTATES_CAUSE_CONNECT] = "connect",
	[TCPSTATES_CAUSE_LISTEN] = "listen",
	[TCPSTATES_CAUSE_SYN] = "syn",
	[TCPSTATES_CAUSE_SYNACK] = "synack",
	[TCPSTATES_CAUSE_ACK] = "ack",
	[TCPSTATES_CAUSE_FIN] = "fin",
	[TCPSTATES_CAUSE_FIN_ACKED] = "fin-acked",
	[TCPSTATES_CAUSE_CLOSE] = "close",
	[TCPSTATES_CAUSE_SHUTDOWN] = "shutdown",
	[TCPSTATES_CAUSE_RST_RECEIVED] = "rst-received",
	[TCPSTATES_CAUSE_RST_SENT] = "rst-sent",
	[TCPSTATES_CAUSE_ABORT] = "abort",
	[TCPSTATES_CAUSE_UNREAD] = "unread",
	[TCPSTATES_CAUSE_DISCONNECT] = "disconnect",
	[TCPSTATES_CAUSE_TIMEOUT] = "timeout",
	[TCPSTATES_CAUSE_REFUSED] = "refused",
	[TCPSTATES_CAUSE_UNREACHABLE] = "unreachable",
	[TCPSTATES_CAUSE_SYNACK_TIMEOUT] = "synack-timeout",
	[TCPSTATES_CAUSE_OVERFLOW] = "overflow",
	[TCPSTATES_CAUSE_LISTENER_CLOSED] = "listener-closed",
	[TCPSTATES_CAUSE_DUPLICATE] = "duplicate",
	[TCPSTATES_CAUSE_TW_EXPIRED] = "tw-expired",
	[TCPSTATES_CAUSE_TW_REUSED] = "tw-reused",
	[TCPSTATES_CAUSE_TW_RESET] = "tw-reset",
	[TCPSTATES_CAUSE_TW_OVERFLOW] = "tw-overflow",
	[TCPSTATES_CAUSE_NETNS_EXIT] = "netns-exit",
	[TCPSTATES_CAUSE_KILLED] = "killed",
	[TCPSTATES_CAUSE_NO_MEMORY] = "no-memory",
	[TCPSTATES_CAUSE_CONNECT_FAILED] = "connect-failed",
	[TCPSTATES_CAUSE_LISTEN_FAILED] = "listen-failed",
	[TCPSTATES_CAUSE_REPAIR] = "repair",
};

/* By bit number of TCPSTATES_FLAG_*. */
static const char flag_names[][12] = {
	"v4mapped",
	"unaccepted",
	"orphan",
	"atleast",
	"syncookie",
	"tfo",
	"mptcp",
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const char *cause_name(__u8 cause)
{
	return cause_names[cause < COUNT(cause_names) ? cause : 0];
}

static const char *family_name(__u8 family)
{
	switch (family) {
	case TCPSTATES_FAMILY_INET:
		return "inet";
	case TCPSTATES_FAMILY_INET6:
		return "inet6";
	default:
		return "-";
	}
}

/* Inline, so that the compiler knows the length of a literal. */
static inline char *put_word(char *p, const char *word)
{
	size_t length = strlen(word);

	memcpy(p, word, length);
	return p + length;
}

static char *put_number(char *p, __u64 number)
{
	char digits[MAX_DIGITS];
	unsigned int first = MAX_DIGITS;

	do {
		digits[--first] = '0' + number % 10;
		number /= 10;
	} while (number);
	memcpy(p, digits + first, MAX_DIGITS - first);
	return p + MAX_DIGITS - first;
}

/* The last @width digits of @number. */
static char *put_padded(char *p, __u32 number, unsigned int width)
{
	unsigned int i;

	for (i = width; i-- > 0; number /= 10)
		p[i] = '0' + number % 10;
	return p + width;
}

static char *put_hex_digit(char *p, unsigned int digit)
{
	*p++ = "0123456789abcdef"[digit & 15];
	return p;
}

/* Without leading zeros. */
static char *put_hex(char *p, __u64 number)
{
	unsigned int bits = 4;

	while (bits < 64 && number >> bits)
		bits += 4;
	while (bits) {
		bits -= 4;
		p = put_hex_digit(p, number >> bits);
	}
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

	p = put_padded(p, year, 4);
	*p++ = '-';
	p = put_padded(p, month, 2);
	*p++ = '-';
	return put_padded(p, day + 1, 2);
}

static char *put_time(char *p, __u64 real_ns)
{
	__u64 seconds = real_ns / NS_PER_SECOND;
	__u32 second = seconds % SECONDS_PER_DAY;

	p = put_date(p, seconds / SECONDS_PER_DAY);
	*p++ = 'T';
	p = put_padded(p, second / 3600, 2);
	*p++ = ':';
	p = put_padded(p, second / 60 % 60, 2);
	*p++ = ':';
	p = put_padded(p, second % 60, 2);
	*p++ = '.';
	p = put_padded(p, real_ns % NS_PER_SECOND, 9);
	*p++ = 'Z';
	return p;
}

static char *put_ipv4(char *p, const __u8 *address)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = put_number(p, address[i]);
	}
	return p;
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
			p = put_word(p, "::");
			i += count - 1;
			continue;
		}
		if (i && i != zeros + count)
			*p++ = ':';
		if (i == 6 && zeros == 0 &&
		    (count == 6 || (count == 5 && groups[5] == 0xffff)))
			return put_ipv4(p, address + 12);
		p = put_hex(p, groups[i]);
	}
	return p;
}

static char *put_address(char *p, __u8 family, const __u8 *address)
{
	switch (family) {
	case TCPSTATES_FAMILY_INET:
		return put_ipv4(p, address);
	case TCPSTATES_FAMILY_INET6:
		return put_ipv6(p, address);
	default:
		return put_word(p, "-");
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

static unsigned int comm_length(const char *comm)
{
	unsigned int length = 0;

	while (length < TCPSTATES_COMM_LEN && comm[length])
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

static char *put_comm(char *p, const char *comm)
{
	const __u8 *bytes = (const __u8 *)comm;
	unsigned int left = comm_length(comm), length;
	__u32 character;

	*p++ = '"';
	for (; left; left -= length) {
		length = decode_utf8(bytes, left, &character);
		if (length && !is_control(character) &&
		    character != '"' && character != '\\') {
			p = put_bytes(p, bytes, length);
			bytes += length;
			continue;
		}
		/* The rest of a character is not the beginning of one. */
		length = 1;
		p = put_word(p, "\\x");
		p = put_hex_byte(p, *bytes++);
	}
	*p++ = '"';
	return p;
}

static char *put_json_comm(char *p, const char *comm)
{
	const __u8 *bytes = (const __u8 *)comm;
	unsigned int left = comm_length(comm), length;
	__u32 character;

	*p++ = '"';
	for (; left; left -= length, bytes += length) {
		length = decode_utf8(bytes, left, &character);
		if (!length || character == '\\') {
			length = 1;
			p = put_word(p, "\\\\x");
			p = put_hex_byte(p, *bytes);
		} else if (character == '"') {
			p = put_word(p, "\\\"");
		} else if (is_control(character)) {
			p = put_word(p, "\\u");
			p = put_hex_byte(p, character >> 8);
			p = put_hex_byte(p, character);
		} else {
			p = put_bytes(p, bytes, length);
		}
	}
	*p++ = '"';
	return p;
}

static char *put_flags(char *p, __u32 flags)
{
	const char *start = p;
	unsigned int i;

	for (i = 0; i < COUNT(flag_names); i++) {
		if (!(flags & (1U << i)))
			continue;
		if (p != start)
			*p++ = ',';
		p = put_word(p, flag_names[i]);
	}
	if (p == start)
		*p++ = '-';
	return p;
}

static char *put_json_flags(char *p, __u32 flags)
{
	bool first = true;
	unsigned int i;

	*p++ = '[';
	for (i = 0; i < COUNT(flag_names); i++) {
		if (!(flags & (1U << i)))
			continue;
		p = put_word(p, first ? "\"" : ",\"");
		p = put_word(p, flag_names[i]);
		*p++ = '"';
		first = false;
	}
	*p++ = ']';
	return p;
}

/* What is told on request is in no ring, and has no number there. */
static bool has_seq(const struct tcpstates_record *record)
{
	return record->event != TCPSTATES_EVENT_EXISTING;
}

static char *put_cpu_seq(char *p, const struct tcpstates_record *record)
{
	p = put_number(p, record->cpu);
	*p++ = ':';
	return put_number(p, record->seq);
}

static char *put_seq(char *p, const struct tcpstates_record *record)
{
	if (has_seq(record))
		return put_cpu_seq(p, record);
	*p++ = '-';
	return p;
}

/* The values of a line: "-" stands for what is not known. */

static char *put_known_number(char *p, bool known, __u64 number)
{
	if (known)
		return put_number(p, number);
	*p++ = '-';
	return p;
}

static char *put_known_address(char *p, bool known, __u8 family,
			       const __u8 *address)
{
	return put_address(p, known ? family : 0, address);
}

/* The values of an object: null stands for what is not known. */

static char *put_json_word(char *p, const char *word)
{
	if (word[0] == '-')
		return put_word(p, "null");
	*p++ = '"';
	p = put_word(p, word);
	*p++ = '"';
	return p;
}

static char *put_json_number(char *p, bool known, __u64 number)
{
	return known ? put_number(p, number) : put_word(p, "null");
}

static char *put_json_address(char *p, bool known, __u8 family,
			      const __u8 *address)
{
	if (!known || (family != TCPSTATES_FAMILY_INET &&
		       family != TCPSTATES_FAMILY_INET6))
		return put_word(p, "null");
	*p++ = '"';
	p = put_address(p, family, address);
	*p++ = '"';
	return p;
}

static char *put_json_seq(char *p, const struct tcpstates_record *record)
{
	if (!has_seq(record))
		return put_word(p, "null");
	*p++ = '"';
	p = put_cpu_seq(p, record);
	*p++ = '"';
	return p;
}

static char *put_json_conn(char *p, __u64 conn)
{
	if (!conn)
		return put_word(p, "null");
	*p++ = '"';
	p = put_hex(p, conn);
	*p++ = '"';
	return p;
}

/**
 * struct key - a key that has a number, one of those after the flags
 * @known: TCPSTATES_KNOW_*
 * @line: what stands before its value in a line
 * @json: what stands before its value in an object
 */
struct key {
	__u32 known;
	char line[16];
	char json[20];
};

#define LAST_KEY(key, bit) \
	{ TCPSTATES_KNOW_##bit, " " #key "=", ",\"" #key "\":" }

/* In the order of the values in put_last_keys(). */
static const struct key last_keys[] = {
	LAST_KEY(inode, INODE),
	LAST_KEY(cgroup, CGROUP),
	LAST_KEY(rtt_us, RTT),
	LAST_KEY(retrans, RETRANS),
	LAST_KEY(rq, QUEUES),
	LAST_KEY(wq, QUEUES),
	LAST_KEY(bytes_in, BYTES),
	LAST_KEY(bytes_out, BYTES),
	LAST_KEY(handshake_ns, HANDSHAKE),
	LAST_KEY(acceptq, ACCEPTQ),
	LAST_KEY(backlog, ACCEPTQ),
};

static char *put_last_keys(char *p, const struct tcpstates_record *record,
			   bool json)
{
	const __u64 values[COUNT(last_keys)] = {
		record->inode, record->cgroup, record->rtt_us, record->retrans,
		record->rq, record->wq, record->bytes_in, record->bytes_out,
		record->handshake_ns, record->acceptq, record->backlog,
	};
	unsigned int i;

	for (i = 0; i < COUNT(last_keys); i++) {
		const struct key *key = &last_keys[i];
		bool known = record->known & key->known;

		p = put_word(p, json ? key->json : key->line);
		p = json ? put_json_number(p, known, values[i]) :
			   put_known_number(p, known, values[i]);
	}
	return p;
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
	__u32 known = record->known;
	char *p = text;

	p = put_time(put_word(p, "time="), record->real_ns);
	if (record->event == TCPSTATES_EVENT_LOST) {
		p = put_word(p, " seq=- event=lost count=");
		p = put_number(p, record->count);
		*p++ = '\n';
		return p - text;
	}
	p = put_seq(put_word(p, " seq="), record);
	p = put_word(p, " event=");
	p = put_word(p, tcps_format_event(record->event));
	p = put_word(p, " conn=");
	p = record->conn ? put_hex(p, record->conn) : put_word(p, "-");
	p = put_word(p, " netns=");
	p = put_known_number(p, record->netns, record->netns);
	p = put_word(p, " family=");
	p = put_word(p, family_name(record->family));
	p = put_word(p, " laddr=");
	p = put_known_address(p, known & TCPSTATES_KNOW_LADDR, record->family,
			      record->laddr);
	p = put_word(p, " lport=");
	p = put_known_number(p, known & TCPSTATES_KNOW_LPORT, record->lport);
	p = put_word(p, " raddr=");
	p = put_known_address(p, known & TCPSTATES_KNOW_RADDR, record->family,
			      record->raddr);
	p = put_word(p, " rport=");
	p = put_known_number(p, known & TCPSTATES_KNOW_RPORT, record->rport);
	p = put_word(p, " old=");
	p = put_word(p, tcps_format_state(record->old_state));
	p = put_word(p, " new=");
	p = put_word(p, tcps_format_state(record->new_state));
	p = put_word(p, " dur_ns=");
	p = put_known_number(p, known & TCPSTATES_KNOW_DURATION, record->dur_ns);
	p = put_word(p, " cause=");
	p = put_word(p, cause_name(record->cause));
	p = put_word(p, " pid=");
	p = put_known_number(p, known & TCPSTATES_KNOW_OWNER, record->pid);
	p = put_word(p, " comm=");
	if (known & TCPSTATES_KNOW_OWNER)
		p = put_comm(p, record->comm);
	else
		*p++ = '-';
	p = put_word(p, " uid=");
	p = put_known_number(p, known & TCPSTATES_KNOW_UID, record->uid);
	p = put_flags(put_word(p, " flags="), record->flags);
	p = put_last_keys(p, record, false);
	*p++ = '\n';
	return p - text;
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
	__u32 known = record->known;
	char *p = text;

	p = put_time(put_word(p, "{\"time\":\""), record->real_ns);
	if (record->event == TCPSTATES_EVENT_LOST) {
		p = put_word(p, "\",\"seq\":null,\"event\":\"lost\",\"count\":");
		p = put_number(p, record->count);
		p = put_word(p, "}\n");
		return p - text;
	}
	p = put_json_seq(put_word(p, "\",\"seq\":"), record);
	p = put_word(p, ",\"event\":");
	p = put_json_word(p, tcps_format_event(record->event));
	p = put_word(p, ",\"conn\":");
	p = put_json_conn(p, record->conn);
	p = put_word(p, ",\"netns\":");
	p = put_json_number(p, record->netns, record->netns);
	p = put_word(p, ",\"family\":");
	p = put_json_word(p, family_name(record->family));
	p = put_word(p, ",\"laddr\":");
	p = put_json_address(p, known & TCPSTATES_KNOW_LADDR, record->family,
			     record->laddr);
	p = put_word(p, ",\"lport\":");
	p = put_json_number(p, known & TCPSTATES_KNOW_LPORT, record->lport);
	p = put_word(p, ",\"raddr\":");
	p = put_json_address(p, known & TCPSTATES_KNOW_RADDR, record->family,
			     record->raddr);
	p = put_word(p, ",\"rport\":");
	p = put_json_number(p, known & TCPSTATES_KNOW_RPORT, record->rport);
	p = put_word(p, ",\"old\":");
	p = put_json_word(p, tcps_format_state(record->old_state));
	p = put_word(p, ",\"new\":");
	p = put_json_word(p, tcps_format_state(record->new_state));
	p = put_word(p, ",\"dur_ns\":");
	p = put_json_number(p, known & TCPSTATES_KNOW_DURATION, record->dur_ns);
	p = put_word(p, ",\"cause\":");
	p = put_json_word(p, cause_name(record->cause));
	p = put_word(p, ",\"pid\":");
	p = put_json_number(p, known & TCPSTATES_KNOW_OWNER, record->pid);
	p = put_word(p, ",\"comm\":");
	if (known & TCPSTATES_KNOW_OWNER)
		p = put_json_comm(p, record->comm);
	else
		p = put_word(p, "null");
	p = put_word(p, ",\"uid\":");
	p = put_json_number(p, known & TCPSTATES_KNOW_UID, record->uid);
	p = put_json_flags(put_word(p, ",\"flags\":"), record->flags);
	p = put_last_keys(p, record, true);
	p = put_word(p, "}\n");
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
	char *end = put_address(text, family, address);

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
	if (state >= TCPSTATES_STATE_COUNT)
		state = TCPSTATES_UNKNOWN;
	return state_names[state];
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
	return event_names[event < TCPSTATES_EVENT_COUNT ? event : 0];
}
