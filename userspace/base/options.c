// SPDX-License-Identifier: GPL-2.0
/* Values of options, and wrong command lines, said in one way. */
#include "base/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

/* Says what is wrong and where help is. Returns the status to end with. */
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
 * Says what getopt_long() did not like, after it returned @result, which is
 * not an option. Its option string begins with a colon (after a plus).
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
 * A number from 1 on. Returns what follows it, or NULL if there is none, or one
 * that is too large.
 */
static const char *take_number(const char *word, unsigned long long *number)
{
	char *end;

	/* strtoull() takes signs and blanks; these have none. */
	if (*word < '0' || *word > '9')
		return NULL;
	errno = 0;
	*number = strtoull(word, &end, 10);
	return errno || !*number ? NULL : end;
}

/* Returns false if @word is no number from 1 on. */
bool parse_count(const char *word, unsigned long long *count)
{
	const char *end = take_number(word, count);

	return end && !*end;
}

/* An age: a number, with s, m, h or d. Returns false if @word is none. */
bool parse_age(const char *word, unsigned long long most_s,
	       unsigned long long *seconds)
{
	static const char units[] = "smhd";
	static const unsigned int of[] = { 1, 60, 3600, 86400 };
	const char *end = take_number(word, seconds), *unit = units;

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

/* Two numbers from 1 on with a comma, the second not smaller. */
bool parse_levels(const char *word, unsigned long long levels[2])
{
	const char *end = take_number(word, &levels[0]);

	return end && *end == ',' && parse_count(end + 1, &levels[1]) &&
	       levels[0] <= levels[1];
}
