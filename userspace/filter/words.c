// SPDX-License-Identifier: GPL-2.0
/* The words of the filter language. */
#include "filter/words.h"

#define BUCKET	(STATE_BIT(SYN_RECV) | STATE_BIT(TIME_WAIT))
#define APART	(STATE_BIT(LISTEN) | STATE_BIT(CLOSE))

const struct field_word field_words[FIELD_COUNT] = {
	[FIELD_STATE] = { "state", KIND_STATES, "STATE",
		"the state it is in; after a change, the new one" },
	[FIELD_EXCLUDE] = { "exclude", KIND_STATES, "STATE",
		"all states but this one; with state before it, of those" },
	[FIELD_OLD] = { "old", KIND_STATES, "STATE",
		"the state that a change has ended" },
	[FIELD_NEW] = { "new", KIND_STATES, "STATE",
		"the same as state" },
	[FIELD_SPORT] = { "sport", KIND_PORT, "PORT",
		"the local port" },
	[FIELD_DPORT] = { "dport", KIND_PORT, "PORT",
		"the peer's port" },
	[FIELD_SRC] = { "src", KIND_HOST, "HOST",
		"the local address, port or both" },
	[FIELD_DST] = { "dst", KIND_HOST, "HOST",
		"the peer's address, port or both" },
	[FIELD_AUTOBOUND] = { "autobound", KIND_NOTHING, "",
		"a local port that the kernel has chosen, by its range" },
	[FIELD_FAMILY] = { "family", KIND_FAMILY, "inet|inet6",
		"how it travels; IPv4 over an IPv6 socket is inet" },
	[FIELD_PID] = { "pid", KIND_NUMBER, "NUMBER",
		"the process that owns it" },
	[FIELD_COMM] = { "comm", KIND_PATTERN, "NAME",
		"the name of that process; may have * and ?" },
	[FIELD_UID] = { "uid", KIND_USER, "USER",
		"the user that owns it, by number or name" },
	[FIELD_CGROUP] = { "cgroup", KIND_CGROUP, "PATH",
		"the control group, by path or number" },
	[FIELD_NETNS] = { "netns", KIND_NETNS, "NETNS",
		"the network namespace, by number, path or name" },
	[FIELD_CONN] = { "conn", KIND_COOKIE, "CONN",
		"one connection, by its conn= or sk:" },
	[FIELD_CAUSE] = { "cause", KIND_CAUSE, "CAUSE",
		"why a change happened" },
	[FIELD_EVENT] = { "event", KIND_EVENT, "EVENT",
		"transition, existing or stuck" },
	[FIELD_AGE] = { "age", KIND_AGE, "AGE",
		"for how long it has been in its state; 0 at a change" },
	[FIELD_DUR] = { "dur", KIND_AGE, "AGE",
		"how long the old state has lasted; else the age" },
};

const struct state_word state_words[STATE_WORDS] = {
	{ "unconnected", STATE_BIT(CLOSE), "CLOSE" },
	{ "closed", STATE_BIT(CLOSE), "CLOSE" },
	{ "listening", STATE_BIT(LISTEN), "LISTEN" },
	{ "all", STATES_ALL, "every state" },
	{ "connected", STATES_ALL & ~APART, "all but LISTEN and CLOSE" },
	{ "synchronized", STATES_ALL & ~APART & ~STATE_BIT(SYN_SENT),
		"connected but for SYN_SENT" },
	{ "bucket", BUCKET, "SYN_RECV and TIME_WAIT" },
	{ "big", STATES_ALL & ~BUCKET, "all but SYN_RECV and TIME_WAIT" },
};

const char * const event_words[TCPSTATES_EVENT_COUNT] = {
	[TCPSTATES_EVENT_TRANSITION] = "transition",
	[TCPSTATES_EVENT_EXISTING] = "existing",
	[TCPSTATES_EVENT_STUCK] = "stuck",
};

const char * const family_words[FAMILY_WORDS] = {
	[TCPSTATES_FAMILY_INET] = "inet",
	[TCPSTATES_FAMILY_INET6] = "inet6",
};

const char * const comparison_words[COMPARE_COUNT][COMPARISON_WORDS] = {
	[COMPARE_EQ] = { "=", "==", "eq", "eq" },
	[COMPARE_NE] = { "!=", "!=", "ne", "neq" },
	[COMPARE_LT] = { "<", "<", "lt", "lt" },
	[COMPARE_LE] = { "<=", "<=", "le", "leq" },
	[COMPARE_GT] = { ">", ">", "gt", "gt" },
	[COMPARE_GE] = { ">=", ">=", "ge", "geq" },
};
