/* SPDX-License-Identifier: GPL-2.0 */
/* A growing array of records. */
#ifndef _RECORDS_ROWS_H
#define _RECORDS_ROWS_H

#include <stddef.h>

#include "libtcpstates.h"

/**
 * struct rows - an array of records
 * @records: the records
 * @count: number of records
 * @room: number of records that fit into @records
 * @lost: number of rows that the module had no memory for
 */
struct rows {
	struct tcpstates_record *records;
	size_t count;
	size_t room;
	unsigned long long lost;
};

int rows_add(struct rows *rows, const struct tcpstates_record *record);
void rows_free(struct rows *rows);

#endif /* _RECORDS_ROWS_H */
