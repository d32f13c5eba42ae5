/* SPDX-License-Identifier: GPL-2.0 */
/* Replaces the kernel's clocks by one that only tests move. */
#ifndef _CLOCK_STUB_H
#define _CLOCK_STUB_H

#include <linux/types.h>

/* CLOCK_BOOTTIME; CLOCK_REALTIME is SHIM_REAL_OFFSET ahead. */
extern u64 now;

#endif /* _CLOCK_STUB_H */
