// SPDX-License-Identifier: GPL-2.0
/* The command line of tcpstates export. */
#include "export/usage.h"

static const struct usage_option options[] = {
	{ "listen", OPTION_LISTEN, "ADDR:PORT",
	  "the address to serve (" EXPORT_LISTEN ")" },
	{ "textfile", OPTION_TEXTFILE, "FILE",
	  "write FILE at each interval instead; it is replaced\n"
	  "atomically" },
	{ "interval", OPTION_INTERVAL, "SECONDS", "the interval (15)" },
	{ "user", OPTION_USER, "NAME",
	  "the user to become when started by root (nobody; with\n"
	  "--textfile the owner of FILE's folder)" },
	USAGE_DEVICE, USAGE_HELP, { .name = NULL }
};

const struct usage export_usage = {
	.synopsis = "export [OPTION]...",
	.about =
"Counts connections by state, listener and owner, transitions by kind and cause,\n"
"durations of handshakes and states, and stuck connections, and exports the\n"
"counts to Prometheus: by HTTP at /metrics, or as a file for the textfile\n"
"collector of node_exporter. Ends with Ctrl-C.\n",
	.column = 22,
	.options = options,
	.details =
"Needs permission to open the device, and CAP_NET_ADMIN to see all network\n"
"namespaces. Once everything is open it drops all capabilities for good; if it\n"
"was started by root, it also becomes the user of --user, without supplementary\n"
"groups. If the folder of --textfile belongs to root and --user is not given, it\n"
"stays root, without capabilities.\n"
"\n"
"Ends with an error if the first write of FILE fails. Later failures are\n"
"reported when they begin and when they are over, and counted in the metrics;\n"
"the exit status is 1 if the last write failed.\n",
};
