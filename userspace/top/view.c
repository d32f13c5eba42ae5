// SPDX-License-Identifier: GPL-2.0
/* The effect of keys, and the refresh of what is shown. */
#include "top/view.h"

#include <ncurses.h>
#include <string.h>

#define KEY_ESCAPE	27
#define KEY_DELETE	127
#define CTRL_U		('U' & 31)

/* Keeps the selection on its connection, or on the first row. */
static void follow_selection(struct view *view)
{
	const struct order *order = &view->order;
	size_t i;

	for (i = 0; view->conn && i < order->count; i++)
		if (order->list[i].conn == view->conn)
			view->selected = i;
	if (view->selected >= order->count)
		view->selected = order->count ? order->count - 1 : 0;
	if (view->conn && order->count)
		view->conn = order->list[view->selected].conn;
	else
		view->selected = 0;
}

/* Scrolls so that the selected row is visible. */
static void scroll_to(struct view *view)
{
	size_t rows = view->rows ? view->rows : 1;

	if (view->selected < view->top)
		view->top = view->selected;
	if (view->selected >= view->top + rows)
		view->top = view->selected + 1 - rows;
	if (view->top + rows > view->order.count)
		view->top = view->order.count > rows ?
			    view->order.count - rows : 0;
}

/**
 * view_refresh() - update what is shown, unless paused
 * @view: what is shown
 * @now_ns: CLOCK_BOOTTIME
 *
 * Return: 0, or -1 and errno.
 */
int view_refresh(struct view *view, __u64 now_ns)
{
	const struct entry *entry;

	if (view->paused)
		return 0;
	view->now_ns = now_ns;
	if (view->detail.record.conn) {
		entry = entries_find(view->entries, view->detail.record.conn);
		view->gone = !entry;
		if (entry)
			view->detail = *entry;
	}
	if (order_make(&view->order, view->entries, view->filter, view->key,
		       view->reverse, now_ns))
		return -1;
	follow_selection(view);
	scroll_to(view);
	return 0;
}

/** view_tell() - add a change to the details, even between two refreshes */
void view_tell(struct view *view, const struct tcpstates_record *record)
{
	if (record->conn == view->detail.record.conn && !view->gone)
		entry_remember(&view->detail, record);
}

/* Applies what has been typed so far, if it is a valid filter. */
static void try_filter(struct view *view)
{
	struct filter *filter = filter_parse(view->typed, &view->error);

	if (!filter)
		return;
	view->error.text[0] = '\0';
	filter_free(view->filter);
	view->filter = filter;
	strcpy(view->text, view->typed);
}

static void key_of_filter(struct view *view, int key)
{
	size_t length = strlen(view->typed);

	switch (key) {
	case '\n':
	case '\r':
	case KEY_ENTER:
		view->typing = view->error.text[0];
		return;
	case KEY_ESCAPE:
		view->typing = false;
		strcpy(view->typed, "");
		break;
	case KEY_BACKSPACE:
	case KEY_DELETE:
	case '\b':
		if (length)
			view->typed[length - 1] = '\0';
		break;
	case CTRL_U:
		strcpy(view->typed, "");
		break;
	default:
		if (key < ' ' || key > '~' || length + 1 >= VIEW_FILTER_SIZE)
			return;
		view->typed[length] = (char)key;
		view->typed[length + 1] = '\0';
	}
	try_filter(view);
}

static void move_to(struct view *view, long row)
{
	long last = (long)view->order.count - 1;

	if (row > last)
		row = last;
	if (row < 0)
		row = 0;
	view->selected = row;
	/* On the first row, the selection stays on top. */
	view->conn = row ? view->order.list[row].conn : 0;
	scroll_to(view);
}

static void open_detail(struct view *view)
{
	const struct entry *entry;

	if (!view->order.count)
		return;
	entry = entries_find(view->entries,
			     view->order.list[view->selected].conn);
	if (!entry)
		return;
	view->detail = *entry;
	view->gone = false;
}

/* Handles keys that move the selection. Returns whether @key is one. */
static bool key_that_moves(struct view *view, int key)
{
	long row = (long)view->selected, page = (long)view->rows;

	switch (key) {
	case KEY_UP:
	case 'k':
		move_to(view, row - 1);
		return true;
	case KEY_DOWN:
	case 'j':
		move_to(view, row + 1);
		return true;
	case KEY_PPAGE:
		move_to(view, row - page);
		return true;
	case KEY_NPAGE:
		move_to(view, row + page);
		return true;
	case KEY_HOME:
	case 'g':
		move_to(view, 0);
		return true;
	case KEY_END:
	case 'G':
		move_to(view, (long)view->order.count);
		return true;
	default:
		return false;
	}
}

/**
 * view_key() - handle a key
 * @view: the state of the screen
 * @key: from getch()
 *
 * Return: false to end.
 */
bool view_key(struct view *view, int key)
{
	if (view->typing) {
		key_of_filter(view, key);
		return true;
	}
	if (key_that_moves(view, key))
		return true;
	switch (key) {
	case 'q':
		return false;
	case ' ':
	case 'p':
		view->paused = !view->paused;
		break;
	case '/':
	case 'f':
		view->typing = true;
		view->paused = false;
		strcpy(view->typed, view->text);
		view->error.text[0] = '\0';
		break;
	case 's':
		view->key = (view->key + 1) % ORDER_KEYS;
		break;
	case 'S':
		view->key = (view->key + ORDER_KEYS - 1) % ORDER_KEYS;
		break;
	case 'r':
		view->reverse = !view->reverse;
		break;
	case '\n':
	case '\r':
	case KEY_ENTER:
		open_detail(view);
		break;
	case KEY_ESCAPE:
	case KEY_LEFT:
	case KEY_BACKSPACE:
	case KEY_DELETE:
		view->detail.record.conn = 0;
		view->help = false;
		break;
	case '?':
	case 'h':
		view->help = !view->help;
		break;
	}
	return true;
}
