// SPDX-License-Identifier: GPL-2.0
/* The command line of tcpstates top. */
#include "top/usage.h"

static const struct usage_option options[] = {
	USAGE_DEVICE, USAGE_HELP, { .name = NULL }
};

const struct usage top_usage = {
	.synopsis = "top [OPTION]... [FILTER]",
	.about =
"Shows on the whole terminal how many connections are in each state, how many\n"
"are opened and closed per second, how long handshakes take, and the\n"
"connections: first those that may be stuck, the oldest first. Press ? for the\n"
"keys, q to quit.\n",
	.column = USAGE_COLUMN,
	.options = options,
	.details = "FILTER is explained by 'tcpstates filter'.\n",
	.words = USAGE_FILTER,
};
