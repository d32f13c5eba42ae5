// SPDX-License-Identifier: GPL-2.0
#include "names.h"

#define NAME(word)		{ word, sizeof(word) - 1 }
#define STATE(name, word) \
	[TCPSTATES_##name] = NAME(word),
#define EVENT(name, word) \
	[TCPSTATES_EVENT_##name] = NAME(word),
#define CAUSE(name, word) \
	[TCPSTATES_CAUSE_##name] = NAME(word),
#define FLAG(name, word) \
	[__builtin_ctz(TCPSTATES_FLAG_##name)] = NAME(word),

const struct tcps_name tcps_states[TCPSTATES_STATE_COUNT] = {
	[TCPSTATES_UNKNOWN] = NAME("-"),
	TCPS_STATES(STATE, STATE)
};

const struct tcps_name tcps_events[TCPSTATES_EVENT_COUNT] = {
	[0] = NAME("-"),
	TCPS_EVENTS(EVENT)
};

const struct tcps_name tcps_causes[TCPSTATES_CAUSE_COUNT] = {
	TCPS_CAUSES(CAUSE, CAUSE)
};

const struct tcps_name tcps_flags[] = {
	TCPS_FLAG_WORDS(FLAG)
};
