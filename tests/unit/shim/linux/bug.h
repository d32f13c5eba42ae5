/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_BUG_H
#define _SHIM_LINUX_BUG_H

#include <assert.h>

#define WARN_ON_ONCE(condition)	assert(!(condition))

#endif /* _SHIM_LINUX_BUG_H */
