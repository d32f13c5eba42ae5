// SPDX-License-Identifier: GPL-2.0
/*
 * The terminal. From top to bottom: connections in each state, now and in the last
 * seconds; events per second; durations of handshakes; then the list of connections,
 * or the details of one.
 */
#include "top/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/stop.h"
#include "stuck/diagnosis.h"
#include "text/cell.h"
#include "text/span.h"
#include "top/view.h"

#define NARROWEST	80
#define LOWEST		12
#define STATE_ROWS	5
#define STATE_WIDTH	11
#define COUNT_WIDTH	7
#define AGE_WIDTH	7
#define HALF_WIDTH	40
#define SPARK_WIDTH	(HALF_WIDTH - STATE_WIDTH - COUNT_WIDTH - 3)
#define RATE_SPARK	8
#define LIST_ROW	(STATE_ROWS + 4)
#define ADDRESSES	(STATE_WIDTH + 1 + AGE_WIDTH + 1 + CELL_OWNER_WIDTH + 1)
#define LINE_SIZE	256

/* Colour pairs. */
enum { PLAIN, OPENS, WORKS, WAITS, CLOSES, ALARM };

/* Heights of a bar, in Unicode and in ASCII. */
static const char * const blocks[] = {
	" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587",
	"\u2588",
};

static const char * const characters[] = {
	" ", ".", ".", ":", ":", "|", "|", "#", "#",
};

static bool has_unicode;

/* Settings of the terminal, for give_up(). */
static struct termios saved_termios;

/*
 * ncurses retries a write that a signal has interrupted, for ever if the terminal is
 * stopped (Ctrl-S). Called in a signal handler.
 */
static void give_up(void)
{
	signal(SIGTTOU, SIG_IGN);
	tcsetattr(STDIN_FILENO, TCSANOW, &saved_termios);
	_exit(STATUS_FAILED);
}

/** screen_open() - set up the terminal; false if it lacks a capability */
bool screen_open(void)
{
	if (!tcgetattr(STDIN_FILENO, &saved_termios))
		stop_last_resort(give_up);
	setlocale(LC_CTYPE, "");
	has_unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
	/* Escape is a key here: do not wait long for the rest of a sequence. */
	set_escdelay(25);
	if (!newterm(NULL, stdout, stdin))
		return false;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	if (!has_colors() || !cell_wants_colour())
		return true;
	start_color();
	use_default_colors();
	init_pair(OPENS, COLOR_CYAN, -1);
	init_pair(WORKS, COLOR_GREEN, -1);
	init_pair(WAITS, COLOR_MAGENTA, -1);
	init_pair(CLOSES, COLOR_YELLOW, -1);
	init_pair(ALARM, COLOR_RED, -1);
	return true;
}

/** screen_close() - restore the terminal */
void screen_close(void)
{
	endwin();
}

static int colour_of(unsigned int state)
{
	switch (state) {
	case TCPSTATES_SYN_SENT:
	case TCPSTATES_SYN_RECV:
	case TCPSTATES_LISTEN:
		return COLOR_PAIR(OPENS);
	case TCPSTATES_ESTABLISHED:
		return COLOR_PAIR(WORKS);
	case TCPSTATES_CLOSE_WAIT:
		return COLOR_PAIR(WAITS);
	case TCPSTATES_UNKNOWN:
	case TCPSTATES_CLOSE:
		return COLOR_PAIR(PLAIN);
	default:
		return COLOR_PAIR(CLOSES);
	}
}

/* Writes text, truncated at the right edge. */
static void put_text(int row, int column, int attributes, const char *text)
{
	int room = COLS - column;

	if (row < 0 || row >= LINES || room <= 0)
		return;
	attron(attributes);
	mvaddnstr(row, column, text, room);
	attroff(attributes);
}

/* Draws a value of each second as bars, the latest on the right, scaled to the highest. */
static void put_spark(int row, int column, int width,
		      unsigned int (*value)(const struct rates *rates, int of,
					    unsigned int ago),
		      const struct rates *rates, int of, unsigned int latest)
{
	unsigned int most = 1, ago;
	int i;

	for (i = 0; i < width; i++) {
		ago = latest + i;
		if (value(rates, of, ago) > most)
			most = value(rates, of, ago);
	}
	for (i = 0; i < width; i++) {
		unsigned int height = value(rates, of, latest + width - 1 - i);

		height = (height * 8ULL + most - 1) / most;
		put_text(row, column + i, 0,
			 has_unicode ? blocks[height] : characters[height]);
	}
}

