// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of "tcpstates stuck": with holders, with hidden ones, without, with names
 * of any bytes, and one for each meaning.
 */
#include <stdio.h>
#include <string.h>

#include "stuck/report.h"
#include "stuck/stuck_list.h"

static struct holder holders[] = {
	{ .inode = 7, .pid = 1, .fd = 0, .comm = "init" },
	{ .inode = 7, .pid = 4194304, .fd = 1048575, .comm = "\"\\\n\x01\xff{}" },
	{ .inode = 8, .pid = 812, .fd = 3, .comm = "0123456789abcdef" },
};

static const unsigned char states[] = {
	TCPSTATES_CLOSE_WAIT, TCPSTATES_SYN_SENT, TCPSTATES_SYN_RECV,
	TCPSTATES_FIN_WAIT1, TCPSTATES_FIN_WAIT2, TCPSTATES_LAST_ACK,
	TCPSTATES_CLOSING,
};

static void dump(const struct stuck_list *list, unsigned int state,
		 __u32 flags, __u64 inode, __u32 known)
{
	struct stuck_conn conn = {
		.record = {
			.event = TCPSTATES_EVENT_EXISTING,
			.new_state = state,
			.family = TCPSTATES_FAMILY_INET6,
			.known = known,
			.flags = flags,
			.comm = "\xfe\t'",
		},
		.inode = inode,
	};
	struct report_item item;
	char text[ITEM_SIZE];

	conn.diagnosis = diagnosis_of(&conn.record);
	report_item(&item, list, &conn);
	fwrite(text, 1, item_json(&item.item, text, sizeof(text)), stdout);
}

int main(void)
{
	struct stuck_list list = {
		.holders = { .list = holders, .count = 3 },
	};
	size_t i;

	for (i = 0; i < sizeof(states); i++) {
		for (list.holders.hidden = 0; list.holders.hidden < 2;
		     list.holders.hidden++) {
			dump(&list, states[i], 0, 7, ~0U);
			dump(&list, states[i], 0, 8, 0);
			dump(&list, states[i], 0, 0, ~0U);
			dump(&list, states[i], TCPSTATES_FLAG_UNACCEPTED, 8,
			     ~0U);
			dump(&list, states[i], TCPSTATES_FLAG_ORPHAN, 9,
			     ~0U);
		}
	}
	return 0;
}
