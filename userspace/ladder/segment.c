// SPDX-License-Identifier: GPL-2.0
/*
 * The segments that a state change implies. Only certain ones count: where a cause is
 * possible with and without a segment, there is none. uapi/dev-tcpstates-causes
 * explains the causes.
 */
#include "ladder/segment.h"

static enum segment received_at_end(const struct tcpstates_record *record)
{
	switch (record->cause) {
	case TCPSTATES_CAUSE_FIN_ACKED:
		return SEGMENT_FIN_ACKED;
	case TCPSTATES_CAUSE_RST_RECEIVED:
	case TCPSTATES_CAUSE_TW_RESET:
		return SEGMENT_RST;
	case TCPSTATES_CAUSE_REFUSED:
		return SEGMENT_REFUSAL;
	case TCPSTATES_CAUSE_UNREACHABLE:
		return SEGMENT_ICMP;
	default:
		return SEGMENT_NONE;
	}
}

/**
 * segment_received() - the segment that caused a change
 * @record: the change
 *
 * Return: the segment; SEGMENT_NONE if there is none or none is known.
 */
enum segment segment_received(const struct tcpstates_record *record)
{
	if (record->new_state == TCPSTATES_CLOSE)
		return received_at_end(record);
	switch (record->cause) {
	case TCPSTATES_CAUSE_SYN:
		return SEGMENT_SYN;
	case TCPSTATES_CAUSE_SYNACK:
		return SEGMENT_SYN_ACK;
	case TCPSTATES_CAUSE_ACK:
		return SEGMENT_ACK;
	case TCPSTATES_CAUSE_FIN:
		return SEGMENT_FIN;
	case TCPSTATES_CAUSE_FIN_ACKED:
		return SEGMENT_FIN_ACKED;
	default:
		return SEGMENT_NONE;
	}
}

/* The states from which tcp_disconnect() and tcp_abort() send a RST for certain. */
static bool needs_reset(unsigned int state)
{
	switch (state) {
	case TCPSTATES_ESTABLISHED:
	case TCPSTATES_CLOSE_WAIT:
	case TCPSTATES_FIN_WAIT1:
	case TCPSTATES_FIN_WAIT2:
		return true;
	default:
		return false;
	}
}

static enum segment sent_at_end(const struct tcpstates_record *record)
{
	switch (record->cause) {
	case TCPSTATES_CAUSE_RST_SENT:
	case TCPSTATES_CAUSE_UNREAD:
		return SEGMENT_RST;
	case TCPSTATES_CAUSE_ABORT:
	case TCPSTATES_CAUSE_KILLED:
	case TCPSTATES_CAUSE_LISTENER_CLOSED:
		return needs_reset(record->old_state) ? SEGMENT_RST :
							SEGMENT_NONE;
	default:
		return SEGMENT_NONE;
	}
}

/**
 * segment_sent() - the segment that a change sends
 * @record: the change
 *
 * The kernel may delay the ACK of a FIN that leads to CLOSE_WAIT until its own FIN:
 * such an ACK is known only where it arrives.
 *
 * Return: the segment; SEGMENT_NONE if none is sent or none is known.
 */
enum segment segment_sent(const struct tcpstates_record *record)
{
	if (record->cause == TCPSTATES_CAUSE_REPAIR)
		return SEGMENT_NONE;
	switch (record->new_state) {
	case TCPSTATES_SYN_SENT:
		return SEGMENT_SYN;
	case TCPSTATES_SYN_RECV:
		return record->cause == TCPSTATES_CAUSE_SYN ? SEGMENT_SYN_ACK :
							      SEGMENT_NONE;
	case TCPSTATES_ESTABLISHED:
		return record->cause == TCPSTATES_CAUSE_SYNACK ? SEGMENT_ACK :
								 SEGMENT_NONE;
	case TCPSTATES_FIN_WAIT1:
	case TCPSTATES_LAST_ACK:
		return SEGMENT_FIN;
	case TCPSTATES_CLOSING:
	case TCPSTATES_TIME_WAIT:
		return record->cause == TCPSTATES_CAUSE_FIN ? SEGMENT_FIN_ACKED :
							      SEGMENT_NONE;
	case TCPSTATES_CLOSE:
		return sent_at_end(record);
	default:
		return SEGMENT_NONE;
	}
}

/**
 * segment_name() - the name of a segment in a picture
 * @segment: the segment
 *
 * Return: a constant string.
 */
const char *segment_name(enum segment segment)
{
	static const char * const names[] = {
		[SEGMENT_NONE] = "",
		[SEGMENT_SYN] = "SYN",
		[SEGMENT_SYN_ACK] = "SYN-ACK",
		[SEGMENT_ACK] = "ACK",
		[SEGMENT_FIN] = "FIN",
		[SEGMENT_FIN_ACKED] = "ACK",
		[SEGMENT_RST] = "RST",
		[SEGMENT_REFUSAL] = "RST or ICMP",
		[SEGMENT_ICMP] = "ICMP error",
	};

	return names[segment];
}
