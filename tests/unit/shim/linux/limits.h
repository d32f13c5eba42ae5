/* SPDX-License-Identifier: GPL-2.0 */
#include_next <linux/limits.h>

#define U8_MAX	255
#define U64_MAX	(~0ULL)
