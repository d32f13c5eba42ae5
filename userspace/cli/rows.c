// SPDX-License-Identifier: GPL-2.0
/* The connections that exist at a moment, collected. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Returns 0, or -1 and errno. */
static int take_all(struct rows *rows, struct tcpstates *stream)
{
	const struct tcpstates_record *record;
	int count;

	while ((count = tcpstates_next(stream, &record))) {
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -1;
		if (record->event == TCPSTATES_EVENT_LOST)
			rows->lost += record->count;
		else if (record->event == TCPSTATES_EVENT_EXISTING &&
			 rows_add(rows, record))
			return -1;
	}
	return 0;
}

/**
 * rows_gather() - add all that exists now
 * @rows: where to
 * @device: the device, or NULL
 * @filter: which
 *
 * Return: 0, or -1 after a message.
 */
int rows_gather(struct rows *rows, const char *device,
		const struct tcpstates_filter *filter)
{
	struct tcpstates_filter only_rows = *filter;
	struct tcpstates *stream;
	int ret;

	stream = tcpstates_open(device, TCPSTATES_OPEN_NONBLOCK);
	if (!stream) {
		fprintf(stderr, "tcpstates: %s\n", tcpstates_open_error());
		return -1;
	}
	/* Without what happens meanwhile, the rows end when nothing comes. */
	only_rows.events = 1U << TCPSTATES_EVENT_EXISTING;
	ret = tcpstates_set_filter(stream, &only_rows);
	if (!ret)
		ret = tcpstates_snapshot(stream);
	if (!ret)
		ret = take_all(rows, stream);
	if (ret)
		fprintf(stderr, "tcpstates: %s: %s\n",
			device ? device : TCPSTATES_DEVICE, strerror(errno));
	tcpstates_close(stream);
	return ret;
}

/** rows_free() - forget them */
void rows_free(struct rows *rows)
{
	free(rows->records);
	*rows = (struct rows) { 0 };
}
