// SPDX-License-Identifier: GPL-2.0
/* What it means that a connection stays in its state; see RFC 9293, 3.6. */
#include "stuck/diagnosis.h"

/* Lines of at most 80 columns, the first of a text with its state before it. */
static const struct {
	const char *text;
	const char *advice;
} diagnoses[DIAGNOSIS_COUNT] = {
	[DIAGNOSIS_NONE] = { "", "" },
	[DIAGNOSIS_NOT_CLOSED] = {
		"The peer has closed, and the program here has not called close().",
		"Look in the program that holds it for where a connection is forgotten whose\n"
		"peer has gone: read() gave 0, or nobody reads. It stays until it is closed or\n"
		"the program ends.",
	},
	[DIAGNOSIS_NOT_ACCEPTED] = {
		"The peer has closed, and the program here has not even accepted\n"
		"it: it waits in the queue of a listener.",
		"Look why the program that listens does not call accept(): busy, stopped, out\n"
		"of descriptors, or deadlocked.",
	},
	[DIAGNOSIS_NO_SYN_ACK] = {
		"Nobody answers our SYN.",
		"Look whether the address is right and the peer is up, and for a firewall on\n"
		"the way that drops without a word.",
	},
	[DIAGNOSIS_NO_ACK_OF_SYN_ACK] = {
		"The peer's SYN has been answered, and nothing comes back.",
		"Look whether our SYN-ACK gets to the peer: routing, firewall. Many from\n"
		"many addresses are a SYN flood. If the listener's queue is full (QUEUES in\n"
		"'tcpstates list'), the last ACK was dropped here.",
	},
	[DIAGNOSIS_NO_ACK_OF_FIN] = {
		"The program here has closed, and the peer does not\n"
		"acknowledge our FIN.",
		"Look whether the peer is up and reads what it is sent (our FIN comes after\n"
		"all data, Send-Q in ss), and for a firewall or a loss on the way.",
	},
	[DIAGNOSIS_PEER_NOT_CLOSED] = {
		"The program here has shut down its sending side, and the\n"
		"peer's application has not closed.",
		"Look at the peer: there it is CLOSE_WAIT. If nothing more is to be received\n"
		"here, the program may close().",
	},
	[DIAGNOSIS_PEER_NOT_CLOSED_ORPHAN] = {
		"The program here has closed, and the peer's application has not.",
		"Look at the peer: there it is CLOSE_WAIT. Here it costs little, and the\n"
		"kernel ends it after net.ipv4.tcp_fin_timeout.",
	},
	[DIAGNOSIS_NO_ACK_OF_LAST_FIN] = {
		"Both sides have closed, and the peer does not acknowledge our\n"
		"FIN.",
		"Look whether the peer is up, and for a firewall that forgot the connection.\n"
		"The kernel gives up after net.ipv4.tcp_orphan_retries.",
	},
	[DIAGNOSIS_NO_ACK_OF_CROSSED_FIN] = {
		"Both sides closed at the same time, and the peer does not\n"
		"acknowledge our FIN.",
		"Look whether the peer is up, and for a firewall that forgot the connection.\n"
		"The kernel gives up after net.ipv4.tcp_orphan_retries.",
	},
};

/* Whether nobody here has it open, so that the kernel alone ends it. */
static bool is_orphan(const struct tcpstates_record *record)
{
	return record->flags & TCPSTATES_FLAG_ORPHAN;
}

enum diagnosis diagnosis_of(const struct tcpstates_record *record)
{
	switch (record->new_state) {
	case TCPSTATES_CLOSE_WAIT:
		return record->flags & TCPSTATES_FLAG_UNACCEPTED ?
		       DIAGNOSIS_NOT_ACCEPTED : DIAGNOSIS_NOT_CLOSED;
	case TCPSTATES_SYN_SENT:
		return DIAGNOSIS_NO_SYN_ACK;
	case TCPSTATES_SYN_RECV:
		return DIAGNOSIS_NO_ACK_OF_SYN_ACK;
	case TCPSTATES_FIN_WAIT1:
		return DIAGNOSIS_NO_ACK_OF_FIN;
	case TCPSTATES_FIN_WAIT2:
		return is_orphan(record) ? DIAGNOSIS_PEER_NOT_CLOSED_ORPHAN :
					   DIAGNOSIS_PEER_NOT_CLOSED;
	case TCPSTATES_LAST_ACK:
		return DIAGNOSIS_NO_ACK_OF_LAST_FIN;
	case TCPSTATES_CLOSING:
		return DIAGNOSIS_NO_ACK_OF_CROSSED_FIN;
	default:
		return DIAGNOSIS_NONE;
	}
}

const char *diagnosis_text(enum diagnosis diagnosis)
{
	return diagnoses[diagnosis].text;
}

const char *diagnosis_advice(enum diagnosis diagnosis)
{
	return diagnoses[diagnosis].advice;
}
