// SPDX-License-Identifier: GPL-2.0
/* Values of options, and messages about wrong command lines. */
#include "base/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

/* Prints what is wrong with a command line, and where help is. Returns STATUS_USAGE. */
int usage_error(const char *format, ...)
{
	va_list args;

	fputs("tcpstates: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; see 'tcpstates --help'\n", stderr);
	return STATUS_USAGE;
}

/*
 * Prints why usage_next() returned @result, which is no option. getopt_long() returns
 * ':' for a missing value because its option string begins with a colon.
 */
int option_error(int result, char *argv[])
{
	if (result == ':')
		return usage_error("option '%s' needs a value",
				   argv[optind - 1]);
	if (optopt >= OPTION_HELP)
		return usage_error("option '%s' takes no value",
				   argv[optind - 1]);
	if (optopt)
		return usage_error("unknown option '-%c'", optopt);
	return usage_error("unknown option '%s'", argv[optind - 1]);
}

/*
 * Reads a number of at least 1. Returns what follows it, or NULL if there is none or
 * it is too large.
 */
static const char *read_number(const char *word, unsigned long long *number)
{
	char *end;

	/* strtoull() would accept signs and blanks. */
	if (*word < '0' || *word > '9')
		return NULL;
	errno = 0;
	*number = strtoull(word, &end, 10);
	return errno || !*number ? NULL : end;
}

/* Returns false unless @word is a number of at least 1. */
bool parse_count(const char *word, unsigned long long *count)
{
	const char *end = read_number(word, count);

	return end && !*end;
}

/* A number of seconds, or with s, m, h or d, up to @most_s seconds. */
bool parse_age(const char *word, unsigned long long most_s,
	       unsigned long long *seconds)
{
	static const char units[] = "smhd";
	static const unsigned int of[] = { 1, 60, 3600, 86400 };
	const char *end = read_number(word, seconds), *unit = units;

	if (end && *end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return false;
	}
	if (!end || *seconds > most_s / of[unit - units])
		return false;
	*seconds *= of[unit - units];
	return true;
}

/* Two numbers of at least 1 with a comma between them, the smaller first. */
bool parse_levels(const char *word, unsigned long long levels[2])
{
	const char *end = read_number(word, &levels[0]);

	return end && *end == ',' && parse_count(end + 1, &levels[1]) &&
	       levels[0] <= levels[1];
}
