// SPDX-License-Identifier: GPL-2.0
/*
 * Stuck connections as text. For people, grouped by diagnosis:
 *
 *	CLOSE_WAIT: The peer has closed, and the program here has not called close().
 *	What to do about it, in some lines.
 *
 *	    AGE LOCAL                 REMOTE                HELD BY
 *	  4h12m 10.0.0.5:443          10.0.0.9:53122        812/java fd 37
 *	                                                    900/java fd 37
 */
#include "stuck/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "base/status.h"
#include "stuck/stuck_list.h"
#include "text/cell.h"

#define AGE_WIDTH	7
#define IPV4_WIDTH	21	/* such an address with a port */
#define HOLDER_COLUMN	(AGE_WIDTH + 1 + IPV4_WIDTH + 1 + IPV4_WIDTH + 1)
#define HOLDER_WIDTH	28	/* what is left of 80 columns */
#define HOLDER_SIZE	96

/*
 * Whether no process has it open, according to the kernel. That /proc shows no holder
 * proves nothing: the socket may be in flight between two processes, in io_uring, or
 * held by a thread with its own descriptor table.
 */
static bool is_orphan(const struct stuck_conn *conn)
{
	return conn->record.flags & TCPSTATES_FLAG_ORPHAN;
}

/* pid/comm and what follows it, in HOLDER_WIDTH columns. */
static void format_process(char text[HOLDER_SIZE], unsigned int pid,
			   const char comm[TCPSTATES_COMM_LEN],
			   const char *after)
{
	char number[16];
	int room;

	snprintf(number, sizeof(number), "%u/", pid);
	room = HOLDER_WIDTH - (int)strlen(number) - (int)strlen(after);
	if (room > TCPSTATES_COMM_LEN)
		room = TCPSTATES_COMM_LEN;
	snprintf(text, HOLDER_SIZE, "%s%.*s%s", number, room > 0 ? room : 0,
		 comm, after);
	cell_tame(text);
}

static void format_holder(char text[HOLDER_SIZE], const struct holder *holder,
			  bool queue)
{
	char fd[32];

	snprintf(fd, sizeof(fd), queue ? " queue %d" : " fd %d", holder->fd);
	format_process(text, holder->pid, holder->comm, fd);
}

/* What is shown instead of holders if there are none, or none is known. */
static void format_no_holder(char text[HOLDER_SIZE],
			     const struct stuck_conn *conn)
{
	const struct tcpstates_record *record = &conn->record;
	bool known = record->known & TCPSTATES_KNOW_OWNER;

	if (record->flags & TCPSTATES_FLAG_UNACCEPTED && known)
		format_process(text, record->pid, record->comm, " queue");
	else if (!is_orphan(conn))
		strcpy(text, "?");
	else if (known)
		format_process(text, record->pid, record->comm, " closed it");
	else
		strcpy(text, "nobody");
}

static void add_holders(struct output *out, const struct stuck_list *list,
			const struct stuck_conn *conn, int column)
{
	bool queue = conn->record.flags & TCPSTATES_FLAG_UNACCEPTED;
	const struct holder *holder;
	char text[HOLDER_SIZE];
	size_t i, count = 0;

	holder = holders_of(&list->holders, conn->inode, &count);
	if (!holder || !count) {
		format_no_holder(text, conn);
		output_format(out, "%*s%s\n", HOLDER_COLUMN - column, "", text);
		return;
	}
	for (i = 0; i < count; i++) {
		format_holder(text, &holder[i], queue);
		output_format(out, "%*s%s\n", HOLDER_COLUMN - column, "", text);
		column = 0;
	}
}

