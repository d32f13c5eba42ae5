/* SPDX-License-Identifier: GPL-2.0 */
/* The connections that exist at a moment, as rows. */
#ifndef _RECORDS_GATHER_H
#define _RECORDS_GATHER_H

#include "records/rows.h"

int rows_gather(struct rows *rows, const char *device,
		const struct tcpstates_filter *filter);

#endif /* _RECORDS_GATHER_H */
