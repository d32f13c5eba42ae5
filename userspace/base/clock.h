/* SPDX-License-Identifier: GPL-2.0 */
/* The two clocks that programs compare times by. */
#ifndef _BASE_CLOCK_H
#define _BASE_CLOCK_H

#include <linux/types.h>

long long clock_ms(void);
__u64 clock_boot_ns(void);

#endif /* _BASE_CLOCK_H */
