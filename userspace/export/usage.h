/* SPDX-License-Identifier: GPL-2.0 */
/* The command line of tcpstates export, which the command tcpstates completes, too. */
#ifndef _EXPORT_USAGE_H
#define _EXPORT_USAGE_H

#include "base/usage.h"

/* Where it listens by default. */
#define EXPORT_LISTEN	"127.0.0.1:9807"

extern const struct usage export_usage;

#endif /* _EXPORT_USAGE_H */
