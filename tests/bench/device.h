/* SPDX-License-Identifier: GPL-2.0 */
/* The device, for the programs that are measured. They end if it fails. */
#ifndef _BENCH_DEVICE_H
#define _BENCH_DEVICE_H

#include <stdbool.h>

int open_device(void);

/* @name is "text" or "binary". Returns whether it is binary. */
bool set_format(int device, const char *name);

#endif /* _BENCH_DEVICE_H */
