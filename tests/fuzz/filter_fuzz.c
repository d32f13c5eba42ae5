// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a filter, any as records: what is accepted decides as the
 * header says, here written down a second time, bit by bit.
 */
#include <errno.h>

#include "filter.h"
#include "input.h"
#include "uapi/tcpstates.h"

static unsigned int bits_of(__u8 family)
{
	return family == TCPSTATES_FAMILY_INET ? 32 :
	       family == TCPSTATES_FAMILY_INET6 ? 128 : 0;
}

static bool has_state(__u32 wanted, __u8 state)
{
	return !wanted || (state < 32 && wanted >> state & 1);
}

static bool has_port(__u16 min, __u16 max, bool known, __u16 port)
{
	return (!min && !max) || (known && min <= port && port <= max);
}

static bool has_network(__u8 family, __u8 prefix, const __u8 *network,
			bool known, const struct tcpstates_record *record,
			const __u8 *address)
{
	unsigned int bit;

	if (!family)
		return true;
	if (!known || record->family != family)
		return false;
	for (bit = 0; bit < prefix; bit++)
		if ((network[bit / 8] ^ address[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool expected(const struct tcpstates_filter *f,
		     const struct tcpstates_record *r)
{
	if (r->event == TCPSTATES_EVENT_LOST)
		return true;
	return (!f->events || (r->event < TCPSTATES_EVENT_COUNT &&
			       f->events >> r->event & 1)) &&
	       has_state(f->old_states, r->old_state) &&
	       has_state(f->new_states, r->new_state) &&
	       (!f->families || (bits_of(r->family) &&
				 f->families >> r->family & 1)) &&
	       (!f->netns || f->netns == r->netns) &&
	       (!f->conn || f->conn == r->conn) &&
	       has_port(f->lport_min, f->lport_max,
			r->known & TCPSTATES_KNOW_LPORT, r->lport) &&
	       has_port(f->rport_min, f->rport_max,
			r->known & TCPSTATES_KNOW_RPORT, r->rport) &&
	       has_network(f->laddr_family, f->laddr_prefix, f->laddr,
			   r->known & TCPSTATES_KNOW_LADDR, r, r->laddr) &&
	       has_network(f->raddr_family, f->raddr_prefix, f->raddr,
			   r->known & TCPSTATES_KNOW_RADDR, r, r->raddr);
}

/* What must not be accepted, and is told apart without the module's masks. */
static bool is_bad(const struct tcpstates_filter *f)
{
	return f->events & 1 || f->events >> TCPSTATES_EVENT_COUNT ||
	       f->lport_min > f->lport_max || f->rport_min > f->rport_max ||
	       f->laddr_prefix > bits_of(f->laddr_family) ||
	       f->raddr_prefix > bits_of(f->raddr_family) ||
	       (f->laddr_family && !bits_of(f->laddr_family)) ||
	       (f->raddr_family && !bits_of(f->raddr_family)) ||
	       f->old_states >> TCPSTATES_STATE_COUNT ||
	       f->new_states >> TCPSTATES_STATE_COUNT;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const struct tcpstates_filter nothing;
	struct input input = { .data = data, .left = size };
	struct tcpstates_record record;
	struct tcpstates_filter filter;

	if (!input_take(&input, &filter, sizeof(filter)))
		return 0;
	if (tcps_filter_check(&filter)) {
		MUST(tcps_filter_check(&filter) == -EINVAL);
		return 0;
	}
	MUST(!is_bad(&filter));
	MUST(!tcps_filter_is_empty(&filter) ||
	     !memcmp(&filter, &nothing, sizeof(filter)));
	while (input_take(&input, &record, sizeof(record)))
		MUST(tcps_filter_match(&filter, &record) ==
		     expected(&filter, &record));
	return 0;
}