static void add_row(struct output *out, const struct stuck_list *list,
		    const struct stuck_conn *conn)
{
	char local[CELL_ENDPOINT_SIZE], remote[CELL_ENDPOINT_SIZE];
	const struct tcpstates_record *record = &conn->record;
	char age[CELL_AGE_SIZE];
	int column = HOLDER_COLUMN - 1;

	cell_age(record, age);
	cell_local(record, local);
	cell_remote(record, remote);
	output_format(out, "%*s ", AGE_WIDTH, age);
	if (strlen(local) <= IPV4_WIDTH && strlen(remote) <= IPV4_WIDTH) {
		output_format(out, "%-*s %-*s", IPV4_WIDTH, local, IPV4_WIDTH,
			      remote);
	} else {
		/* One below the other; the holders beside the second one if it is short. */
		output_format(out, "%s\n%*s %s", local, AGE_WIDTH, "", remote);
		column = AGE_WIDTH + 1 + strlen(remote);
		if (column >= HOLDER_COLUMN) {
			output_add(out, "\n", 1);
			column = 0;
		}
	}
	add_holders(out, list, conn, column);
}

static void add_heading(struct output *out, const struct stuck_conn *conn,
			bool colour)
{
	const char *state = tcpstates_state_name(conn->record.new_state);

	output_format(out, "%s%s%s: %s\n%s\n\n",
		      colour ? cell_state_colour(conn->record.new_state) : "",
		      state, colour ? CELL_RESET : "",
		      diagnosis_text(conn->diagnosis),
		      diagnosis_advice(conn->diagnosis));
	output_format(out, "%s%*s %-*s %-*s %s%s\n", colour ? CELL_BOLD : "",
		      AGE_WIDTH, "AGE", IPV4_WIDTH, "LOCAL", IPV4_WIDTH,
		      "REMOTE", "HELD BY", colour ? CELL_RESET : "");
}

static void add_remarks(struct output *out, const struct stuck_list *list)
{
	if (list->holders.hidden)
		output_format(out,
			      "\n%zu processes could not be inspected; run as root to see all holders.\n",
			      list->holders.hidden);
	if (list->lost)
		output_format(out,
			      "\n%llu connections could not be examined for lack of memory.\n",
			      list->lost);
}

/**
 * report_table() - for people
 * @out: output
 * @list: the connections
 * @timed: begin with the time
 */
void report_table(struct output *out, const struct stuck_list *list,
		  bool timed)
{
	bool colour = isatty(STDOUT_FILENO) && cell_wants_colour();
	enum diagnosis last = DIAGNOSIS_NONE;
	char time[CELL_TIME_SIZE];
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct stuck_conn *conn = &list->conns[i];

		if (timed && !i) {
			cell_time(conn->record.real_ns, time);
			output_format(out, "\n%s\n", time);
		}
		if (conn->diagnosis != last) {
			if (i)
				output_add(out, "\n", 1);
			add_heading(out, conn, colour);
		}
		last = conn->diagnosis;
		add_row(out, list, conn);
	}
	add_remarks(out, list);
}

/** report_nothing() - for people: no connection has been stuck for @age_s seconds */
void report_nothing(struct output *out, unsigned long long age_s)
{
	char age[CELL_AGE_SIZE];

	cell_duration(age_s * NSEC_PER_SEC, age);
	output_format(out, "Nothing has been stuck for %s or longer.\n", age);
}

/* A text in the making, with room for REPORT_SIZE bytes; the rest is cut off. */
struct text {
	char *bytes;
	size_t length;
};

__printf(2, 3)
static void append_format(struct text *text, const char *format, ...)
{
	size_t room = REPORT_SIZE - text->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text->bytes + text->length, room, format, args);
	va_end(args);
	text->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* Room for one more holder, and for the end of an array. */
static bool has_room(const struct text *text)
{
	return text->length < REPORT_SIZE - END_SIZE;
}

/* PID:FD,... */
static void format_holders(char text[REPORT_SIZE], const struct holder *holder,
			   size_t count)
{
	struct text line = { .bytes = text };
	size_t i;

	for (i = 0; i < count && has_room(&line); i++)
		append_format(&line, "%s%u:%d", i ? "," : "", holder[i].pid,
			      holder[i].fd);
}

