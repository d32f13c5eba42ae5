// SPDX-License-Identifier: GPL-2.0
/* Whether a record matches a filter. */
#include <arpa/inet.h>
#include <fnmatch.h>
#include <string.h>

#include "filter/tree.h"

/* The value of a condition; if unknown, neither it nor its negation matches. */
enum answer { NO, YES, UNKNOWN };

/* The bit of a record in the set of a field; 0 if unknown. */
static __u64 bit_of(const struct tcpstates_record *record, enum field field)
{
	unsigned int value;

	switch (field) {
	case FIELD_STATE:
		value = record->new_state;
		break;
	case FIELD_OLD:
		value = record->old_state;
		/* Only a transition has ended a state. */
		if (record->event != TCPSTATES_EVENT_TRANSITION)
			value = 0;
		break;
	case FIELD_FAMILY:
		value = record->family;
		break;
	case FIELD_CAUSE:
		value = record->cause;
		break;
	case FIELD_EVENT:
		value = record->event;
		break;
	default:
		value = 0;
	}
	return value && value < 64 ? 1ULL << value : 0;
}

static enum answer in_set(const struct node *node,
			  const struct tcpstates_record *record)
{
	__u64 bit = bit_of(record, node->field);

	if (!bit)
		return UNKNOWN;
	return node->set & bit ? YES : NO;
}

/*
 * Whether there is no peer, as opposed to an unknown one: then its address and port are
 * 0, as in ss.
 */
static bool has_no_peer(const struct tcpstates_record *record)
{
	return !(record->known & TCPSTATES_KNOW_RPORT) &&
	       (record->new_state == TCPSTATES_LISTEN ||
		record->old_state == TCPSTATES_LISTEN);
}

/* Reads a numeric field of a record. Returns false if it is unknown. */
static bool field_number(const struct tcpstates_record *record, enum field field,
			 __u64 *number)
{
	switch (field) {
	case FIELD_SPORT:
		*number = record->lport;
		return record->known & TCPSTATES_KNOW_LPORT;
	case FIELD_DPORT:
		*number = record->rport;
		return record->known & TCPSTATES_KNOW_RPORT ||
		       has_no_peer(record);
	case FIELD_PID:
		*number = record->pid;
		return record->known & TCPSTATES_KNOW_OWNER;
	case FIELD_UID:
		*number = record->uid;
		return record->known & TCPSTATES_KNOW_UID;
	case FIELD_CGROUP:
		*number = record->cgroup;
		return record->known & TCPSTATES_KNOW_CGROUP;
	case FIELD_NETNS:
		*number = record->netns;
		return true;
	case FIELD_CONN:
		*number = record->conn;
		return true;
	case FIELD_DUR:
		*number = record->dur_ns;
		return record->known & TCPSTATES_KNOW_DURATION;
	case FIELD_AGE:
		*number = 0;
		if (record->event == TCPSTATES_EVENT_TRANSITION)
			return true;
		*number = record->dur_ns;
		return record->known & TCPSTATES_KNOW_DURATION;
	default:
		return false;
	}
}

/* Whether the number is only a lower bound. */
static bool is_bound(const struct tcpstates_record *record, enum field field)
{
	return record->flags & TCPSTATES_FLAG_ATLEAST &&
	       (field == FIELD_DUR ||
		(field == FIELD_AGE &&
		 record->event != TCPSTATES_EVENT_TRANSITION));
}

static enum answer in_range(const struct node *node,
			    const struct tcpstates_record *record)
{
	__u64 number;

	if (!field_number(record, node->field, &number))
		return UNKNOWN;
	if (node->min > node->max)
		return NO;
	if (!is_bound(record, node->field))
		return number >= node->min && number <= node->max ? YES : NO;
	if (number > node->max)
		return NO;
	return number >= node->min && node->max == -1ULL ? YES : UNKNOWN;
}

static bool in_network(const struct host *host, const __u8 address[16])
{
	unsigned int whole = host->prefix / 8, rest = host->prefix % 8;

	if (memcmp(host->address, address, whole))
		return false;
	return !rest ||
	       !((host->address[whole] ^ address[whole]) >> (8 - rest));
}

/* Address and port must match; a mismatch of one decides even if the other is unknown. */
static enum answer is_host(const struct node *node,
			   const struct tcpstates_record *record)
{
	const struct host *host = &node->host;
	bool local = node->field == FIELD_SRC;
	__u32 port_bit = local ? TCPSTATES_KNOW_LPORT : TCPSTATES_KNOW_RPORT;
	__u32 address_bit = local ? TCPSTATES_KNOW_LADDR : TCPSTATES_KNOW_RADDR;
	__u16 port = local ? record->lport : record->rport;
	bool none = !local && has_no_peer(record), known = true;

	if (host->family && record->family != host->family)
		return NO;
	if (host->prefix && !(record->known & address_bit) && !none)
		known = false;
	else if (host->prefix &&
		 !in_network(host, local ? record->laddr : record->raddr))
		return NO;
	if (host->port_min == 0 && host->port_max == 65535)
		return known ? YES : UNKNOWN;
	if (!(record->known & port_bit) && !none)
		known = false;
	else if (port < host->port_min || port > host->port_max)
		return NO;
	return known ? YES : UNKNOWN;
}

static enum answer is_like(const struct node *node,
			   const struct tcpstates_record *record)
{
	char comm[TCPSTATES_COMM_LEN + 1] = "";

	if (!(record->known & TCPSTATES_KNOW_OWNER))
		return UNKNOWN;
	memcpy(comm, record->comm, TCPSTATES_COMM_LEN);
	return fnmatch(node->pattern, comm, 0) ? NO : YES;
}

static bool condition_holds(const struct node *node, const struct tcpstates_record *record)
{
	enum answer answer;

	switch (node->kind) {
	case NODE_SET:
		answer = in_set(node, record);
		break;
	case NODE_RANGE:
		answer = in_range(node, record);
		break;
	case NODE_HOST:
		answer = is_host(node, record);
		break;
	default:
		answer = is_like(node, record);
		break;
	}
	return answer == (node->negated ? NO : YES);
}

/* Recursion is bounded by the depth of the tree, which the parser limits. */
static bool is_true(const struct filter *filter, unsigned int i,
		    const struct tcpstates_record *record)
{
	const struct node *node = &filter->nodes[i];

	switch (node->kind) {
	case NODE_AND:
		return is_true(filter, node->left, record) &&
		       is_true(filter, node->right, record);
	case NODE_OR:
		return is_true(filter, node->left, record) ||
		       is_true(filter, node->right, record);
	default:
		return condition_holds(node, record);
	}
}

/**
 * filter_matches() - whether a record matches a filter
 * @filter: the filter
 * @record: the record
 *
 * Return: true if it does, and for every TCPSTATES_EVENT_LOST.
 */
bool filter_matches(const struct filter *filter,
		    const struct tcpstates_record *record)
{
	return record->event == TCPSTATES_EVENT_LOST || !filter->count ||
	       is_true(filter, filter->count - 1, record);
}
