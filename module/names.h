/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words for the numbers of a record: states, events, causes, flags. The module,
 * its trace event and the library have them from here.
 *
 * Context of all functions: any.
 */
#ifndef _TCPS_NAMES_H
#define _TCPS_NAMES_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

/*
 * The lists of words, each the only one: a constant without its prefix, and its word.
 * LAST is a macro of its own for lists that need commas between the words only.
 */

/* TCPSTATES_* without UNKNOWN, whose word is "-". */
#define TCPS_STATES(X, LAST) \
	X(ESTABLISHED, "ESTABLISHED") \
	X(SYN_SENT, "SYN_SENT") \
	X(SYN_RECV, "SYN_RECV") \
	X(FIN_WAIT1, "FIN_WAIT1") \
	X(FIN_WAIT2, "FIN_WAIT2") \
	X(TIME_WAIT, "TIME_WAIT") \
	X(CLOSE, "CLOSE") \
	X(CLOSE_WAIT, "CLOSE_WAIT") \
	X(LAST_ACK, "LAST_ACK") \
	X(LISTEN, "LISTEN") \
	LAST(CLOSING, "CLOSING")

/* TCPSTATES_EVENT_* */
#define TCPS_EVENTS(X) \
	X(TRANSITION, "transition") \
	X(LOST, "lost") \
	X(EXISTING, "existing") \
	X(STUCK, "stuck")

/* TCPSTATES_CAUSE_* */
#define TCPS_CAUSES(X, LAST) \
	X(UNKNOWN, "-") \
	X(CONNECT, "connect") \
	X(LISTEN, "listen") \
	X(SYN, "syn") \
	X(SYNACK, "synack") \
	X(ACK, "ack") \
	X(FIN, "fin") \
	X(FIN_ACKED, "fin-acked") \
	X(CLOSE, "close") \
	X(SHUTDOWN, "shutdown") \
	X(RST_RECEIVED, "rst-received") \
	X(RST_SENT, "rst-sent") \
	X(ABORT, "abort") \
	X(UNREAD, "unread") \
	X(DISCONNECT, "disconnect") \
	X(TIMEOUT, "timeout") \
	X(REFUSED, "refused") \
	X(UNREACHABLE, "unreachable") \
	X(SYNACK_TIMEOUT, "synack-timeout") \
	X(OVERFLOW, "overflow") \
	X(LISTENER_CLOSED, "listener-closed") \
	X(DUPLICATE, "duplicate") \
	X(TW_EXPIRED, "tw-expired") \
	X(TW_REUSED, "tw-reused") \
	X(TW_RESET, "tw-reset") \
	X(TW_OVERFLOW, "tw-overflow") \
	X(NETNS_EXIT, "netns-exit") \
	X(KILLED, "killed") \
	X(NO_MEMORY, "no-memory") \
	X(CONNECT_FAILED, "connect-failed") \
	X(LISTEN_FAILED, "listen-failed") \
	X(REPAIR, "repair") \
	LAST(UNSEEN, "unseen")

/* TCPSTATES_FLAG_*, from the lowest bit on without a gap */
#define TCPS_FLAG_WORDS(X) \
	X(V4MAPPED, "v4mapped") \
	X(UNACCEPTED, "unaccepted") \
	X(ORPHAN, "orphan") \
	X(ATLEAST, "atleast") \
	X(SYNCOOKIE, "syncookie") \
	X(TFO, "tfo") \
	X(MPTCP, "mptcp")

/**
 * struct tcps_name - a word of at most 15 letters
 * @text: the word, padded with at least one NUL
 * @length: letters of the word
 *
 * The size is fixed so that two moves copy a word whole.
 */
struct tcps_name {
	char text[16];
	__u64 length;
};

/* Words by number, "-" for 0; the words of flags by the number of their bit. */
extern const struct tcps_name tcps_states[TCPSTATES_STATE_COUNT];
extern const struct tcps_name tcps_events[TCPSTATES_EVENT_COUNT];
extern const struct tcps_name tcps_causes[TCPSTATES_CAUSE_COUNT];
extern const struct tcps_name tcps_flags[];

/* The flags that have a word. */
#define TCPS_FLAG_BIT(name, word)	| TCPSTATES_FLAG_##name
#define TCPS_FLAGS			(0 TCPS_FLAG_WORDS(TCPS_FLAG_BIT))

/* The word of a number; "-" for a number without a word. */

static inline const struct tcps_name *tcps_name_state(__u8 state)
{
	const struct tcps_name *name = &tcps_states[0];

	if (state < TCPSTATES_STATE_COUNT)
		name += state;
	return name;
}

static inline const struct tcps_name *tcps_name_event(__u8 event)
{
	const struct tcps_name *name = &tcps_events[0];

	if (event < TCPSTATES_EVENT_COUNT)
		name += event;
	return name;
}

static inline const struct tcps_name *tcps_name_cause(__u8 cause)
{
	const struct tcps_name *name = &tcps_causes[0];

	if (cause < TCPSTATES_CAUSE_COUNT)
		name += cause;
	return name;
}

#endif /* _TCPS_NAMES_H */
