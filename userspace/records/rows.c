// SPDX-License-Identifier: GPL-2.0
/* Records, collected. */
#include "records/rows.h"

#include <stdlib.h>

#define FIRST_ROOM	64

/** rows_add() - add a copy; returns 0, or -1 and errno */
int rows_add(struct rows *rows, const struct tcpstates_record *record)
{
	struct tcpstates_record *records;
	size_t room = rows->room ? 2 * rows->room : FIRST_ROOM;

	if (rows->count == rows->room) {
		records = reallocarray(rows->records, room, sizeof(*records));
		if (!records)
			return -1;
		rows->records = records;
		rows->room = room;
	}
	rows->records[rows->count++] = *record;
	return 0;
}

/** rows_free() - forget them */
void rows_free(struct rows *rows)
{
	free(rows->records);
	*rows = (struct rows) { 0 };
}
