// SPDX-License-Identifier: GPL-2.0
/* The connections that exist now, as rows. */
#include "records/snapshot_rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/stop.h"

/* Returns 0, or -1 and errno. */
static int take_all(struct rows *rows, struct tcpstates *stream)
{
	const struct tcpstates_record *record;
	int count;

	while ((count = tcpstates_next(stream, &record))) {
		/* A partial snapshot would look like a complete one. */
		if (stop_requested()) {
			errno = EINTR;
			return -1;
		}
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
 * snapshot_rows() - add the connections that exist now
 * @rows: where they are added
 * @device: path of the device, or NULL
 * @filter: which connections; @events is ignored
 *
 * Return: 0, or -1 after a message.
 */
int snapshot_rows(struct rows *rows, const char *device,
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
	/* With rows alone, the snapshot is complete when nothing more is readable. */
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
