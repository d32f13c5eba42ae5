/* SPDX-License-Identifier: GPL-2.0 */
/* What watch, list and stuck have in common: options, a filter, and the stream. */
#ifndef _CLI_STREAM_CMD_H
#define _CLI_STREAM_CMD_H

#include <getopt.h>
#include <stdbool.h>

#include "base/options.h"
#include "filter/language.h"
#include "print/print.h"

struct output;

/**
 * struct cmd - what was asked for
 * @help: text of --help
 * @options: those that the command has for itself, for getopt_long()
 * @take: takes one of them; returns -1 to go on, or a status to end with
 * @stopped: what to do when the user wants it to end; returns 1 to go on, 0 to end.
 *	NULL ends
 * @runs: whether what follows the options is a command to run, and no filter
 * @device: the device, or NULL
 * @command: what to run for each, or NULL
 * @chosen: whether a form was asked for
 * @format: the keys that were asked for, or NULL
 * @filter: which connections; lets all pass if there is none
 * @stream: what is read, while stream_cmd_follow() runs
 * @print: how to print
 */
struct stream_cmd {
	const char *help;
	const struct option *options;
	int (*take)(struct stream_cmd *cmd, int option);
	int (*stopped)(struct stream_cmd *cmd);
	bool runs;
	const char *device;
	const char *command;
	bool chosen;
	const char *format;
	struct filter *filter;
	struct tcpstates *stream;
	struct print print;
};

/* The part of a text of --help that is about them. */
#define STREAM_CMD_HELP							\
"  --json         an object per line, with the keys of the lines\n"	\
"  --csv          a row per line, with the keys in the first one (RFC 4180)\n" \
"  --lines        lines, on a terminal too\n"				\
"  --table        a table, elsewhere too\n"				\
"  --format KEYS  only these keys of lines, objects or rows, in this order:\n" \
"                 --format time,conn,old,new\n"				\
"  --exec CMD     run CMD by the shell for each, and print nothing unless a form\n" \
"                 is chosen. The keys of the line are in the environment\n" \
"                 (TCPSTATES_PID, ...), the object of --json is its input. If\n" \
"                 tcpstates has to end and CMD is still running, CMD gets\n" \
"                 SIGTERM\n" \
"  --device PATH  the device, if it is not " TCPSTATES_DEVICE "\n"	\
"  --help         this text\n"						\
"\n"									\
"Of the forms the last one counts. FILTER is as for ss(8), and more: 'state\n" \
"close-wait and ( dport = :443 or src 10.0.0.0/8 ) and age > 60s'; 'tcpstates\n" \
"filter' has all of it.\n"

void stream_cmd_init(struct stream_cmd *cmd, struct output *out,
		     enum table_kind kind, const char *more);
int stream_cmd_parse(struct stream_cmd *cmd, int argc, char *argv[]);
int stream_cmd_filter(struct filter **filter, int argc, char *argv[]);
int stream_cmd_follow(struct stream_cmd *cmd,
		      int (*begin)(struct stream_cmd *cmd),
		  int (*take)(struct stream_cmd *cmd,
			      const struct tcpstates_record *record),
		  int (*wait)(struct stream_cmd *cmd));
void stream_cmd_free(struct stream_cmd *cmd);

#endif /* _CLI_STREAM_CMD_H */
