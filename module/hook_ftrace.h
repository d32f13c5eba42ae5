/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attaches the handlers of hook_table.h at the entries of their functions. Nothing
 * else in the module touches ftrace.
 *
 * Context: process; loading and unloading.
 */
#ifndef _TCPS_HOOK_FTRACE_H
#define _TCPS_HOOK_FTRACE_H

#include <linux/errno.h>
#include <linux/types.h>

/**
 * tcps_hook_error_is_fatal() - whether an error of one function ends loading
 * @error: of finding the function or setting its filter, negative
 *
 * Most errors are a property of this kernel: it has no function of this name
 * (ENOENT) or several (EADDRNOTAVAIL), does not allow probes there (EINVAL), or
 * ftrace does not know it (EINVAL). Then the module loads, and says what it does
 * not see.
 *
 * Context: any.
 * Return: true if the same call may succeed another time.
 */
static inline bool tcps_hook_error_is_fatal(int error)
{
	return error == -ENOMEM || error == -EINTR || error == -EAGAIN ||
	       error == -ENODEV;
}

int tcps_hook_ftrace_attach(void);
void tcps_hook_ftrace_detach(void);
bool tcps_hook_ftrace_failed(void);

#endif /* _TCPS_HOOK_FTRACE_H */
