/* SPDX-License-Identifier: GPL-2.0 */
/* What is on the screen: the choices of who looks, and what they lead to. */
#ifndef _TOP_VIEW_H
#define _TOP_VIEW_H

#include "filter/language.h"
#include "top/entries.h"
#include "top/order.h"
#include "top/rates.h"

#define VIEW_FILTER_SIZE	256

/**
 * struct view - what is shown
 * @entries: the connections
 * @rates: what happens
 * @order: those that are shown, as they were at @now_ns
 * @now_ns: CLOCK_BOOTTIME of what is shown
 * @key: in which order
 * @reverse: the other way round
 * @paused: whether it stays as it is
 * @filter: which are wanted
 * @text: the same as it was typed
 * @typed: what is being typed, while @typing
 * @typing: whether a filter is being typed
 * @error: why that is none; its text is empty if it is one
 * @selected: number of the row that is chosen
 * @conn: and which connection that is, unless it is the first
 * @top: number of the first row on the screen
 * @rows: how many rows have room
 * @detail: the connection of which all is shown, if its conn is not 0
 * @gone: whether that has ended
 * @help: whether the keys are explained
 * @lost: records that were lost
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