static unsigned int state_value(const struct rates *rates, int of,
				unsigned int ago)
{
	return rates_in_state(rates, of, ago);
}

static unsigned int event_value(const struct rates *rates, int of,
				unsigned int ago)
{
	return rates_events(rates, of, ago);
}

static void draw_states(const struct view *view)
{
	static const unsigned int states[] = {
		TCPSTATES_LISTEN, TCPSTATES_SYN_SENT, TCPSTATES_SYN_RECV,
		TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE_WAIT,
		TCPSTATES_FIN_WAIT1, TCPSTATES_FIN_WAIT2, TCPSTATES_CLOSING,
		TCPSTATES_LAST_ACK, TCPSTATES_TIME_WAIT,
	};
	char count[LINE_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		int row = 1 + i % STATE_ROWS;
		int column = i / STATE_ROWS * HALF_WIDTH;
		unsigned int now = rates_in_state(&view->rates, states[i], 0);

		put_text(row, column, colour_of(states[i]),
			 tcpstates_state_name(states[i]));
		snprintf(count, sizeof(count), "%*u", COUNT_WIDTH, now);
		put_text(row, column + STATE_WIDTH + 1, now ? A_BOLD : A_DIM, count);
		put_spark(row, column + STATE_WIDTH + 1 + COUNT_WIDTH + 1,
			  SPARK_WIDTH, state_value, &view->rates, states[i], 0);
	}
}

static void draw_rates(const struct view *view)
{
	static const char * const names[RATE_KINDS] = {
		[RATE_OPENED] = "opened",
		[RATE_ARRIVED] = "arrived",
		[RATE_ENDED] = "ended",
		[RATE_FAILED] = "failed",
	};
	int kind, column = 0;
	char text[LINE_SIZE];

	for (kind = 0; kind < RATE_KINDS; kind++) {
		unsigned int now = rates_events(&view->rates, kind, 1);
		int attribute = kind == RATE_FAILED && now ?
				COLOR_PAIR(ALARM) : 0;

		snprintf(text, sizeof(text), "%u/s %s", now, names[kind]);
		put_text(STATE_ROWS + 1, column, attribute, text);
		column += (int)strlen(text) + 1;
		put_spark(STATE_ROWS + 1, column, RATE_SPARK, event_value,
			  &view->rates, kind, 1);
		column += RATE_SPARK + 2;
	}
}

static void draw_handshakes(const struct view *view)
{
	static const char * const sides[] = { "here", "by others" };
	char text[LINE_SIZE] = "handshakes", span[SPAN_SIZE];
	static struct histogram sum;
	static const unsigned int percents[] = { 50, 99 };
	size_t side, i;

	for (side = 0; side < 2; side++) {
		rates_handshakes(&view->rates, side, &sum);
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s %s", side ? ";" : "", sides[side]);
		if (!sum.total)
			strcat(text, " none");
		for (i = 0; sum.total && i < 2; i++) {
			span_format(histogram_percentile(&sum, percents[i]), span);
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), " %s %s",
				 i ? "99%" : "50%", span);
		}
	}
	put_text(STATE_ROWS + 2, 0, 0, text);
}

static void draw_title(const struct view *view)
{
	char text[LINE_SIZE], host[65] = "", time[CELL_TIME_SIZE];
	struct timespec now;

	gethostname(host, sizeof(host) - 1);
	clock_gettime(CLOCK_REALTIME, &now);
	cell_time(now.tv_sec * NSEC_PER_SEC, time);
	time[8] = '\0';
	snprintf(text, sizeof(text), "tcpstates top  %.40s  %s  %zu of %zu, by %s%s",
		 host, time, view->order.count, entries_count(view->entries),
		 order_name(view->key), view->reverse ? ", reversed" : "");
	put_text(0, 0, A_BOLD, text);
	if (view->paused)
		put_text(0, COLS - 8, A_BOLD | A_REVERSE, " PAUSED ");
}

