// SPDX-License-Identifier: GPL-2.0
/*
 * Records as rows of a table, either what happens:
 *
 *	TIME         NEW             CAUSE LOCAL                 REMOTE
 *	12:38:45.123 ESTABLISHED       ack 10.0.0.5:443          10.0.0.9:53122
 *	12:38:45.124 CLOSE    rst-received [2001:db8:85a3:8d3:1319:8a2e:370:7348]:443
 *	                                   [2001:db8::9]:53122
 *	12:39:45.124 CLOSE_WAIT  for 1m00s 10.0.0.5:443          10.0.0.9:53122
 *
 * where a wider terminal has room for, one after the other, the columns OLD and
 * AFTER, how long the old state lasted, before NEW, and OWNER; or what is there:
 *
 *	STATE           AGE OWNER            LOCAL                 REMOTE
 *	ESTABLISHED   3m07s 812/java         10.0.0.5:443          10.0.0.9:53122
 *	LISTEN      >12d03h uid 0            0.0.0.0:22            queue 0/128
 *
 * where a wider one has a column QUEUES after OWNER: bytes received and not
 * read, and written and not acknowledged; of a listener connections that wait
 * for accept(), and how many may. A listener has no peer, so that there is
 * always room for its own.
 *
 * Any two IPv4 addresses fit into 80 columns beside what has a fixed width. A
 * column comes only if they do beside it as well. IPv6 addresses that do not
 * are written one below the other; the few that are longer than what is left of
 * a line move to the left on a line of their own.
 *
 * A cause is in one column with the state that it leads to, at its right end:
 * the long ones all lead to CLOSE. The third line is of a connection that is stuck.
 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "output.h"

#define NARROWEST	80
#define FEWEST_ROWS	4	/* in which a head makes sense */
#define USUAL_ROWS	24

#define TIME_SIZE	16
#define AGE_SIZE	24
#define OWNER_SIZE	32
#define STATE_WIDTH	11	/* ESTABLISHED */
#define AGE_WIDTH	7
#define OWNER_WIDTH	16
#define TIME_WIDTH	12
#define CAUSE_WIDTH	21	/* CLOSE listener-closed */
#define QUEUES_WIDTH	11	/* 99999/99999 */
#define IPV4_WIDTH	21	/* such an address with a port */
#define IPV6_WIDTH	47	/* such an address, in brackets, with a port */
#define ENDPOINT_SIZE	64
#define COUNT_SIZE	12
#define QUEUES_SIZE	32
#define HEAD_SIZE	256
#define CAUSE_TITLE	6	/* of CAUSE_WIDTH, with the space before it */

#define BOLD		"\033[1m"
#define RED		"\033[31m"
#define GREEN		"\033[32m"
#define YELLOW		"\033[33m"
#define MAGENTA		"\033[35m"
#define CYAN		"\033[36m"
#define RESET		"\033[0m"

/* See no-color.org: any value but an empty one. */
static bool wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return (!no_color || !*no_color) &&
	       term && *term && strcmp(term, "dumb");
}

void table_init(struct table *table, struct output *out, enum table_kind kind)
{
	*table = (struct table) { .out = out, .kind = kind };
	table->terminal = isatty(STDOUT_FILENO);
	table->colour = table->terminal && wants_colour();
	tzset();
}

/* Adds a column of @width if both addresses have room beside it. */
static bool widen(struct table *table, int width)
{
	int addresses = table->addresses + width + 1;

	if (addresses + IPV4_WIDTH + 1 + IPV4_WIDTH > table->columns)
		return false;
	table->addresses = addresses;
	return true;
}

static void choose_columns(struct table *table)
{
	if (table->kind == TABLE_TRANSITIONS) {
		table->addresses = TIME_WIDTH + 1 + CAUSE_WIDTH + 1;
		table->old = widen(table, STATE_WIDTH);
		table->after = table->old && widen(table, AGE_WIDTH);
		table->owner = table->after && widen(table, OWNER_WIDTH);
	} else {
		table->addresses = STATE_WIDTH + 1 + AGE_WIDTH + 1 +
				   OWNER_WIDTH + 1;
		table->queues = widen(table, QUEUES_WIDTH);
	}
}

/* A terminal's size may change at any time; it is looked at for each head. */
static void measure(struct table *table)
{
	struct winsize size = {0};

	if (table->terminal)
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	table->columns = size.ws_col > NARROWEST ? size.ws_col : NARROWEST;
	choose_columns(table);
	table->side = (table->columns - table->addresses - 1) / 2;
	if (table->side > IPV6_WIDTH)
		table->side = IPV6_WIDTH;
	table->rows = 0;
	if (table->terminal)
		table->rows = size.ws_row < FEWEST_ROWS ? USUAL_ROWS - 1 :
							  size.ws_row - 1;
}

