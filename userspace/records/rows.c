// SPDX-License-Identifier: GPL-2.0
/* A growing array of records. */
#include "records/rows.h"

#include <stdlib.h>

#include "base/array.h"

/** rows_add() - add a copy; returns 0, or -1 and errno */
int rows_add(struct rows *rows, const struct tcpstates_record *record)
{
	struct tcpstates_record *records;

	records = array_reserve(rows->records, &rows->room, rows->count + 1,
				sizeof(*records));
	if (!records)
		return -1;
	rows->records = records;
	rows->records[rows->count++] = *record;
	return 0;
}

/** rows_free() - free all records; @rows is empty afterwards */
void rows_free(struct rows *rows)
{
	free(rows->records);
	*rows = (struct rows) { 0 };
}
