/* SPDX-License-Identifier: GPL-2.0 */
/* A command of the user's, run for a connection. */
#ifndef _PROCESS_EXEC_H
#define _PROCESS_EXEC_H

#include <stddef.h>

int exec_run(const char *command, const char *line, const char *json,
	     size_t length);

#endif /* _PROCESS_EXEC_H */
