/* SPDX-License-Identifier: GPL-2.0 */
/* Records, collected. */
#ifndef _RECORDS_ROWS_H
#define _RECORDS_ROWS_H

#include <stddef.h>

#include "libtcpstates.h"

/**
 * struct rows - some connections
 * @records: these
 * @count: of them
 * @room: for how many there is memory
 * @lost: how many are missing, since the module had no memory for them
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
