// SPDX-License-Identifier: GPL-2.0
/* Values of records in tables for people. */
#include "text/cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What finds names; NULL if addresses and ports are shown as numbers. */
static bool (*name_host)(unsigned int family, const __u8 address[16],
			 char text[CELL_NAME_SIZE]);
static bool (*name_port)(__u16 port, char text[CELL_PORT_SIZE]);

/** cell_name_hosts() - show hosts by the names that @of finds */
void cell_name_hosts(bool (*of)(unsigned int family, const __u8 address[16],
				char text[CELL_NAME_SIZE]))
{
	name_host = of;
}

/** cell_name_ports() - show ports by the names that @of finds */
void cell_name_ports(bool (*of)(__u16 port, char text[CELL_PORT_SIZE]))
{
	name_port = of;
}

/* Whether colours are wanted on a terminal; see no-color.org. */
bool cell_wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return (!no_color || !*no_color) &&
	       term && *term && strcmp(term, "dumb");
}

/* The local time of day, to the millisecond. */
void cell_time(__u64 real_ns, char text[CELL_TIME_SIZE])
{
	time_t seconds = real_ns / 1000000000;
	size_t length = 0;
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		length = strftime(text, CELL_TIME_SIZE, "%H:%M:%S", &tm);
	snprintf(text + length, CELL_TIME_SIZE - length, ".%03u",
		 (unsigned int)(real_ns / 1000000 % 1000));
}

/* A length of time in its two largest units: 350ms, 4.2s, 3m07s, 4h12m, 2d05h, 120d. */
void cell_duration(__u64 ns, char text[CELL_AGE_SIZE])
{
	unsigned long long ms = ns / 1000000, s = ms / 1000;

	if (s < 1)
		snprintf(text, CELL_AGE_SIZE, "%llums", ms);
	else if (s < 60)
		snprintf(text, CELL_AGE_SIZE, "%llu.%llus", s, ms / 100 % 10);
	else if (s < 3600)
		snprintf(text, CELL_AGE_SIZE, "%llum%02llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, CELL_AGE_SIZE, "%lluh%02llum", s / 3600,
			 s / 60 % 60);
	else if (s < 100 * 86400)
		snprintf(text, CELL_AGE_SIZE, "%llud%02lluh", s / 86400,
			 s / 3600 % 24);
	else
		snprintf(text, CELL_AGE_SIZE, "%llud", s / 86400);
}

/* The duration of a record: with ">" if it is a lower bound, "-" if unknown. */
void cell_age(const struct tcpstates_record *record, char text[CELL_AGE_SIZE])
{
	bool more = record->flags & TCPSTATES_FLAG_ATLEAST;

	if (!(record->known & TCPSTATES_KNOW_DURATION)) {
		strcpy(text, "-");
		return;
	}
	cell_duration(record->dur_ns, text);
	if (more) {
		memmove(text + 1, text, strlen(text) + 1);
		*text = '>';
	}
}

/* Replaces what could control the terminal: a name may hold any byte. */
void cell_tame(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* pid/comm, truncated to CELL_OWNER_WIDTH; the uid if only that is known. */
void cell_owner(const struct tcpstates_record *record,
		char text[CELL_OWNER_SIZE])
{
	__u32 known = record->known;

	if (known & TCPSTATES_KNOW_OWNER)
		snprintf(text, CELL_OWNER_SIZE, "%u/%.*s", record->pid,
			 TCPSTATES_COMM_LEN, record->comm);
	else if (known & TCPSTATES_KNOW_UID)
		snprintf(text, CELL_OWNER_SIZE, "uid %u", record->uid);
	else
		snprintf(text, CELL_OWNER_SIZE, "-");
	cell_tame(text);
	text[CELL_OWNER_WIDTH] = '\0';
}

/* In five columns at most. */
void cell_count(__u32 count, char text[CELL_COUNT_SIZE])
{
	if (count < 100000)
		snprintf(text, CELL_COUNT_SIZE, "%u", count);
	else if (count < 10000000)
		snprintf(text, CELL_COUNT_SIZE, "%uk", count / 1000);
	else
		snprintf(text, CELL_COUNT_SIZE, "%uM", count / 1000000);
}

/* Opening, open, waiting for this host to close, closing; none for the rest. */
const char *cell_state_colour(unsigned int state)
{
	switch (state) {
	case TCPSTATES_SYN_SENT:
	case TCPSTATES_SYN_RECV:
	case TCPSTATES_LISTEN:
		return CELL_CYAN;
	case TCPSTATES_ESTABLISHED:
		return CELL_GREEN;
	case TCPSTATES_CLOSE_WAIT:
		return CELL_MAGENTA;
	case TCPSTATES_FIN_WAIT1:
	case TCPSTATES_FIN_WAIT2:
	case TCPSTATES_CLOSING:
	case TCPSTATES_LAST_ACK:
	case TCPSTATES_TIME_WAIT:
		return CELL_YELLOW;
	default:
		return "";
	}
}

/* address:port, with brackets around IPv6; "-" for what is unknown. */
static void format_endpoint(char text[CELL_ENDPOINT_SIZE], unsigned int family,
			    const __u8 *address, bool know_port, __u16 port)
{
	char host[CELL_NAME_SIZE], number[CELL_PORT_SIZE] = "-";
	bool named = family && name_host && name_host(family, address, host);

	if (!named)
		tcpstates_format_address(family, address, host, sizeof(host));
	if (know_port && !(name_port && name_port(port, number)))
		snprintf(number, sizeof(number), "%u", port);
	if (family == TCPSTATES_FAMILY_INET6 && !named)
		snprintf(text, CELL_ENDPOINT_SIZE, "[%s]:%s", host, number);
	else if (family || know_port)
		snprintf(text, CELL_ENDPOINT_SIZE, "%s:%s", host, number);
	else
		snprintf(text, CELL_ENDPOINT_SIZE, "-");
}

/* The local endpoint. */
void cell_local(const struct tcpstates_record *record,
		char text[CELL_ENDPOINT_SIZE])
{
	__u32 known = record->known;

	format_endpoint(text, known & TCPSTATES_KNOW_LADDR ? record->family : 0,
			record->laddr, known & TCPSTATES_KNOW_LPORT,
			record->lport);
}

/* The remote endpoint. */
void cell_remote(const struct tcpstates_record *record,
		 char text[CELL_ENDPOINT_SIZE])
{
	__u32 known = record->known;

	format_endpoint(text, known & TCPSTATES_KNOW_RADDR ? record->family : 0,
			record->raddr, known & TCPSTATES_KNOW_RPORT,
			record->rport);
}
