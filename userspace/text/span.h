/* SPDX-License-Identifier: GPL-2.0 */
/* Lengths of time in pictures, to the microsecond. */
#ifndef _TEXT_SPAN_H
#define _TEXT_SPAN_H

#include <linux/types.h>

#define SPAN_SIZE	24

void span_format(__u64 ns, char text[SPAN_SIZE]);

#endif /* _TEXT_SPAN_H */
