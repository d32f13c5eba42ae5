// SPDX-License-Identifier: GPL-2.0
#include "names.h"

#include "uapi/tcpstates.h"

#define NAME(string)	{ string, sizeof(string) - 1 }
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const struct tcps_name states[TCPSTATES_STATE_COUNT] = {
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

static const struct tcps_name events[TCPSTATES_EVENT_COUNT] = {
	[0] = NAME("-"),
	[TCPSTATES_EVENT_TRANSITION] = NAME("transition"),
	[TCPSTATES_EVENT_LOST] = NAME("lost"),
	[TCPSTATES_EVENT_EXISTING] = NAME("existing"),
};

static const struct tcps_name causes[TCPSTATES_CAUSE_COUNT] = {
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

static const struct tcps_name families[] = {
	NAME("-"), NAME("inet"), NAME("inet6"),
};

/* By bit number of TCPSTATES_FLAG_*. */
static const struct tcps_name flags[] = {
	NAME("v4mapped"),
	NAME("unaccepted"),
	NAME("orphan"),
	NAME("atleast"),
	NAME("syncookie"),
	NAME("tfo"),
	NAME("mptcp"),
};

/**
 * tcps_name_state() - name of a state
 * @state: TCPSTATES_ESTABLISHED etc.
 *
 * Context: any.
 * Return: the name; "-" for what is no state.
 */
const struct tcps_name *tcps_name_state(__u8 state)
{
	return &states[state < COUNT(states) ? state : 0];
}

/**
 * tcps_name_event() - name of an event
 * @event: TCPSTATES_EVENT_*
 *
 * Context: any.
 * Return: the name; "-" for what is no event.
 */
const struct tcps_name *tcps_name_event(__u8 event)
{
	return &events[event < COUNT(events) ? event : 0];
}

/**
 * tcps_name_cause() - name of a cause
 * @cause: TCPSTATES_CAUSE_*
 *
 * Context: any.
 * Return: the name; "-" for what is no cause.
 */
const struct tcps_name *tcps_name_cause(__u8 cause)
{
	return &causes[cause < COUNT(causes) ? cause : 0];
}

/**
 * tcps_name_family() - name of an address family
 * @family: TCPSTATES_FAMILY_*
 *
 * Context: any.
 * Return: the name; "-" for what is no family.
 */
const struct tcps_name *tcps_name_family(__u8 family)
{
	switch (family) {
	case TCPSTATES_FAMILY_INET:
		return &families[1];
	case TCPSTATES_FAMILY_INET6:
		return &families[2];
	default:
		return &families[0];
	}
}

/**
 * tcps_name_flag() - name of a flag
 * @bit: its number in the record's flags
 *
 * Context: any.
 * Return: the name, or NULL if there is none.
 */
const struct tcps_name *tcps_name_flag(unsigned int bit)
{
	return bit < COUNT(flags) ? &flags[bit] : NULL;
}
