/* SPDX-License-Identifier: GPL-2.0 */
/* The segments that a state change implies (RFC 9293, figure 5). */
#ifndef _LADDER_SEGMENT_H
#define _LADDER_SEGMENT_H

#include "libtcpstates.h"

/*
 * The ACK of the handshake and that of a FIN are two kinds, so that the halves of a row
 * can be matched. A SYN may be refused by a RST or an ICMP message.
 */
enum segment {
	SEGMENT_NONE,
	SEGMENT_SYN,
	SEGMENT_SYN_ACK,
	SEGMENT_ACK,
	SEGMENT_FIN,
	SEGMENT_FIN_ACKED,
	SEGMENT_RST,
	SEGMENT_REFUSAL,
	SEGMENT_ICMP,
};

enum segment segment_received(const struct tcpstates_record *record);
enum segment segment_sent(const struct tcpstates_record *record);
const char *segment_name(enum segment segment);

#endif /* _LADDER_SEGMENT_H */
