// SPDX-License-Identifier: GPL-2.0
/*
 * Records as rows of a table for people; either changes:
 *
 *	TIME         NEW             CAUSE LOCAL                 REMOTE
 *	12:38:45.123 ESTABLISHED       ack 10.0.0.5:443          10.0.0.9:53122
 *	12:38:45.124 CLOSE    rst-received [2001:db8:85a3:8d3:1319:8a2e:370:7348]:443
 *	                                   [2001:db8::9]:53122
 *	12:39:45.124 CLOSE_WAIT  for 1m00s 10.0.0.5:443          10.0.0.9:53122
 *
 * A wider terminal adds the columns OLD, AFTER (how long the old state lasted) and
 * OWNER, in this order. Or connections:
 *
 *	STATE           AGE OWNER            LOCAL                 REMOTE
 *	ESTABLISHED   3m07s 812/java         10.0.0.5:443          10.0.0.9:53122
 *	LISTEN      >12d03h uid 0            0.0.0.0:22            queue 0/128
 *
 * A wider terminal adds QUEUES after OWNER: bytes received but not read, and bytes
 * written but not acknowledged; for a listener the connections that wait for accept(),
 * and their limit. A listener has no peer: its queue always has room in REMOTE.
 *
 * Any two IPv4 addresses fit into 80 columns beside the columns of fixed width. A
 * column is added only if they still fit. IPv6 addresses that do not fit are written
 * one below the other; those that are longer than the rest of a line begin further
 * left, on a line of their own.
 *
 * A cause shares a column with the state that it leads to, at its right end: all long
 * causes lead to CLOSE. The third row is that of a stuck connection.
 */
#include "print/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/output.h"
#include "text/cell.h"

#define NARROWEST	80
#define FEWEST_ROWS	4	/* in which a head makes sense */
#define USUAL_ROWS	24

#define STATE_WIDTH	11	/* ESTABLISHED */
#define AGE_WIDTH	7
#define TIME_WIDTH	12
#define CAUSE_WIDTH	21	/* CLOSE listener-closed */
#define QUEUES_WIDTH	11	/* 99999/99999 */
#define IPV4_WIDTH	21	/* such an address with a port */
#define IPV6_WIDTH	47	/* such an address, in brackets, with a port */
#define QUEUES_SIZE	32
#define HEAD_SIZE	256
#define CAUSE_TITLE	6	/* of CAUSE_WIDTH, with the space before it */

void table_init(struct table *table, struct output *out, enum table_kind kind)
{
	*table = (struct table) { .out = out, .kind = kind };
	table->terminal = isatty(STDOUT_FILENO);
	table->colour = table->terminal && cell_wants_colour();
	tzset();
}

/* Adds a column of @width if both addresses still fit beside it. */
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
		table->owner = table->after && widen(table, CELL_OWNER_WIDTH);
	} else {
		table->addresses = STATE_WIDTH + 1 + AGE_WIDTH + 1 +
				   CELL_OWNER_WIDTH + 1;
		table->queues = widen(table, QUEUES_WIDTH);
	}
}

/* The terminal's size may change at any time: it is read for each head. */
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
		output_format(table->out, "%s%s%s", colour, text, CELL_RESET);
	else
		output_format(table->out, "%s", text);
}

static void end_row(struct table *table)
{
	output_add(table->out, "\n", 1);
	table->printed++;
}

/* Appends a cell of a head; aligned to the left if @width is negative. */
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
		add_title(head, -CELL_OWNER_WIDTH, "OWNER");
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
		add_title(head, -CELL_OWNER_WIDTH, "OWNER");
}

static void add_head(struct table *table)
{
	char head[HEAD_SIZE] = "";

	measure(table);
	add_titles(table, head);
	add_title(head, -table->side, "LOCAL");
	add_title(head, 0, "REMOTE");
	table->printed = 0;
	add_coloured(table, CELL_BOLD, head);
	end_row(table);
}

/* Unread and unacknowledged bytes; of a listener, connections to accept, and limit. */
static void format_queues(const struct tcpstates_record *record,
			  char text[QUEUES_SIZE])
{
	bool listener = record->known & TCPSTATES_KNOW_ACCEPTQ;
	char left[CELL_COUNT_SIZE], right[CELL_COUNT_SIZE];

	cell_count(listener ? record->acceptq : record->rq, left);
	cell_count(listener ? record->backlog : record->wq, right);
	if (listener || record->known & TCPSTATES_KNOW_QUEUES)
		snprintf(text, QUEUES_SIZE, "%s/%s", left, right);
	else
		snprintf(text, QUEUES_SIZE, "-");
}

