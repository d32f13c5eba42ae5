/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a command line may hold: one table per command, from which come the options
 * for getopt_long(), the text of --help, and what shells complete.
 */
#ifndef _BASE_USAGE_H
#define _BASE_USAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/options.h"
#include "libtcpstates.h"

/**
 * struct usage_option - an option
 * @name: its long name; NULL ends a table
 * @value: what usage_next() returns for it, OPTION_*
 * @operand: what stands for its value in help, NULL if it takes none. PATH and FILE
 *	make shells complete names of files
 * @help: lines of at most 80 columns less those of struct usage's @column
 */
struct usage_option {
	const char *name;
	int value;
	const char *operand;
	const char *help;
};

/* What may follow the options. */
enum usage_words {
	USAGE_NOTHING,
	USAGE_FILTER,
	USAGE_COMMAND,	/* options end at the first word */
};

/**
 * struct usage - the command line of a command
 * @synopsis: what follows "tcpstates" in the first line of help
 * @about: what the command does, in lines of at most 80 columns
 * @column: column of help at which the texts of options begin
 * @options: the options
 * @shared: options that other commands have, too; or NULL
 * @details: what follows the options in help, as @about; or NULL
 * @words: what may follow the options
 */
struct usage {
	const char *synopsis;
	const char *about;
	int column;
	const struct usage_option *options;
	const struct usage_option *shared;
	const char *details;
	enum usage_words words;
};

#define USAGE_COLUMN	17	/* of most commands */

#define USAGE_DEVICE	{ "device", OPTION_DEVICE, "PATH",	\
			  "the device, if it is not " TCPSTATES_DEVICE }
#define USAGE_HELP	{ "help", OPTION_HELP, NULL, "this text" }

int usage_next(const struct usage *usage, int argc, char *argv[]);
char *usage_text(const struct usage *usage);
int usage_show(const struct usage *usage);
const struct usage_option *usage_option_at(const struct usage *usage, size_t i);
bool usage_wants_file(const struct usage_option *option);

#endif /* _BASE_USAGE_H */
