/* SPDX-License-Identifier: GPL-2.0 */
/* The command line of tcpstates top, which the command tcpstates completes, too. */
#ifndef _TOP_USAGE_H
#define _TOP_USAGE_H

#include "base/usage.h"

extern const struct usage top_usage;

#endif /* _TOP_USAGE_H */
