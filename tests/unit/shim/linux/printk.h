/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_PRINTK_H
#define _SHIM_LINUX_PRINTK_H

#include <stdio.h>

/* A comment for TAP. */
#define pr_err(...)	printf("# " __VA_ARGS__)

#endif /* _SHIM_LINUX_PRINTK_H */
