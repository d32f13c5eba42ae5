// SPDX-License-Identifier: GPL-2.0
/* tcpstates top: a program of its own. */
#include "cli/commands.h"
#include "process/exec_external.h"

int top_run(struct output *out, int argc, char *argv[])
{
	(void)out;
	(void)argc;
	return exec_external("tcpstates-top", argv);
}
