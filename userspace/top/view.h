/* SPDX-License-Identifier: GPL-2.0 */
/* The state of the screen: the choices of the user, and what is shown. */
#ifndef _TOP_VIEW_H
#define _TOP_VIEW_H

#include "filter/language.h"
#include "top/entries.h"
#include "top/order.h"
#include "top/rates.h"

#define VIEW_FILTER_SIZE	256

/**
 * struct view - the state of the screen
 * @entries: all connections
 * @rates: events per second
 * @order: connections of the list, as they were at @now_ns
 * @now_ns: CLOCK_BOOTTIME of what is shown
 * @key: sort key
 * @reverse: whether the order is reversed
 * @paused: whether the screen is frozen
 * @filter: the filter
 * @text: text of @filter
 * @typed: text that is being typed, while @typing
 * @typing: whether a filter is being typed
 * @error: what is wrong with @typed; its text is empty if nothing is
 * @selected: index of the selected row
 * @conn: the connection of that row; 0 to stay on the first row
 * @top: index of the first row on the screen
 * @rows: number of rows that fit
 * @detail: connection whose details are shown, if its conn is not 0
 * @gone: whether @detail has ended
 * @help: whether the help is shown
 * @lost: number of lost records
 */
struct view {
	struct entries *entries;
	struct rates rates;
	struct order order;
	__u64 now_ns;
	enum order_key key;
	bool reverse;
	bool paused;
	struct filter *filter;
	char text[VIEW_FILTER_SIZE];
	char typed[VIEW_FILTER_SIZE];
	bool typing;
	struct filter_error error;
	size_t selected;
	__u64 conn;
	size_t top;
	size_t rows;
	struct entry detail;
	bool gone;
	bool help;
	unsigned long long lost;
};

void view_tell(struct view *view, const struct tcpstates_record *record);
int view_refresh(struct view *view, __u64 now_ns);
bool view_key(struct view *view, int key);

#endif /* _TOP_VIEW_H */