static void add_coloured(struct table *table, const char *colour,
			 const char *text)
{
	if (table->colour && *colour)
		output_format(table->out, "%s%s%s", colour, text, RESET);
	else
		output_format(table->out, "%s", text);
}

static void end_row(struct table *table)
{
	output_add(table->out, "\n", 1);
	table->printed++;
}

/* Appends a cell of a head; to the left if @width is below 0. */
static void add_title(char head[HEAD_SIZE], int width, const char *title)
{
	size_t length = strlen(head);

	snprintf(head + length, HEAD_SIZE - length, "%s%*s", length ? " " : "",
		 width, title);
}

static void add_titles(const struct table *table, char head[HEAD_SIZE])
{
	if (table->kind == TABLE_CONNECTIONS) {
		add_title(head, -STATE_WIDTH, "STATE");
		add_title(head, AGE_WIDTH, "AGE");
		add_title(head, -OWNER_WIDTH, "OWNER");
		if (table->queues)
			add_title(head, QUEUES_WIDTH, "QUEUES");
		return;
	}
	add_title(head, -TIME_WIDTH, "TIME");
	if (table->old)
		add_title(head, -STATE_WIDTH, "OLD");
	if (table->after)
		add_title(head, AGE_WIDTH, "AFTER");
	add_title(head, -(CAUSE_WIDTH - CAUSE_TITLE), "NEW");
	add_title(head, CAUSE_TITLE - 1, "CAUSE");
	if (table->owner)
		add_title(head, -OWNER_WIDTH, "OWNER");
}

static void add_head(struct table *table)
{
	char head[HEAD_SIZE] = "";

	measure(table);
	add_titles(table, head);
	add_title(head, -table->side, "LOCAL");
	add_title(head, 0, "REMOTE");
	table->printed = 0;
	add_coloured(table, BOLD, head);
	end_row(table);
}

/* The time of day where the user is, in milliseconds. */
static void format_time(__u64 real_ns, char text[TIME_SIZE])
{
	time_t seconds = real_ns / 1000000000;
	size_t length = 0;
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		length = strftime(text, TIME_SIZE, "%H:%M:%S", &tm);
	snprintf(text + length, TIME_SIZE - length, ".%03u",
		 (unsigned int)(real_ns / 1000000 % 1000));
}

/* In the two largest units; ">" where more is possible, "-" for unknown. */
static void format_age(const struct tcpstates_record *record,
		       char text[AGE_SIZE])
{
	const char *more = record->flags & TCPSTATES_FLAG_ATLEAST ? ">" : "";
	unsigned long long ms = record->dur_ns / 1000000;
	unsigned long long s = ms / 1000;

	if (!(record->known & TCPSTATES_KNOW_DURATION))
		snprintf(text, AGE_SIZE, "-");
	else if (s < 1)
		snprintf(text, AGE_SIZE, "%s%llums", more, ms);
	else if (s < 60)
		snprintf(text, AGE_SIZE, "%s%llu.%llus", more, s,
			 ms / 100 % 10);
	else if (s < 3600)
		snprintf(text, AGE_SIZE, "%s%llum%02llus", more, s / 60,
			 s % 60);
	else if (s < 86400)
		snprintf(text, AGE_SIZE, "%s%lluh%02llum", more, s / 3600,
			 s / 60 % 60);
	else if (s < 100 * 86400)
		snprintf(text, AGE_SIZE, "%s%llud%02lluh", more, s / 86400,
			 s / 3600 % 24);
	else
		snprintf(text, AGE_SIZE, "%s%llud", more, s / 86400);
}

/*
 * pid/comm, cut off to fit; the user where no more is known. A name may hold
 * any byte, and none of them is to do something to the terminal.
 */
