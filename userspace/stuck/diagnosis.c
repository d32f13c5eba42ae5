// SPDX-License-Identifier: GPL-2.0
/* Why a connection stays in its state; see RFC 9293, 3.6. */
#include "stuck/diagnosis.h"

/* Lines of at most 80 columns; the state precedes the first line of a text. */
static const struct {
	const char *text;
	const char *advice;
} diagnoses[DIAGNOSIS_COUNT] = {
	[DIAGNOSIS_NONE] = { "", "" },
	[DIAGNOSIS_NOT_CLOSED] = {
		"The peer has closed, and the program here has not called close().",
		"Look in the program that holds it for a path that forgets connections whose\n"
		"peer has closed: read() returned 0, or is not called. The connection stays\n"
		"until it is closed or the program ends.",
	},
	[DIAGNOSIS_NOT_ACCEPTED] = {
		"The peer has closed, and the program here has not even accepted\n"
		"it: it waits in the queue of a listener.",
		"Find out why the listening program does not call accept(): it may be busy,\n"
		"stopped, deadlocked, or out of descriptors.",
	},
	[DIAGNOSIS_NO_SYN_ACK] = {
		"Nobody answers our SYN.",
		"Check that the address is right and the peer is up, and look for a firewall\n"
		"on the path that drops segments silently.",
	},
	[DIAGNOSIS_NO_ACK_OF_SYN_ACK] = {
		"The peer's SYN has been answered, and nothing comes back.",
		"Check that our SYN-ACK reaches the peer: routing, firewalls. Many of these\n"
		"from many addresses are a SYN flood. If the listener's queue is full (QUEUES\n"
		"in 'tcpstates list'), the last ACK was dropped here.",
	},
	[DIAGNOSIS_NO_ACK_OF_FIN] = {
		"The program here has closed, and the peer does not\n"
		"acknowledge our FIN.",
		"Check that the peer is up and reads its data (our FIN is sent after all data,\n"
		"see Send-Q in ss), and look for a firewall or packet loss on the path.",
	},
	[DIAGNOSIS_PEER_NOT_CLOSED] = {
		"The program here has shut down its sending side, and the\n"
		"peer's application has not closed.",
		"Look at the peer, where it is in CLOSE_WAIT. If nothing more has to be\n"
		"received here, the program may call close().",
	},
	[DIAGNOSIS_PEER_NOT_CLOSED_ORPHAN] = {
		"The program here has closed, and the peer's application has not.",
		"Look at the peer, where it is in CLOSE_WAIT. It costs little here, and the\n"
		"kernel ends it after net.ipv4.tcp_fin_timeout.",
	},
	[DIAGNOSIS_NO_ACK_OF_LAST_FIN] = {
		"Both sides have closed, and the peer does not acknowledge our\n"
		"FIN.",
		"Check that the peer is up, and look for a firewall that lost the connection's\n"
		"state. The kernel gives up after net.ipv4.tcp_orphan_retries.",
	},
	[DIAGNOSIS_NO_ACK_OF_CROSSED_FIN] = {
		"Both sides closed at the same time, and the peer does not\n"
		"acknowledge our FIN.",
		"Check that the peer is up, and look for a firewall that lost the connection's\n"
		"state. The kernel gives up after net.ipv4.tcp_orphan_retries.",
	},
};

/* Whether no process has it open: only the kernel can end it. */
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
