// SPDX-License-Identifier: GPL-2.0
/* Causes in one word. The device's text is from the module's format.c. */
#include "libtcpstates.h"

/* By TCPSTATES_CAUSE_*; a unit test compares them with both. */
static const char * const causes[TCPSTATES_CAUSE_COUNT] = {
	[TCPSTATES_CAUSE_UNKNOWN] = "-",
	[TCPSTATES_CAUSE_CONNECT] = "connect",
	[TCPSTATES_CAUSE_LISTEN] = "listen",
	[TCPSTATES_CAUSE_SYN] = "syn",
	[TCPSTATES_CAUSE_SYNACK] = "synack",
	[TCPSTATES_CAUSE_ACK] = "ack",
	[TCPSTATES_CAUSE_FIN] = "fin",
	[TCPSTATES_CAUSE_FIN_ACKED] = "fin-acked",
	[TCPSTATES_CAUSE_CLOSE] = "close",
	[TCPSTATES_CAUSE_SHUTDOWN] = "shutdown",
	[TCPSTATES_CAUSE_RST_RECEIVED] = "rst-received",
	[TCPSTATES_CAUSE_RST_SENT] = "rst-sent",
	[TCPSTATES_CAUSE_ABORT] = "abort",
	[TCPSTATES_CAUSE_UNREAD] = "unread",
	[TCPSTATES_CAUSE_DISCONNECT] = "disconnect",
	[TCPSTATES_CAUSE_TIMEOUT] = "timeout",
	[TCPSTATES_CAUSE_REFUSED] = "refused",
	[TCPSTATES_CAUSE_UNREACHABLE] = "unreachable",
	[TCPSTATES_CAUSE_SYNACK_TIMEOUT] = "synack-timeout",
	[TCPSTATES_CAUSE_OVERFLOW] = "overflow",
	[TCPSTATES_CAUSE_LISTENER_CLOSED] = "listener-closed",
	[TCPSTATES_CAUSE_DUPLICATE] = "duplicate",
	[TCPSTATES_CAUSE_TW_EXPIRED] = "tw-expired",
	[TCPSTATES_CAUSE_TW_REUSED] = "tw-reused",
	[TCPSTATES_CAUSE_TW_RESET] = "tw-reset",
	[TCPSTATES_CAUSE_TW_OVERFLOW] = "tw-overflow",
	[TCPSTATES_CAUSE_NETNS_EXIT] = "netns-exit",
	[TCPSTATES_CAUSE_KILLED] = "killed",
	[TCPSTATES_CAUSE_NO_MEMORY] = "no-memory",
	[TCPSTATES_CAUSE_CONNECT_FAILED] = "connect-failed",
	[TCPSTATES_CAUSE_LISTEN_FAILED] = "listen-failed",
	[TCPSTATES_CAUSE_REPAIR] = "repair",
};

const char *tcpstates_cause_name(unsigned int cause)
{
	return causes[cause < TCPSTATES_CAUSE_COUNT ? cause : 0];
}