/* The filter, with a mark where it is wrong. */
static void draw_filter(const struct view *view)
{
	int row = STATE_ROWS + 3, room = COLS - 9;
	const char *text = view->typing ? view->typed : view->text;
	size_t length = strlen(text), from = 0;

	if (view->typing && (int)length > room)
		from = length - room;
	if (!view->typing && !*text) {
		if (view->lost)
			mvprintw(row, 0, "%llu records were lost; the table was read anew",
				 view->lost);
		return;
	}
	put_text(row, 0, A_BOLD, "filter: ");
	put_text(row, 8, 0, text + from);
	if (!view->typing)
		return;
	put_text(row, 8 + (int)(length - from), A_REVERSE, " ");
	if (view->error.text[0] && view->error.column >= from)
		mvchgat(row, 8 + (int)(view->error.column - from), 1,
			A_REVERSE | A_BOLD, ALARM, NULL);
}

static void draw_row(const struct tcpstates_record *record, int row, bool chosen)
{
	int attribute = chosen ? A_REVERSE : 0, side = (COLS - ADDRESSES - 1) / 2;
	const char *state = tcpstates_state_name(record->new_state);
	char text[LINE_SIZE], age[CELL_AGE_SIZE], owner[CELL_OWNER_SIZE];
	char local[CELL_ENDPOINT_SIZE], remote[CELL_ENDPOINT_SIZE];

	cell_age(record, age);
	cell_owner(record, owner);
	cell_local(record, local);
	cell_remote(record, remote);
	/* Two IPv6 addresses do not fit; the remote one matters more. */
	if ((int)strlen(local) > side)
		snprintf(local, sizeof(local), ":%u", record->lport);
	if ((int)(strlen(local) + strlen(remote)) < 2 * side &&
	    (int)strlen(remote) > side)
		side = (int)strlen(local);
	snprintf(text, sizeof(text), "%-*s %*s %-*s %-*s %s", STATE_WIDTH, state,
		 AGE_WIDTH, age, CELL_OWNER_WIDTH, owner, side, local, remote);
	if (chosen)
		mvhline(row, 0, ' ' | A_REVERSE, COLS);
	put_text(row, 0, attribute, text);
	put_text(row, 0, attribute | colour_of(record->new_state), state);
}

static void draw_list(struct view *view)
{
	char head[LINE_SIZE];
	int side = (COLS - ADDRESSES - 1) / 2;
	size_t i;

	snprintf(head, sizeof(head), "%-*s %*s %-*s %-*s %s", STATE_WIDTH,
		 "STATE", AGE_WIDTH, "AGE", CELL_OWNER_WIDTH, "OWNER", side,
		 "LOCAL", "REMOTE");
	mvhline(LIST_ROW, 0, ' ' | A_UNDERLINE, COLS);
	put_text(LIST_ROW, 0, A_BOLD | A_UNDERLINE, head);
	for (i = 0; i < view->rows && view->top + i < view->order.count; i++)
		draw_row(&view->order.list[view->top + i],
			 LIST_ROW + 1 + (int)i,
			 view->top + i == view->selected);
}

/* Writes lines. Returns the row after them. */
static int put_lines(int row, int column, const char *text)
{
	char line[LINE_SIZE];

	while (*text) {
		size_t length = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		put_text(row++, column, 0, line);
		text += length + (text[length] == '\n');
	}
	return row;
}

static int draw_change(const struct change *change, int row)
{
	char text[LINE_SIZE], time[CELL_TIME_SIZE], span[SPAN_SIZE] = "";

	cell_time(change->real_ns, time);
	if (change->timed)
		span_format(change->dur_ns, span);
	if (change->old_state)
		snprintf(text, sizeof(text), "%s  %-*s %11s  ", time, STATE_WIDTH,
			 tcpstates_state_name(change->old_state), span);
	else
		snprintf(text, sizeof(text), "%s  %-*s ", time, STATE_WIDTH + 13,
			 "(found in this state)");
	put_text(row, 0, 0, text);
	put_text(row, (int)strlen(text), colour_of(change->new_state),
		 tcpstates_state_name(change->new_state));
	put_text(row, (int)strlen(text) + STATE_WIDTH + 2, 0, change->old_state ?
	    tcpstates_cause_name(change->cause) : "");
	return row + 1;
}

