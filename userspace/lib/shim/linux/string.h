/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's <linux/string.h>, for the module's files in the library. */
#include <string.h>
