/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _POOL_LINUX_KCONFIG_H
#define _POOL_LINUX_KCONFIG_H

/* An option is a test's variable of the same name. */
#define IS_ENABLED(CONFIG_option)	(CONFIG_option)

#endif /* _POOL_LINUX_KCONFIG_H */
