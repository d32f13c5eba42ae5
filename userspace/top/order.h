/* SPDX-License-Identifier: GPL-2.0 */
/* The list of connections that are shown, filtered and sorted. */
#ifndef _TOP_ORDER_H
#define _TOP_ORDER_H

#include "filter/language.h"
#include "top/entries.h"

enum order_key {
	ORDER_TROUBLE,		/* possibly stuck ones first, by age */
	ORDER_AGE,
	ORDER_STATE,
	ORDER_OWNER,
	ORDER_LOCAL,
	ORDER_REMOTE,
	ORDER_KEYS,
};

/**
 * struct order - a sorted list of connections
 * @list: the connections, as they were when the list was made
 * @count: number of connections
 * @room: number of connections that fit into @list
 */
struct order {
	struct tcpstates_record *list;
	size_t count;
	size_t room;
};

int order_make(struct order *order, const struct entries *entries,
	       const struct filter *filter, enum order_key key, bool reverse,
	       __u64 now_ns);
bool order_may_be_stuck(unsigned int state);
const char *order_name(enum order_key key);
void order_free(struct order *order);

#endif /* _TOP_ORDER_H */