/* Traffic and round trip time, as of the latest record. */
static int draw_health(const struct tcpstates_record *record, int row)
{
	char text[LINE_SIZE] = "", span[SPAN_SIZE];
	size_t length = 0;

	if (record->known & TCPSTATES_KNOW_BYTES)
		length += snprintf(text, sizeof(text),
				   "%llu bytes sent, %llu received  ",
				   (unsigned long long)record->bytes_out,
				   (unsigned long long)record->bytes_in);
	if (record->known & TCPSTATES_KNOW_RETRANS)
		length += snprintf(text + length, sizeof(text) - length,
				   "%u retransmitted  ", record->retrans);
	if (record->known & TCPSTATES_KNOW_RTT) {
		span_format(record->rtt_us * 1000ULL, span);
		snprintf(text + length, sizeof(text) - length, "round trip %s",
			 span);
	}
	if (*text)
		put_text(row++, 0, 0, text);
	return row;
}

/* The details of one connection. */
static void draw_detail(const struct view *view)
{
	struct tcpstates_record record = entry_now(&view->detail, view->now_ns);
	char text[LINE_SIZE], local[CELL_ENDPOINT_SIZE];
	char remote[CELL_ENDPOINT_SIZE], owner[CELL_OWNER_SIZE];
	char age[CELL_AGE_SIZE];
	enum diagnosis diagnosis = diagnosis_of(&record);
	int row = LIST_ROW;
	size_t back;

	cell_local(&record, local);
	cell_remote(&record, remote);
	cell_owner(&record, owner);
	cell_age(&record, age);
	snprintf(text, sizeof(text), "%s  %s", local, remote);
	put_text(row++, 0, A_BOLD, text);
	snprintf(text, sizeof(text), "%s%s%s, owner %s, conn %llx, netns %u",
		 view->gone ? "ended" : tcpstates_state_name(record.new_state),
		 view->gone ? "" : " for ", view->gone ? "" : age, owner,
		 (unsigned long long)record.conn, record.netns);
	put_text(row++, 0, view->gone ? A_BOLD : 0, text);
	row = draw_health(&record, row);
	if (diagnosis != DIAGNOSIS_NONE && !view->gone)
		row = put_lines(row, 0, diagnosis_text(diagnosis));
	row++;
	put_text(row++, 0, A_BOLD,
		 "TIME          OLD               AFTER  NEW          CAUSE");
	for (back = ENTRY_CHANGES; back--;)
		if (entry_change(&view->detail, back))
			row = draw_change(entry_change(&view->detail, back), row);
}

static void draw_help(void)
{
	put_lines(LIST_ROW,  0,
		  "up, down, PgUp, PgDn, Home, End   select a connection\n"
		  "Enter       show its details; Esc: back to the list\n"
		  "/           type a filter: state close-wait and age > 1m\n"
		  "            Enter keeps it, Esc drops it; see 'tcpstates filter'\n"
		  "s, S        next, previous order: trouble, age, state, owner, local, remote\n"
		  "r           reverse the order\n"
		  "Space       pause, resume\n"
		  "q           quit\n"
		  "\n"
		  "Owners are as of the last change; handshakes are those of the last minute.");
}

static bool terminal_fits(void)
{
	int columns, lines;

	getmaxyx(stdscr, lines, columns);
	return columns >= NARROWEST && lines >= LOWEST;
}

/** screen_draw() - draw everything; the terminal may have any size */
void screen_draw(struct view *view)
{
	int room = getmaxy(stdscr) - LIST_ROW - 2;

	view->rows = room > 0 ? room : 0;
	erase();
	if (!terminal_fits()) {
		put_text(0, 0, 0, "at least 80 columns and 12 lines are needed");
		refresh();
		return;
	}
	draw_title(view);
	draw_states(view);
	draw_rates(view);
	draw_handshakes(view);
	draw_filter(view);
	if (view->help)
		draw_help();
	else if (view->detail.record.conn)
		draw_detail(view);
	else
		draw_list(view);
	put_text(LINES - 1, 0, A_DIM, view->typing && view->error.text[0] ?
	    view->error.text :
	    "q quit  / filter  s order  r reverse  Space pause  Enter details  ? help");
	refresh();
}
