/* SPDX-License-Identifier: GPL-2.0 */
/* The connections that exist at a moment, as rows. */
#ifndef _CLI_GATHER_H
#define _CLI_GATHER_H

#include "rows.h"

int rows_gather(struct rows *rows, const char *device,
		const struct tcpstates_filter *filter);

#endif /* _CLI_GATHER_H */
