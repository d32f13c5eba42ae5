/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TCPS_SHIM_LINUX_BUILD_BUG_H
#define _TCPS_SHIM_LINUX_BUILD_BUG_H

#include <assert.h>

#define BUILD_BUG_ON(condition)	static_assert(!(condition), #condition)

#endif /* _TCPS_SHIM_LINUX_BUILD_BUG_H */
