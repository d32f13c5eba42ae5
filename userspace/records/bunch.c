// SPDX-License-Identifier: GPL-2.0
/* Records held back until their connection has ended. */
#include "records/bunch.h"

#include <search.h>
#include <stdlib.h>

#include "records/rows.h"

/* Held at most, of all connections: then the oldest one is shown as it is. */
#define MOST_HELD	65536

/* The records of one connection. */
struct bunch {
	__u64 conn;
	struct rows rows;
	struct bunch *older;
	struct bunch *newer;
};

static int compare(const void *a, const void *b)
{
	const struct bunch *left = a, *right = b;

	if (left->conn != right->conn)
		return left->conn < right->conn ? -1 : 1;
	return 0;
}

/* Returns NULL without memory. */
static struct bunch *find(struct bunches *bunches, __u64 conn)
{
	struct bunch key = { .conn = conn }, *bunch, **found;

	found = tfind(&key, &bunches->tree, compare);
	if (found)
		return *found;
	bunch = calloc(1, sizeof(*bunch));
	if (!bunch)
		return NULL;
	bunch->conn = conn;
	if (!tsearch(bunch, &bunches->tree, compare)) {
		free(bunch);
		return NULL;
	}
	bunch->older = bunches->newest;
	if (bunch->older)
		bunch->older->newer = bunch;
	else
		bunches->oldest = bunch;
	bunches->newest = bunch;
	return bunch;
}

static void forget(struct bunches *bunches, struct bunch *bunch)
{
	tdelete(bunch, &bunches->tree, compare);
	if (bunch->older)
		bunch->older->newer = bunch->newer;
	else
		bunches->oldest = bunch->newer;
	if (bunch->newer)
		bunch->newer->older = bunch->older;
	else
		bunches->newest = bunch->older;
	bunches->held -= bunch->rows.count;
	rows_free(&bunch->rows);
	free(bunch);
}

static int show(struct bunches *bunches, struct bunch *bunch)
{
	size_t count = bunch->rows.count, i;
	int going = 1;

	for (i = 0; i < count && going > 0; i++)
		going = bunches->show(bunches->data, &bunch->rows.records[i],
				      i + 1 == count);
	forget(bunches, bunch);
	return going;
}

/**
 * bunches_add() - hold a record back, or show it with the others of its connection
 * @bunches: where
 * @record: of a connection; TIME_WAIT ends it for who watches
 *
 * Return: 1 to go on, 0 to end, or -1 and errno.
 */
int bunches_add(struct bunches *bunches, const struct tcpstates_record *record)
{
	struct bunch *bunch = find(bunches, record->conn);

	if (!bunch || rows_add(&bunch->rows, record))
		return -1;
	bunches->held++;
	if (record->event == TCPSTATES_EVENT_TRANSITION &&
	    (record->new_state == TCPSTATES_CLOSE ||
	     record->new_state == TCPSTATES_TIME_WAIT))
		return show(bunches, bunch);
	if (bunches->held > MOST_HELD)
		return show(bunches, bunches->oldest);
	return 1;
}

/** bunches_end() - show what is left, the oldest first; as bunches_add() */
int bunches_end(struct bunches *bunches)
{
	int going = 1;

	while (bunches->oldest)
		if (going > 0)
			going = show(bunches, bunches->oldest);
		else
			forget(bunches, bunches->oldest);
	return going;
}
