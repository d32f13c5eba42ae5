// SPDX-License-Identifier: GPL-2.0
/*
 * The part of a filter that the module can evaluate. The module's filter is a box: a set
 * or range of values for each member, and a record must be in all of them. A condition
 * becomes a box around all records that match it, "and" the intersection of two boxes,
 * "or" a box around both. A record outside of the box cannot match the filter; one
 * inside may match.
 */
#include <string.h>

#include "filter/tree.h"

#define ALL_FAMILIES	((1U << TCPSTATES_FAMILY_INET) | \
			 (1U << TCPSTATES_FAMILY_INET6))
#define ALL_EVENTS	((1U << TCPSTATES_EVENT_COUNT) - 1 - 1U)
#define PORT_MAX	65535

/* The box of all records: the widest value of each member. */
static void widest_box(struct tcpstates_filter *box)
{
	*box = (struct tcpstates_filter) {
		.old_states = -1U, .new_states = -1U, .families = -1U,
		.lport_max = PORT_MAX, .rport_max = PORT_MAX, .events = -1U,
	};
}

static void from_set(const struct node *node, struct tcpstates_filter *box)
{
	__u64 set = node->negated ? ~node->set : node->set;

	switch (node->field) {
	case FIELD_STATE:
		box->new_states = set;
		break;
	case FIELD_OLD:
		box->old_states = set;
		break;
	case FIELD_FAMILY:
		box->families = set;
		break;
	case FIELD_EVENT:
		box->events = set;
		break;
	default:
		break;
	}
}

/* The negation of a range is a range only if it touches an end of all ports. */
static void from_ports(const struct node *node, __u64 min, __u64 max,
		       __u16 *from, __u16 *to)
{
	if (min > max || max > PORT_MAX)
		return;
	if (!node->negated) {
		*from = min;
		*to = max;
	} else if (min == 0 && max < PORT_MAX) {
		*from = max + 1;
	} else if (max == PORT_MAX && min > 0) {
		*to = min - 1;
	}
}

static void from_range(const struct node *node, struct tcpstates_filter *box)
{
	switch (node->field) {
	case FIELD_SPORT:
		from_ports(node, node->min, node->max, &box->lport_min,
			   &box->lport_max);
		break;
	case FIELD_DPORT:
		from_ports(node, node->min, node->max, &box->rport_min,
			   &box->rport_max);
		break;
	case FIELD_NETNS:
		if (node->min == node->max && !node->negated &&
		    node->max <= -1U)
			box->netns = node->min;
		break;
	case FIELD_CONN:
		if (node->min == node->max && !node->negated)
			box->conn = node->min;
		break;
	default:
		break;
	}
}

static void from_host(const struct node *node, struct tcpstates_filter *box)
{
	const struct host *host = &node->host;

	/* A negated host mismatches in address or port: no box. */
	if (node->negated)
		return;
	if (host->family)
		box->families = 1U << host->family;
	if (node->field == FIELD_SRC) {
		from_ports(node, host->port_min, host->port_max,
			   &box->lport_min, &box->lport_max);
		if (host->prefix) {
			box->laddr_family = host->family;
			box->laddr_prefix = host->prefix;
			memcpy(box->laddr, host->address, sizeof(box->laddr));
		}
	} else {
		from_ports(node, host->port_min, host->port_max,
			   &box->rport_min, &box->rport_max);
		if (host->prefix) {
			box->raddr_family = host->family;
			box->raddr_prefix = host->prefix;
			memcpy(box->raddr, host->address, sizeof(box->raddr));
		}
	}
}

static __u16 min_port(__u16 a, __u16 b)
{
	return a < b ? a : b;
}

static __u16 max_port(__u16 a, __u16 b)
{
	return a > b ? a : b;
}

/* Of two networks, the longer prefix: if they are disjoint, nothing matches anyway. */
static void intersect_boxes(struct tcpstates_filter *box,
			    const struct tcpstates_filter *other)
{
	box->old_states &= other->old_states;
	box->new_states &= other->new_states;
	box->families &= other->families;
	box->events &= other->events;
	if (!box->netns)
		box->netns = other->netns;
	if (!box->conn)
		box->conn = other->conn;
	box->lport_min = max_port(box->lport_min, other->lport_min);
	box->lport_max = min_port(box->lport_max, other->lport_max);
	box->rport_min = max_port(box->rport_min, other->rport_min);
	box->rport_max = min_port(box->rport_max, other->rport_max);
	if (other->laddr_prefix > box->laddr_prefix) {
		box->laddr_family = other->laddr_family;
		box->laddr_prefix = other->laddr_prefix;
		memcpy(box->laddr, other->laddr, sizeof(box->laddr));
	}
	if (other->raddr_prefix > box->raddr_prefix) {
		box->raddr_family = other->raddr_family;
		box->raddr_prefix = other->raddr_prefix;
		memcpy(box->raddr, other->raddr, sizeof(box->raddr));
	}
}

