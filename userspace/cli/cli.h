/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands and main.c have in common. */
#ifndef _CLI_H
#define _CLI_H

struct output;

/* How the program ends. */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
};

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
int explain_run(struct output *out, int argc, char *argv[]);
int export_run(struct output *out, int argc, char *argv[]);
int top_run(struct output *out, int argc, char *argv[]);
int stats_run(struct output *out, int argc, char *argv[]);

#endif /* _CLI_H */
