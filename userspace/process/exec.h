/* SPDX-License-Identifier: GPL-2.0 */
/* The command of --exec, run for a connection. */
#ifndef _PROCESS_EXEC_H
#define _PROCESS_EXEC_H

struct item;

int exec_run(const char *command, const struct item *item);

#endif /* _PROCESS_EXEC_H */
