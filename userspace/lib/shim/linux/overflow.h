/* SPDX-License-Identifier: GPL-2.0 */
/* For numbers of CPUs, which do not overflow. */
#ifndef _TCPS_SHIM_LINUX_OVERFLOW_H
#define _TCPS_SHIM_LINUX_OVERFLOW_H

#define struct_size(p, member, count) \
	(sizeof(*(p)) + sizeof((p)->member[0]) * (count))
#define array_size(a, b)	((size_t)(a) * (b))

#endif /* _TCPS_SHIM_LINUX_OVERFLOW_H */
