/* SPDX-License-Identifier: GPL-2.0 */
/* Stuck connections as text: for people, programs and monitors. */
#ifndef _STUCK_REPORT_H
#define _STUCK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "text/item.h"

struct output;
struct stuck_conn;
struct stuck_list;

/* Room for the holders of a connection; more are left out. */
#define REPORT_SIZE	6144
#define END_SIZE	512

/**
 * struct report_item - a stuck connection as an item
 * @item: the item, made of the other members
 * @extras: what it adds to the fields of a record
 * @holders: the holders in a line
 * @json_holders: the holders in an object
 * @meaning: what the state means, a string of JSON
 */
struct report_item {
	struct item item;
	struct extra extras[2];
	char holders[REPORT_SIZE];
	char json_holders[REPORT_SIZE];
	char meaning[END_SIZE];
};

void report_item(struct report_item *item, const struct stuck_list *list,
		 const struct stuck_conn *conn);
void report_table(struct output *out, const struct stuck_list *list,
		  bool timed);
void report_nothing(struct output *out, unsigned long long age_s);
int report_check(struct output *out, const struct stuck_list *list,
		 unsigned long long age_s, const unsigned long long levels[2]);

#endif /* _STUCK_REPORT_H */