/* In the place of the peer that a listener does not have. */
static void format_accept_queue(char text[CELL_ENDPOINT_SIZE],
				const struct tcpstates_record *record)
{
	char queues[QUEUES_SIZE];

	format_queues(record, queues);
	snprintf(text, CELL_ENDPOINT_SIZE, "queue %s", queues);
}

/* An address on a line of its own, after a line break if it does not fit. */
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

/* Ends a row that has reached @column with the record's two addresses. */
static void add_endpoints(struct table *table, int column,
			  const struct tcpstates_record *record)
{
	char local[CELL_ENDPOINT_SIZE], remote[CELL_ENDPOINT_SIZE];

	cell_local(record, local);
	if (record->known & TCPSTATES_KNOW_ACCEPTQ && !table->queues)
		format_accept_queue(remote, record);
	else
		cell_remote(record, remote);
	add_addresses(table, column, local, remote);
}

/* A state and its cause, together CAUSE_WIDTH wide. */
static void add_cause(struct table *table,
		      const struct tcpstates_record *record)
{
	const char *new = tcpstates_state_name(record->new_state);
	int room = CAUSE_WIDTH - (int)strlen(new);

	add_coloured(table, cell_state_colour(record->new_state), new);
	output_format(table->out, "%*.*s", room, room - 1,
		      tcpstates_cause_name(record->cause));
}

/* Returns the number of unused columns of the cell. */
static int add_owner(struct table *table,
		     const struct tcpstates_record *record)
{
	char owner[CELL_OWNER_SIZE];

	cell_owner(record, owner);
	output_format(table->out, " %s", owner);
	return CELL_OWNER_WIDTH - (int)strlen(owner);
}

/* A state that lasts too long, and its age, together CAUSE_WIDTH wide. */
static void add_stuck(struct table *table,
		      const struct tcpstates_record *record)
{
	const char *state = tcpstates_state_name(record->new_state);
	char age[CELL_AGE_SIZE], text[CELL_AGE_SIZE + 4];

	cell_age(record, age);
	snprintf(text, sizeof(text), "for %s", age);
	if (strlen(state) + strlen(text) >= CAUSE_WIDTH)
		strcpy(text, age);
	add_coloured(table, cell_state_colour(record->new_state), state);
	output_format(table->out, "%*s", CAUSE_WIDTH - (int)strlen(state) -
		      (int)strlen(text), "");
	add_coloured(table, CELL_RED, text);
}

/* The time of a record, and a blank. */
static void add_time(struct table *table,
		     const struct tcpstates_record *record)
{
	__u64 us = (record->boot_ns - table->since_ns) / 1000;
	char time[CELL_TIME_SIZE];

	if (table->timestamps == TABLE_WALL) {
		cell_time(record->real_ns, time);
		output_format(table->out, "%s ", time);
		return;
	}
	if (!table->since_ns)
		us = 0;
	output_format(table->out, "%5llu.%06llu ",
		      (unsigned long long)us / 1000000,
		      (unsigned long long)us % 1000000);
	if (!table->since_ns || table->timestamps == TABLE_DELTA)
		table->since_ns = record->boot_ns;
}

/* A row of a transition, or of a stuck connection. */
static void add_change(struct table *table,
		       const struct tcpstates_record *record)
{
	bool stuck = record->event == TCPSTATES_EVENT_STUCK;
	char age[CELL_AGE_SIZE] = "";
	int free = 0;

	add_time(table, record);
	if (table->old)
		output_format(table->out, "%-*s ", STATE_WIDTH, stuck ? "" :
			      tcpstates_state_name(record->old_state));
	if (table->after) {
		if (!stuck)
			cell_age(record, age);
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
	char age[CELL_AGE_SIZE], queues[QUEUES_SIZE];
	int free;

	cell_age(record, age);
	add_coloured(table, cell_state_colour(record->new_state), state);
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
	char loss[80];

	add_time(table, record);
	snprintf(loss, sizeof(loss), "*** %llu lost here: read too slowly ***",
		 (unsigned long long)record->count);
	add_coloured(table, CELL_BOLD CELL_RED, loss);
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

/* Adds a row with a note of the program. */
void table_note(struct table *table, const char *note)
{
	if (!table->printed)
		add_head(table);
	output_format(table->out, "%*s ", TIME_WIDTH, "");
	add_coloured(table, CELL_BOLD, "*** ");
	add_coloured(table, CELL_BOLD, note);
	add_coloured(table, CELL_BOLD, " ***");
	end_row(table);
}

/* Adds an empty row. */
void table_gap(struct table *table)
{
	end_row(table);
}

/* Adds a row for a record; only losses and records of the table's kind have one. */
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
