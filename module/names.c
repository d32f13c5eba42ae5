// SPDX-License-Identifier: GPL-2.0
#include "names.h"

#define NAME(string)	{ string, sizeof(string) - 1 }

const struct tcps_name tcps_states[TCPSTATES_STATE_COUNT] = {
	[TCPSTATES_UNKNOWN] = NAME("-"),
	[TCPSTATES_ESTABLISHED] = NAME("ESTABLISHED"),
	[TCPSTATES_SYN_SENT] = NAME("SYN_SENT"),
	[TCPSTATES_SYN_RECV] = NAME("SYN_RECV"),
	[TCPSTATES_FIN_WAIT1] = NAME("FIN_WAIT1"),
	[TCPSTATES_FIN_WAIT2] = NAME("FIN_WAIT2"),
	[TCPSTATES_TIME_WAIT] = NAME("TIME_WAIT"),
	[TCPSTATES_CLOSE] = NAME("CLOSE"),
	[TCPSTATES_CLOSE_WAIT] = NAME("CLOSE_WAIT"),
	[TCPSTATES_LAST_ACK] = NAME("LAST_ACK"),
	[TCPSTATES_LISTEN] = NAME("LISTEN"),
	[TCPSTATES_CLOSING] = NAME("CLOSING"),
};

const struct tcps_name tcps_events[TCPSTATES_EVENT_COUNT] = {
	[0] = NAME("-"),
	[TCPSTATES_EVENT_TRANSITION] = NAME("transition"),
	[TCPSTATES_EVENT_LOST] = NAME("lost"),
	[TCPSTATES_EVENT_EXISTING] = NAME("existing"),
};

const struct tcps_name tcps_causes[TCPSTATES_CAUSE_COUNT] = {
	[TCPSTATES_CAUSE_UNKNOWN] = NAME("-"),
	[TCPSTATES_CAUSE_CONNECT] = NAME("connect"),
	[TCPSTATES_CAUSE_LISTEN] = NAME("listen"),
	[TCPSTATES_CAUSE_SYN] = NAME("syn"),
	[TCPSTATES_CAUSE_SYNACK] = NAME("synack"),
	[TCPSTATES_CAUSE_ACK] = NAME("ack"),
	[TCPSTATES_CAUSE_FIN] = NAME("fin"),
	[TCPSTATES_CAUSE_FIN_ACKED] = NAME("fin-acked"),
	[TCPSTATES_CAUSE_CLOSE] = NAME("close"),
	[TCPSTATES_CAUSE_SHUTDOWN] = NAME("shutdown"),
	[TCPSTATES_CAUSE_RST_RECEIVED] = NAME("rst-received"),
	[TCPSTATES_CAUSE_RST_SENT] = NAME("rst-sent"),
	[TCPSTATES_CAUSE_ABORT] = NAME("abort"),
	[TCPSTATES_CAUSE_UNREAD] = NAME("unread"),
	[TCPSTATES_CAUSE_DISCONNECT] = NAME("disconnect"),
	[TCPSTATES_CAUSE_TIMEOUT] = NAME("timeout"),
	[TCPSTATES_CAUSE_REFUSED] = NAME("refused"),
	[TCPSTATES_CAUSE_UNREACHABLE] = NAME("unreachable"),
	[TCPSTATES_CAUSE_SYNACK_TIMEOUT] = NAME("synack-timeout"),
	[TCPSTATES_CAUSE_OVERFLOW] = NAME("overflow"),
	[TCPSTATES_CAUSE_LISTENER_CLOSED] = NAME("listener-closed"),
	[TCPSTATES_CAUSE_DUPLICATE] = NAME("duplicate"),
	[TCPSTATES_CAUSE_TW_EXPIRED] = NAME("tw-expired"),
	[TCPSTATES_CAUSE_TW_REUSED] = NAME("tw-reused"),
	[TCPSTATES_CAUSE_TW_RESET] = NAME("tw-reset"),
	[TCPSTATES_CAUSE_TW_OVERFLOW] = NAME("tw-overflow"),
	[TCPSTATES_CAUSE_NETNS_EXIT] = NAME("netns-exit"),
	[TCPSTATES_CAUSE_KILLED] = NAME("killed"),
	[TCPSTATES_CAUSE_NO_MEMORY] = NAME("no-memory"),
	[TCPSTATES_CAUSE_CONNECT_FAILED] = NAME("connect-failed"),
	[TCPSTATES_CAUSE_LISTEN_FAILED] = NAME("listen-failed"),
	[TCPSTATES_CAUSE_REPAIR] = NAME("repair"),
};

const struct tcps_name tcps_flags[] = {
	NAME("v4mapped"),
	NAME("unaccepted"),
	NAME("orphan"),
	NAME("atleast"),
	NAME("syncookie"),
	NAME("tfo"),
	NAME("mptcp"),
};
