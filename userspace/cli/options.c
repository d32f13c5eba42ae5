// SPDX-License-Identifier: GPL-2.0
/* Wrong command lines, said in one way. */
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli.h"

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
		return usage_error("option '%s': there is no value to give",
				   argv[optind - 1]);
	if (optopt)
		return usage_error("unknown option '-%c'", optopt);
	return usage_error("unknown option '%s'", argv[optind - 1]);
}
