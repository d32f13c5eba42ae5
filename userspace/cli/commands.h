/* SPDX-License-Identifier: GPL-2.0 */
/* What the first word of a command line may be. */
#ifndef _CLI_COMMANDS_H
#define _CLI_COMMANDS_H

struct output;

/**
 * struct command - such a word
 * @name: the word
 * @summary: what it does; NULL for what help does not list
 * @run: does it
 */
struct command {
	const char *name;
	const char *summary;
	int (*run)(struct output *out, int argc, char *argv[]);
};

/* Of main.c; the last one has no name. */
extern const struct command commands[];

/*
 * A command. @argv[0] is its name, or the program's where none was given; what
 * it prints goes to @out, which main.c writes out at the end. Returns a status.
 */
int watch_run(struct output *out, int argc, char *argv[]);
int list_run(struct output *out, int argc, char *argv[]);
int stuck_run(struct output *out, int argc, char *argv[]);
int run_run(struct output *out, int argc, char *argv[]);
int complete_run(struct output *out, int argc, char *argv[]);
int doctor_run(struct output *out, int argc, char *argv[]);
int filter_run(struct output *out, int argc, char *argv[]);
int export_run(struct output *out, int argc, char *argv[]);
int top_run(struct output *out, int argc, char *argv[]);
int stats_run(struct output *out, int argc, char *argv[]);

#endif /* _CLI_COMMANDS_H */
