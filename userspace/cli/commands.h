/* SPDX-License-Identifier: GPL-2.0 */
/* The first words of a command line. */
#ifndef _CLI_COMMANDS_H
#define _CLI_COMMANDS_H

#include "base/usage.h"

struct output;

/**
 * struct command - a first word
 * @name: the word
 * @summary: what it does; NULL if neither help nor completion offers it
 * @usage: what may follow it; NULL likewise
 * @run: runs it. @argv[0] is its name, or the program's where none was given; what
 *	it prints goes to @out, which main.c writes out at the end. Returns a status
 */
struct command {
	const char *name;
	const char *summary;
	const struct usage *usage;
	int (*run)(struct output *out, int argc, char *argv[]);
};

/* In main.c; the last one has no name. */
extern const struct command commands[];

int command_help(struct output *out, const struct usage *usage);

extern const struct usage watch_usage;
extern const struct usage list_usage;
extern const struct usage stuck_usage;
extern const struct usage run_usage;
extern const struct usage doctor_usage;
extern const struct usage filter_usage;
extern const struct usage stats_usage;

int watch_run(struct output *out, int argc, char *argv[]);
int list_run(struct output *out, int argc, char *argv[]);
int stuck_run(struct output *out, int argc, char *argv[]);
int run_run(struct output *out, int argc, char *argv[]);
int top_run(struct output *out, int argc, char *argv[]);
int doctor_run(struct output *out, int argc, char *argv[]);
int filter_run(struct output *out, int argc, char *argv[]);
int export_run(struct output *out, int argc, char *argv[]);
int stats_run(struct output *out, int argc, char *argv[]);
int complete_run(struct output *out, int argc, char *argv[]);

#endif /* _CLI_COMMANDS_H */
