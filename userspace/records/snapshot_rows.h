/* SPDX-License-Identifier: GPL-2.0 */
/* The connections that exist now, as rows. */
#ifndef _RECORDS_SNAPSHOT_ROWS_H
#define _RECORDS_SNAPSHOT_ROWS_H

#include "records/rows.h"

int snapshot_rows(struct rows *rows, const char *device,
		  const struct tcpstates_filter *filter);

#endif /* _RECORDS_SNAPSHOT_ROWS_H */
