/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that are programs of their own. */
#ifndef _PROCESS_EXEC_EXTERNAL_H
#define _PROCESS_EXEC_EXTERNAL_H

int exec_external(const char *name, char *argv[]);

#endif /* _PROCESS_EXEC_EXTERNAL_H */
