/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_MINMAX_H
#define _SHIM_LINUX_MINMAX_H

#define min(a, b) ({			\
	__typeof__(a) min_a = (a);	\
	__typeof__(b) min_b = (b);	\
	min_a < min_b ? min_a : min_b;	\
})

#endif /* _SHIM_LINUX_MINMAX_H */
