/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words of the filter language: that of ss(8), and more. The parser and the help
 * both take them from words.c.
 *
 * As ss(8) says, "and" binds tighter than "or". ss itself (iproute2 6.1) evaluates them
 * from left to right.
 *
 * FILTER     := [EXPRESSION]
 * EXPRESSION := TERMS | STATES TERMS
 * TERMS      := TERM {"or" TERM}
 * TERM       := FACTOR {["and"] FACTOR}
 * FACTOR     := "not" FACTOR | "(" EXPRESSION ")" | CONDITION
 * CONDITION  := STATES | FIELD [COMPARISON] VALUE | "autobound"
 * STATES     := ("state" STATE | "exclude" STATE) {"state" STATE | "exclude" STATE}
 */
#ifndef _FILTER_WORDS_H
#define _FILTER_WORDS_H

#include "libtcpstates.h"

/* The field of a condition. */
enum field {
	FIELD_STATE,
	FIELD_EXCLUDE,
	FIELD_OLD,
	FIELD_NEW,
	FIELD_SPORT,
	FIELD_DPORT,
	FIELD_SRC,
	FIELD_DST,
	FIELD_AUTOBOUND,
	FIELD_FAMILY,
	FIELD_PID,
	FIELD_COMM,
	FIELD_UID,
	FIELD_CGROUP,
	FIELD_NETNS,
	FIELD_CONN,
	FIELD_CAUSE,
	FIELD_EVENT,
	FIELD_AGE,
	FIELD_DUR,
	FIELD_COUNT
};

/* The form of its values. */
enum kind {
	KIND_STATES,
	KIND_PORT,
	KIND_HOST,
	KIND_NOTHING,
	KIND_FAMILY,
	KIND_NUMBER,
	KIND_PATTERN,
	KIND_USER,
	KIND_CGROUP,
	KIND_NETNS,
	KIND_COOKIE,
	KIND_CAUSE,
	KIND_EVENT,
	KIND_AGE
};

enum comparison {
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_GT,
	COMPARE_GE,
	COMPARE_COUNT
};

/**
 * struct field_word - a word that begins a condition
 * @word: the word
 * @kind: form of its values
 * @operand: placeholder for a value in help
 * @help: what it means
 */
struct field_word {
	const char *word;
	enum kind kind;
	const char *operand;
	const char *help;
};

/**
 * struct state_word - a word for a set of states
 * @word: the word
 * @states: bits of the states
 * @help: the states in words
 */
struct state_word {
	const char *word;
	__u32 states;
	const char *help;
};

#define STATE_BIT(state)	(1U << TCPSTATES_##state)
#define STATES_ALL		((1U << TCPSTATES_STATE_COUNT) - 1 - \
				 (1U << TCPSTATES_UNKNOWN))

#define STATE_WORDS		8
#define COMPARISON_WORDS	4

extern const struct field_word field_words[FIELD_COUNT];
extern const struct state_word state_words[STATE_WORDS];

/* By TCPSTATES_EVENT_* and TCPSTATES_FAMILY_*; NULL without a word. */
#define FAMILY_WORDS		7
extern const char * const event_words[TCPSTATES_EVENT_COUNT];
extern const char * const family_words[FAMILY_WORDS];

/* Spellings of each comparison; where there are fewer, one is repeated. */
extern const char * const comparison_words[COMPARE_COUNT][COMPARISON_WORDS];

#endif /* _FILTER_WORDS_H */
