/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_MINMAX_H
#define _SHIM_LINUX_MINMAX_H

#define min(a, b) ({			\
	__typeof__(a) min_a = (a);	\
	__typeof__(b) min_b = (b);	\
	min_a < min_b ? min_a : min_b;	\
})

#define max(a, b) ({			\
	__typeof__(a) max_a = (a);	\
	__typeof__(b) max_b = (b);	\
	max_a > max_b ? max_a : max_b;	\
})

#define clamp(value, low, high)	min(max(value, low), high)

#define swap(a, b) \
	do { \
		__typeof__(a) swap_a = (a); \
		(a) = (b); \
		(b) = swap_a; \
	} while (0)

#endif /* _SHIM_LINUX_MINMAX_H */
