/* SPDX-License-Identifier: GPL-2.0 */
/* What the first word of a command line may be. */
#ifndef _CLI_COMMANDS_H
#define _CLI_COMMANDS_H

struct output;

/**
 * struct command - such a word
 * @name: the word
 * @summary: what it does; NULL for what help does not list
 * @run: does it; see cli.h
 */
struct command {
	const char *name;
	const char *summary;
	int (*run)(struct output *out, int argc, char *argv[]);
};

/* Of main.c; the last one has no name. */
extern const struct command commands[];

#endif /* _CLI_COMMANDS_H */