static void format_owner(const struct tcpstates_record *record,
			 char text[OWNER_SIZE])
{
	__u32 known = record->known;
	char *p;

	if (known & TCPSTATES_KNOW_OWNER)
		snprintf(text, OWNER_SIZE, "%u/%.*s", record->pid,
			 TCPSTATES_COMM_LEN, record->comm);
	else if (known & TCPSTATES_KNOW_UID)
		snprintf(text, OWNER_SIZE, "uid %u", record->uid);
	else
		snprintf(text, OWNER_SIZE, "-");
	for (p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	text[OWNER_WIDTH] = '\0';
}

/* In five columns at most. */
static void format_count(__u32 count, char text[COUNT_SIZE])
{
	if (count < 100000)
		snprintf(text, COUNT_SIZE, "%u", count);
	else if (count < 10000000)
		snprintf(text, COUNT_SIZE, "%uk", count / 1000);
	else
		snprintf(text, COUNT_SIZE, "%uM", count / 1000000);
}

/* What a connection has to read and to send; a listener, to accept. */
static void format_queues(const struct tcpstates_record *record,
			  char text[QUEUES_SIZE])
{
	bool listener = record->known & TCPSTATES_KNOW_ACCEPTQ;
	char left[COUNT_SIZE], right[COUNT_SIZE];

	format_count(listener ? record->acceptq : record->rq, left);
	format_count(listener ? record->backlog : record->wq, right);
	if (listener || record->known & TCPSTATES_KNOW_QUEUES)
		snprintf(text, QUEUES_SIZE, "%s/%s", left, right);
	else
		snprintf(text, QUEUES_SIZE, "-");
}

/* By what a state means: opens, works, waits for us, closes, is done. */
static const char *state_colour(unsigned int state)
{
	switch (state) {
	case TCPSTATES_SYN_SENT:
	case TCPSTATES_SYN_RECV:
	case TCPSTATES_LISTEN:
		return CYAN;
	case TCPSTATES_ESTABLISHED:
		return GREEN;
	case TCPSTATES_CLOSE_WAIT:
		return MAGENTA;
	case TCPSTATES_FIN_WAIT1:
	case TCPSTATES_FIN_WAIT2:
	case TCPSTATES_CLOSING:
	case TCPSTATES_LAST_ACK:
	case TCPSTATES_TIME_WAIT:
		return YELLOW;
	default:
		return "";
	}
}

/* address:port, with brackets around IPv6; "-" for what is not known. */
static void format_endpoint(char text[ENDPOINT_SIZE], unsigned int family,
			    const __u8 *address, bool know_port, __u16 port)
{
	char host[TCPSTATES_ADDRESS_SIZE], number[8] = "-";

	tcpstates_format_address(family, address, host, sizeof(host));
	if (know_port)
		snprintf(number, sizeof(number), "%u", port);
	if (family == TCPSTATES_FAMILY_INET6)
		snprintf(text, ENDPOINT_SIZE, "[%s]:%s", host, number);
	else if (family || know_port)
		snprintf(text, ENDPOINT_SIZE, "%s:%s", host, number);
	else
		snprintf(text, ENDPOINT_SIZE, "-");
}

/* In the place of the peer that a listener does not have. */
static void format_accept_queue(char text[ENDPOINT_SIZE],
				const struct tcpstates_record *record)
{
	char queues[QUEUES_SIZE];

	format_queues(record, queues);
	snprintf(text, ENDPOINT_SIZE, "queue %s", queues);
}

/* The first of two lines has no room for @text if that is too long. */
static void add_alone(struct table *table, int column, const char *text)
{
	int start = table->columns - (int)strlen(text);

	if (start > table->addresses)
		start = table->addresses;
	if (start <= column) {
		end_row(table);
		column = 0;
	}
	output_format(table->out, "%*s%s", start - column, "", text);
}

static void add_addresses(struct table *table, int column, const char *local,
			  const char *remote)
{
	int side = table->side;

	if (strlen(local) <= (size_t)side && strlen(remote) <= (size_t)side) {
		output_format(table->out, "%*s%-*s %s",
			      table->addresses - column, "", side, local,
			      remote);
		end_row(table);
		return;
	}
	add_alone(table, column, local);
	end_row(table);
	add_alone(table, 0, remote);
	end_row(table);
}

/* Ends a row that has got to @column with the record's two addresses. */
static void add_endpoints(struct table *table, int column,
			  const struct tcpstates_record *record)
{
	char local[ENDPOINT_SIZE], remote[ENDPOINT_SIZE];
	__u32 known = record->known;

	format_endpoint(local,
			known & TCPSTATES_KNOW_LADDR ? record->family : 0,
			record->laddr, known & TCPSTATES_KNOW_LPORT,
			record->lport);
	if (known & TCPSTATES_KNOW_ACCEPTQ && !table->queues)
		format_accept_queue(remote, record);
	else
		format_endpoint(remote,
				known & TCPSTATES_KNOW_RADDR ?
				record->family : 0, record->raddr,
				known & TCPSTATES_KNOW_RPORT, record->rport);
	add_addresses(table, column, local, remote);
}

/* A state and what led to it, together CAUSE_WIDTH wide. */
static void add_cause(struct table *table,
		      const struct tcpstates_record *record)
{
	const char *new = tcpstates_state_name(record->new_state);
	int room = CAUSE_WIDTH - (int)strlen(new);

	add_coloured(table, state_colour(record->new_state), new);
	output_format(table->out, "%*.*s", room, room - 1,
		      tcpstates_cause_name(record->cause));
}

/* Returns how many columns of the last cell are free. */
static int add_owner(struct table *table,
		     const struct tcpstates_record *record)
{
	char owner[OWNER_SIZE];

	format_owner(record, owner);
	output_format(table->out, " %s", owner);
	return OWNER_WIDTH - (int)strlen(owner);
}

/* The same for a state that lasts too long: for how long it does. */
static void add_stuck(struct table *table,
		      const struct tcpstates_record *record)
{
	const char *state = tcpstates_state_name(record->new_state);
	char age[AGE_SIZE], text[AGE_SIZE + 4];

	format_age(record, age);
	snprintf(text, sizeof(text), "for %s", age);
	if (strlen(state) + strlen(text) >= CAUSE_WIDTH)
		strcpy(text, age);
	add_coloured(table, state_colour(record->new_state), state);
	output_format(table->out, "%*s", CAUSE_WIDTH - (int)strlen(state) -
		      (int)strlen(text), "");
	add_coloured(table, RED, text);
}

/* A transition, or that there is none. */
static void add_change(struct table *table,
		       const struct tcpstates_record *record)
{
	bool stuck = record->event == TCPSTATES_EVENT_STUCK;
	char time[TIME_SIZE], age[AGE_SIZE] = "";
	int free = 0;

	format_time(record->real_ns, time);
	output_format(table->out, "%s ", time);
	if (table->old)
		output_format(table->out, "%-*s ", STATE_WIDTH, stuck ? "" :
			      tcpstates_state_name(record->old_state));
	if (table->after) {
		if (!stuck)
			format_age(record, age);
		output_format(table->out, "%*s ", AGE_WIDTH, age);
	}
	if (stuck)
		add_stuck(table, record);
	else
		add_cause(table, record);
	if (table->owner)
		free = add_owner(table, record);
	add_endpoints(table, table->addresses - 1 - free, record);
}

static void add_connection(struct table *table,
			   const struct tcpstates_record *record)
{
	const char *state = tcpstates_state_name(record->new_state);
	char age[AGE_SIZE], queues[QUEUES_SIZE];
	int free;

	format_age(record, age);
	add_coloured(table, state_colour(record->new_state), state);
	output_format(table->out, "%*s %*s", STATE_WIDTH - (int)strlen(state),
		      "", AGE_WIDTH, age);
	free = add_owner(table, record);
	if (table->queues) {
		format_queues(record, queues);
		output_format(table->out, "%*s %*s", free, "", QUEUES_WIDTH,
			      queues);
		free = 0;
	}
	add_endpoints(table, table->addresses - 1 - free, record);
}

static void add_loss(struct table *table, const struct tcpstates_record *record)
{
	char loss[80], time[TIME_SIZE];

	format_time(record->real_ns, time);
	output_format(table->out, "%s ", time);
	snprintf(loss, sizeof(loss), "*** %llu lost here: read too slowly ***",
		 (unsigned long long)record->count);
	add_coloured(table, BOLD RED, loss);
	end_row(table);
}

static bool has_row(enum table_kind kind, unsigned int event)
{
	switch (event) {
	case TCPSTATES_EVENT_TRANSITION:
	case TCPSTATES_EVENT_STUCK:
		return kind == TABLE_TRANSITIONS;
	case TCPSTATES_EVENT_EXISTING:
		return kind == TABLE_CONNECTIONS;
	default:
		return event == TCPSTATES_EVENT_LOST;
	}
}

/* Adds a record; what is not of the table's kind nor a loss has no row. */
void table_add(struct table *table, const struct tcpstates_record *record)
{
	if (!has_row(table->kind, record->event))
		return;
	if (!table->printed || (table->rows && table->printed >= table->rows))
		add_head(table);
	switch (record->event) {
	case TCPSTATES_EVENT_TRANSITION:
	case TCPSTATES_EVENT_STUCK:
		add_change(table, record);
		break;
	case TCPSTATES_EVENT_EXISTING:
		add_connection(table, record);
		break;
	case TCPSTATES_EVENT_LOST:
		add_loss(table, record);
		break;
	}
}
