// SPDX-License-Identifier: GPL-2.0
/* The list of connections that are shown, filtered and sorted. */
#include "top/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "stuck/stuck_list.h"

/* The argument of compare_rows(). */
struct rule {
	enum order_key key;
	bool reverse;
};

/** order_may_be_stuck() - whether a connection can be stuck in a state */
bool order_may_be_stuck(unsigned int state)
{
	return STUCK_STATES & (1U << state);
}

/* The oldest first; unknown ages last. */
static int compare_ages(const struct tcpstates_record *a,
			const struct tcpstates_record *b)
{
	bool left = a->known & TCPSTATES_KNOW_DURATION;
	bool right = b->known & TCPSTATES_KNOW_DURATION;

	if (left != right)
		return left ? -1 : 1;
	return (a->dur_ns < b->dur_ns) - (a->dur_ns > b->dur_ns);
}

static int compare_trouble(const struct tcpstates_record *a,
			   const struct tcpstates_record *b)
{
	return order_may_be_stuck(b->new_state) - order_may_be_stuck(a->new_state);
}

static int compare_owners(const struct tcpstates_record *a,
			  const struct tcpstates_record *b)
{
	int order = strncmp(a->comm, b->comm, TCPSTATES_COMM_LEN);

	return order ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

static int compare_endpoints(unsigned int family, const __u8 *a, __u16 port,
			     unsigned int other_family, const __u8 *b,
			     __u16 other_port)
{
	int order = (int)family - (int)other_family;

	if (!order)
		order = memcmp(a, b, 16);
	return order ? order : (int)port - other_port;
}

static int compare_by(enum order_key key, const struct tcpstates_record *a,
		      const struct tcpstates_record *b)
{
	switch (key) {
	case ORDER_TROUBLE:
		return compare_trouble(a, b);
	case ORDER_STATE:
		return (int)a->new_state - b->new_state;
	case ORDER_OWNER:
		return compare_owners(a, b);
	case ORDER_LOCAL:
		return compare_endpoints(a->family, a->laddr, a->lport,
				    b->family, b->laddr, b->lport);
	case ORDER_REMOTE:
		return compare_endpoints(a->family, a->raddr, a->rport,
				    b->family, b->raddr, b->rport);
	default:
		return 0;
	}
}

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct tcpstates_record *left = a, *right = b;
	const struct rule *rule = data;
	int order = compare_by(rule->key, left, right);

	if (!order)
		order = compare_ages(left, right);
	/* Keep the order of equals stable between refreshes. */
	if (!order)
		order = left->conn < right->conn ? -1 : 1;
	return rule->reverse ? -order : order;
}

/**
 * order_make() - make the list again
 * @order: the list
 * @entries: all connections
 * @filter: which of them are listed
 * @key: sort key; by age among equals
 * @reverse: reverse the order
 * @now_ns: CLOCK_BOOTTIME
 *
 * Return: 0, or -1 and errno.
 */
int order_make(struct order *order, const struct entries *entries,
	       const struct filter *filter, enum order_key key, bool reverse,
	       __u64 now_ns)
{
	struct rule rule = { .key = key, .reverse = reverse };
	size_t count = entries_count(entries), i;
	struct tcpstates_record *list;

	order->count = 0;
	list = array_reserve(order->list, &order->room, count + 1, sizeof(*list));
	if (!list)
		return -1;
	order->list = list;
	for (i = 0; i < count; i++) {
		struct tcpstates_record record =
			entry_now(entries_at(entries, i), now_ns);

		if (filter_matches(filter, &record))
			order->list[order->count++] = record;
	}
	qsort_r(order->list, order->count, sizeof(*order->list), compare_rows, &rule);
	return 0;
}

/** order_name() - the name of a sort key */
const char *order_name(enum order_key key)
{
	static const char * const names[ORDER_KEYS] = {
		[ORDER_TROUBLE] = "trouble",
		[ORDER_AGE] = "age",
		[ORDER_STATE] = "state",
		[ORDER_OWNER] = "owner",
		[ORDER_LOCAL] = "local",
		[ORDER_REMOTE] = "remote",
	};

	return names[key];
}

/** order_free() - free the list */
void order_free(struct order *order)
{
	free(order->list);
	*order = (struct order) { 0 };
}
