/* SPDX-License-Identifier: GPL-2.0 */
/* Which segments a change of state tells of (RFC 9293, figure 5). */
#ifndef _LADDER_SEGMENT_H
#define _LADDER_SEGMENT_H

#include "libtcpstates.h"

/*
 * Two kinds of ACK, as a picture has to know which is which: of the handshake,
 * and of a FIN. The refusal of a SYN may be a RST or a message of ICMP.
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
