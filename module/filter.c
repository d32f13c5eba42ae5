// SPDX-License-Identifier: GPL-2.0
/*
 * A filter is checked once, when a reader sets it, and then compared with every
 * record. tcps_filter_match() relies on the check.
 */
#include "filter.h"

#include <linux/compiler.h>
#include <linux/errno.h>

#define ALL_STATES	((1U << TCPSTATES_STATE_COUNT) - 1 - \
			 (1U << TCPSTATES_UNKNOWN))
#define ALL_FAMILIES	((1U << TCPSTATES_FAMILY_INET) | \
			 (1U << TCPSTATES_FAMILY_INET6))
#define ALL_EVENTS	((1U << TCPSTATES_EVENT_COUNT) - 1 - 1U)
#define ADDRESS_BYTES	16

static unsigned int address_bits(__u8 family)
{
	switch (family) {
	case TCPSTATES_FAMILY_INET:
		return 32;
	case TCPSTATES_FAMILY_INET6:
		return 128;
	default:
		return 0;
	}
}

/* The bits of byte @i that belong to a prefix of @prefix bits. */
static __u8 prefix_mask(unsigned int prefix, unsigned int i)
{
	if (prefix >= 8 * (i + 1))
		return 0xff;
	if (prefix <= 8 * i)
		return 0;
	return 0xff << (8 * (i + 1) - prefix);
}

/* Bits after the prefix would be ignored: a mistake of the caller. */
static bool valid_network(__u8 family, unsigned int prefix,
			  const __u8 address[ADDRESS_BYTES])
{
	unsigned int i;

	if (family && !address_bits(family))
		return false;
	if (prefix > address_bits(family))
		return false;
	for (i = 0; i < ADDRESS_BYTES; i++)
		if (address[i] & ~prefix_mask(prefix, i))
			return false;
	return true;
}

/**
 * tcps_filter_check() - check a filter
 * @filter: the filter, from user space
 *
 * Context: any.
 * Return: 0, or -EINVAL for undefined bits or families, and for prefixes or ranges
 * that cannot match.
 */
int tcps_filter_check(const struct tcpstates_filter *filter)
{
	if ((filter->old_states | filter->new_states) & ~ALL_STATES)
		return -EINVAL;
	if (filter->families & ~ALL_FAMILIES)
		return -EINVAL;
	if (filter->events & ~ALL_EVENTS)
		return -EINVAL;
	if (filter->lport_min > filter->lport_max ||
	    filter->rport_min > filter->rport_max)
		return -EINVAL;
	if (!valid_network(filter->laddr_family, filter->laddr_prefix,
			   filter->laddr) ||
	    !valid_network(filter->raddr_family, filter->raddr_prefix,
			   filter->raddr))
		return -EINVAL;
	return 0;
}

/**
 * tcps_filter_is_empty() - whether a filter matches every record
 * @filter: the filter; tcps_filter_check() has accepted it
 *
 * Context: any.
 * Return: true if tcps_filter_match() is true for every record.
 */
bool tcps_filter_is_empty(const struct tcpstates_filter *filter)
{
	return !(filter->old_states | filter->new_states | filter->families |
		 filter->netns | filter->conn | filter->lport_max |
		 filter->rport_max | filter->laddr_family |
		 filter->raddr_family | filter->events);
}

/* No filter contains state 0, so an unknown state matches no filter. */
static bool match_state(__u32 wanted, __u8 state)
{
	return !wanted ||
	       (state < TCPSTATES_STATE_COUNT && wanted & (1U << state));
}

/* An event of a later version cannot be in a filter. */
static bool match_event(__u32 wanted, __u8 event)
{
	return !wanted ||
	       (event < TCPSTATES_EVENT_COUNT && wanted & (1U << event));
}

static bool match_family(__u32 wanted, __u8 family)
{
	return !wanted || (address_bits(family) && wanted & (1U << family));
}

static bool match_port(__u16 min, __u16 max, bool known, __u16 port)
{
	return !max || (known && port >= min && port <= max);
}

static bool match_network(__u8 family, unsigned int prefix, const __u8 *network,
			  bool known, __u8 record_family, const __u8 *address)
{
	unsigned int i;

	if (!family)
		return true;
	if (!known || record_family != family)
		return false;
	for (i = 0; 8 * i < prefix; i++)
		if ((READ_ONCE(address[i]) ^ network[i]) &
		    prefix_mask(prefix, i))
			return false;
	return true;
}

/**
 * tcps_filter_match() - whether a record matches a filter
 * @filter: the filter; tcps_filter_check() has accepted it
 * @record: the record, which may be written to at the same time; then the
 *	result means nothing
 *
 * Context: any.
 * Return: true if the record matches every member of the filter, and for every
 * TCPSTATES_EVENT_LOST.
 */
bool tcps_filter_match(const struct tcpstates_filter *filter,
		       const struct tcpstates_record *record)
{
	__u32 known = READ_ONCE(record->known);
	__u8 family = READ_ONCE(record->family);
	__u8 event = READ_ONCE(record->event);

	if (event == TCPSTATES_EVENT_LOST)
		return true;
	return match_event(filter->events, event) &&
	       match_state(filter->old_states, READ_ONCE(record->old_state)) &&
	       match_state(filter->new_states, READ_ONCE(record->new_state)) &&
	       match_family(filter->families, family) &&
	       (!filter->netns || filter->netns == READ_ONCE(record->netns)) &&
	       (!filter->conn || filter->conn == READ_ONCE(record->conn)) &&
	       match_port(filter->lport_min, filter->lport_max,
			  known & TCPSTATES_KNOW_LPORT,
			  READ_ONCE(record->lport)) &&
	       match_port(filter->rport_min, filter->rport_max,
			  known & TCPSTATES_KNOW_RPORT,
			  READ_ONCE(record->rport)) &&
	       match_network(filter->laddr_family, filter->laddr_prefix,
			     filter->laddr, known & TCPSTATES_KNOW_LADDR,
			     family, record->laddr) &&
	       match_network(filter->raddr_family, filter->raddr_prefix,
			     filter->raddr, known & TCPSTATES_KNOW_RADDR,
			     family, record->raddr);
}
