/* SPDX-License-Identifier: GPL-2.0 */
/* Values of options, and messages about wrong command lines. */
#ifndef _BASE_OPTIONS_H
#define _BASE_OPTIONS_H

#include <stdbool.h>

#include "base/compiler.h"

/*
 * What usage_next() returns for long options. No value is a character: that tells an
 * unknown short option from a misused long one.
 */
enum {
	OPTION_HELP = 256,
	OPTION_VERSION,
	OPTION_CHECK,
	OPTION_COUNT,
	OPTION_CSV,
	OPTION_DEVICE,
	OPTION_EXEC,
	OPTION_FLOW,
	OPTION_FORMAT,
	OPTION_INTERVAL,
	OPTION_JSON,
	OPTION_LINES,
	OPTION_LISTEN,
	OPTION_LIVE,
	OPTION_OLDER,
	OPTION_RATE,
	OPTION_RESOLVE,
	OPTION_REWIND,
	OPTION_SERVICES,
	OPTION_SUMMARY,
	OPTION_SVG,
	OPTION_TABLE,
	OPTION_TEXTFILE,
	OPTION_TIMESTAMPS,
	OPTION_TIME_WAIT,
	OPTION_USER,
	OPTION_WAIT,
	OPTION_WATCH,
};

__printf(1, 2) int usage_error(const char *format, ...);
int option_error(int result, char *argv[]);

bool parse_count(const char *word, unsigned long long *count);
bool parse_age(const char *word, unsigned long long most_s,
	       unsigned long long *seconds);
bool parse_levels(const char *word, unsigned long long levels[2]);

#endif /* _BASE_OPTIONS_H */
