// SPDX-License-Identifier: GPL-2.0
/* tcpstates export: a program of its own. */
#include "cli/commands.h"
#include "process/exec_external.h"

int export_run(struct output *out, int argc, char *argv[])
{
	(void)out;
	(void)argc;
	return exec_external("tcpstates-export", argv);
}
