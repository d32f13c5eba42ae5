/* SPDX-License-Identifier: GPL-2.0 */
/* Wrong command lines, said in one way. */
#ifndef _CLI_OPTIONS_H
#define _CLI_OPTIONS_H

#include "compiler.h"

/*
 * Values of long options for getopt_long(). None is a character, so that an
 * unknown short option can be told from a misused long one.
 */
enum {
	OPTION_HELP = 256,
	OPTION_VERSION,
	OPTION_COUNT,
	OPTION_DEVICE,
	OPTION_JSON,
	OPTION_LINES,
	OPTION_REWIND,
	OPTION_TABLE,
};

__printf(1, 2) int usage_error(const char *format, ...);
int option_error(int result, char *argv[]);

#endif /* _CLI_OPTIONS_H */
