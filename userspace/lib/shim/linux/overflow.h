/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TCPS_SHIM_LINUX_OVERFLOW_H
#define _TCPS_SHIM_LINUX_OVERFLOW_H

#define struct_size(p, member, count) \
	(sizeof(*(p)) + sizeof((p)->member[0]) * (count))

#endif /* _TCPS_SHIM_LINUX_OVERFLOW_H */
