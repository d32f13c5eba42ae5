/* SPDX-License-Identifier: GPL-2.0 */
/* What commands that read the stream share: options, a filter, and the loop. */
#ifndef _CLI_STREAM_CMD_H
#define _CLI_STREAM_CMD_H

#include <stdbool.h>

#include "base/usage.h"
#include "filter/language.h"
#include "print/print.h"

struct output;

/**
 * struct stream_cmd - a command that reads the stream
 * @usage: its command line, with stream_cmd_options
 * @take: takes one of its own options; returns -1 to go on, or a status to end with
 * @stopped: called when a signal asks the program to end; returns 1 to go on, 0 to
 *	end. NULL ends
 * @device: path of the device, or NULL
 * @command: value of --exec, or NULL
 * @chosen: whether a form was given
 * @format: value of --format, or NULL
 * @filter: which records are wanted
 * @stream: the stream, while stream_cmd_follow() runs
 * @print: how records are printed
 */
struct stream_cmd {
	const struct usage *usage;
	int (*take)(struct stream_cmd *cmd, int option);
	int (*stopped)(struct stream_cmd *cmd);
	const char *device;
	const char *command;
	bool chosen;
	const char *format;
	struct filter *filter;
	struct tcpstates *stream;
	struct print print;
};

/* For struct usage: the options of all these commands, and what help says of them. */
extern const struct usage_option stream_cmd_options[];

#define STREAM_CMD_FORMS						\
"If several forms are given, the last one counts.\n"
#define STREAM_CMD_FILTER						\
"FILTER is that of ss(8), and more: 'state close-wait and ( dport = :443 or\n" \
"src 10.0.0.0/8 ) and age > 60s'; see 'tcpstates filter'.\n"

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