/* An array of objects with pid, comm and fd. */
static void format_json_holders(char text[REPORT_SIZE],
				const struct holder *holder, size_t count)
{
	struct text json = { .bytes = text };
	char comm[TCPSTATES_COMM_SIZE];
	size_t i;

	append_format(&json, "[");
	for (i = 0; i < count && has_room(&json); i++) {
		tcpstates_format_comm(holder[i].comm, true, comm, sizeof(comm));
		append_format(&json, "%s{\"pid\":%u,\"comm\":%s,\"fd\":%d}",
			      i ? "," : "", holder[i].pid, comm, holder[i].fd);
	}
	append_format(&json, "]");
}

/* A sentence of ours as a string: no character needs an escape but newlines. */
static void format_sentence(char text[END_SIZE], const char *sentence)
{
	char *p;

	snprintf(text, END_SIZE, "\"%s\"", sentence);
	for (p = text; *p; p++)
		if (*p == '\n')
			*p = ' ';
}

/**
 * report_item() - a stuck connection as a line and as an object
 * @item: to be filled in
 * @list: the connections
 * @conn: one of them
 *
 * To the fields of the record it adds "holders", PID:FD,... in a line and an array
 * in an object, and to an object "meaning", a sentence. Holders that are not known
 * are null in an object, as they are not if the kernel says that there are none.
 */
void report_item(struct report_item *item, const struct stuck_list *list,
		 const struct stuck_conn *conn)
{
	const struct holder *holder;
	bool known;
	size_t count = 0;

	holder = holders_of(&list->holders, conn->inode, &count);
	if (!holder)
		count = 0;
	known = count || is_orphan(conn);
	format_holders(item->holders, holder, count);
	format_json_holders(item->json_holders, holder, count);
	format_sentence(item->meaning, diagnosis_text(conn->diagnosis));
	item->extras[0] = (struct extra) {
		.key = "holders", .text = count ? item->holders : NULL,
		.json = known ? item->json_holders : "null",
	};
	item->extras[1] = (struct extra) {
		.key = "meaning", .only_json = true, .json = item->meaning,
	};
	item->item = (struct item) {
		.record = &conn->record, .extras = item->extras, .count = 2,
	};
}

/* Exit statuses of Nagios plugins. */
enum { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL };

static int check_level(size_t count, const unsigned long long levels[2])
{
	if (count >= levels[1])
		return CHECK_CRITICAL;
	return count >= levels[0] ? CHECK_WARNING : CHECK_OK;
}

/**
 * report_check() - for monitors, as a Nagios plugin
 * @out: output
 * @list: the connections
 * @age_s: their minimum age in seconds
 * @levels: number of connections from which on it is a warning, and critical
 *
 * Return: the status to end with: 0 all right, 1 warning, 2 critical.
 */
int report_check(struct output *out, const struct stuck_list *list,
		 unsigned long long age_s, const unsigned long long levels[2])
{
	static const char * const words[] = { "OK", "WARNING", "CRITICAL" };
	size_t counts[TCPSTATES_STATE_COUNT] = { 0 };
	int level = check_level(list->count, levels);
	const char *before = ":";
	unsigned int state;
	size_t i;

	for (i = 0; i < list->count; i++)
		counts[list->conns[i].record.new_state]++;
	output_format(out, "TCPSTATES %s - %zu stuck for %llus or more",
		      words[level], list->count, age_s);
	for (state = 0; state < TCPSTATES_STATE_COUNT; state++) {
		if (!counts[state])
			continue;
		output_format(out, "%s %zu in %s", before, counts[state],
			      tcpstates_state_name(state));
		before = ",";
	}
	output_format(out, " | stuck=%zu;%llu;%llu;0\n", list->count,
		      levels[0], levels[1]);
	return level;
}