/* The common prefix of two networks; without common bits there is no network. */
static void join_networks(__u8 *family, __u8 *prefix, __u8 address[16],
			  __u8 other_family, __u8 other_prefix,
			  const __u8 other[16])
{
	unsigned int bits = *prefix < other_prefix ? *prefix : other_prefix, i;

	if (*family != other_family)
		bits = 0;
	for (i = 0; i < bits; i++)
		if ((address[i / 8] ^ other[i / 8]) & (0x80 >> i % 8))
			break;
	*prefix = i < bits ? i : bits;
	if (!*prefix)
		*family = 0;
	for (i = *prefix; i < 128; i++)
		address[i / 8] &= ~(0x80 >> i % 8);
}

static void join_boxes(struct tcpstates_filter *box,
		       const struct tcpstates_filter *other)
{
	box->old_states |= other->old_states;
	box->new_states |= other->new_states;
	box->families |= other->families;
	box->events |= other->events;
	if (box->netns != other->netns)
		box->netns = 0;
	if (box->conn != other->conn)
		box->conn = 0;
	box->lport_min = min_port(box->lport_min, other->lport_min);
	box->lport_max = max_port(box->lport_max, other->lport_max);
	box->rport_min = min_port(box->rport_min, other->rport_min);
	box->rport_max = max_port(box->rport_max, other->rport_max);
	join_networks(&box->laddr_family, &box->laddr_prefix, box->laddr,
		      other->laddr_family, other->laddr_prefix, other->laddr);
	join_networks(&box->raddr_family, &box->raddr_prefix, box->raddr,
		      other->raddr_family, other->raddr_prefix, other->raddr);
}

static void box_of(const struct filter *filter, unsigned int i,
		   struct tcpstates_filter *box)
{
	const struct node *node = &filter->nodes[i];
	struct tcpstates_filter other;

	widest_box(box);
	switch (node->kind) {
	case NODE_AND:
	case NODE_OR:
		box_of(filter, node->left, box);
		box_of(filter, node->right, &other);
		if (node->kind == NODE_AND)
			intersect_boxes(box, &other);
		else
			join_boxes(box, &other);
		break;
	case NODE_SET:
		from_set(node, box);
		break;
	case NODE_RANGE:
		from_range(node, box);
		break;
	case NODE_HOST:
		from_host(node, box);
		break;
	case NODE_PATTERN:
		break;
	}
}

/* Whether a network contains the address 0, which stands for no peer. */
static bool has_zero(const __u8 address[16])
{
	static const __u8 zero[16];

	return !memcmp(address, zero, sizeof(zero));
}

/* A set in the form of the module, in which 0 means all. */
static __u32 as_set(__u32 set, __u32 all)
{
	return (set & all) == all ? 0 : set & all;
}

/* A range in the form of the module, in which 0 means all; as does an empty range. */
static void as_ports(__u16 *min, __u16 *max)
{
	if (*min > *max || (*min == 0 && *max == PORT_MAX))
		*min = *max = 0;
}

/**
 * filter_narrow() - the part of a filter that the module can evaluate
 * @filter: the filter
 * @kernel: filled in; it passes all records that match @filter, and usually few others.
 *	filter_matches() decides about these
 */
void filter_narrow(const struct filter *filter, struct tcpstates_filter *kernel)
{
	*kernel = (struct tcpstates_filter) { 0 };
	if (!filter->count)
		return;
	box_of(filter, filter->count - 1, kernel);
	kernel->old_states = as_set(kernel->old_states, STATES_ALL);
	kernel->new_states = as_set(kernel->new_states, STATES_ALL);
	kernel->families = as_set(kernel->families, ALL_FAMILIES);
	kernel->events = as_set(kernel->events, ALL_EVENTS);
	as_ports(&kernel->lport_min, &kernel->lport_max);
	/* A listener has port 0 as peer, which the module's ranges cannot include. */
	if (!kernel->rport_min)
		kernel->rport_max = 0;
	as_ports(&kernel->rport_min, &kernel->rport_max);
	if (kernel->raddr_family && has_zero(kernel->raddr)) {
		kernel->raddr_family = 0;
		kernel->raddr_prefix = 0;
	}
}
