// SPDX-License-Identifier: GPL-2.0
/* Values of a record as people read them, in the cells of a table. */
#include "text/cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What gives names, if there are to be any. */
static bool (*name_host)(unsigned int family, const __u8 address[16],
			 char text[CELL_NAME_SIZE]);
static bool (*name_port)(__u16 port, char text[CELL_PORT_SIZE]);

/** cell_name_hosts() - from now on, hosts have names that @of finds */
void cell_name_hosts(bool (*of)(unsigned int family, const __u8 address[16],
				char text[CELL_NAME_SIZE]))
{
	name_host = of;
}

/** cell_name_ports() - and ports */
void cell_name_ports(bool (*of)(__u16 port, char text[CELL_PORT_SIZE]))
{
	name_port = of;
}

/* See no-color.org: any value but an empty one. */
bool cell_wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return (!no_color || !*no_color) &&
	       term && *term && strcmp(term, "dumb");
}

/* The time of day where the user is, in milliseconds. */
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

/* In the two largest units; ">" where more is possible, "-" for unknown. */
void cell_age(const struct tcpstates_record *record, char text[CELL_AGE_SIZE])
{
	const char *more = record->flags & TCPSTATES_FLAG_ATLEAST ? ">" : "";
	unsigned long long ms = record->dur_ns / 1000000;
	unsigned long long s = ms / 1000;

	if (!(record->known & TCPSTATES_KNOW_DURATION))
		snprintf(text, CELL_AGE_SIZE, "-");
	else if (s < 1)
		snprintf(text, CELL_AGE_SIZE, "%s%llums", more, ms);
	else if (s < 60)
		snprintf(text, CELL_AGE_SIZE, "%s%llu.%llus", more, s,
			 ms / 100 % 10);
	else if (s < 3600)
		snprintf(text, CELL_AGE_SIZE, "%s%llum%02llus", more, s / 60,
			 s % 60);
	else if (s < 86400)
		snprintf(text, CELL_AGE_SIZE, "%s%lluh%02llum", more, s / 3600,
			 s / 60 % 60);
	else if (s < 100 * 86400)
		snprintf(text, CELL_AGE_SIZE, "%s%llud%02lluh", more, s / 86400,
			 s / 3600 % 24);
	else
		snprintf(text, CELL_AGE_SIZE, "%s%llud", more, s / 86400);
}

/* A name may hold any byte, and none of them is to do something to the terminal. */
void cell_tame(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* pid/comm, cut off to fit; the user where no more is known. */
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

/* By what a state means: opens, works, waits for us, closes, is done. */
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

/* address:port, with brackets around IPv6; "-" for what is not known. */
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

/* Where a connection is here. */
void cell_local(const struct tcpstates_record *record,
		char text[CELL_ENDPOINT_SIZE])
{
	__u32 known = record->known;

	format_endpoint(text, known & TCPSTATES_KNOW_LADDR ? record->family : 0,
			record->laddr, known & TCPSTATES_KNOW_LPORT,
			record->lport);
}

/* And there. */
void cell_remote(const struct tcpstates_record *record,
		 char text[CELL_ENDPOINT_SIZE])
{
	__u32 known = record->known;

	format_endpoint(text, known & TCPSTATES_KNOW_RADDR ? record->family : 0,
			record->raddr, known & TCPSTATES_KNOW_RPORT,
			record->rport);
}
