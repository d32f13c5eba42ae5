// SPDX-License-Identifier: GPL-2.0
/*
 * Rows are added in the order of the walk over the table, chain by chain. So the
 * list is sorted by chain. A row is found by a binary search for its chain, and a
 * linear one in the chain, which is short.
 *
 * A row takes 16 bytes, in pages that are allocated when needed, and each page 8
 * to 16 more.
 */
#include "snapshot_seen.h"

#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "charge.h"
#include "conn.h"

#define ROWS_IN_PAGE	(PAGE_SIZE / sizeof(struct tcps_seen_row))
#define FIRST_PAGES	8UL

/* The low bits of @since hold the state. The rest is enough for 36 years. */
#define STATE_BITS	4

static struct tcps_seen_row *row_at(const struct tcps_seen *seen,
				    unsigned long i)
{
	return &seen->pages[i / ROWS_IN_PAGE][i % ROWS_IN_PAGE];
}

static u64 since_key(u64 since_ns, u8 state)
{
	BUILD_BUG_ON(TCPSTATES_STATE_COUNT > 1 << STATE_BITS);
	return since_ns << STATE_BITS | state;
}

static unsigned long pages_of(const struct tcps_seen *seen)
{
	return (seen->count + ROWS_IN_PAGE - 1) / ROWS_IN_PAGE;
}

/* Make room for another page in the array of pages. */
static bool grow_pages(struct tcps_seen *seen)
{
	unsigned long room = seen->room ? seen->room * 2 : FIRST_PAGES;
	struct tcps_seen_row **pages;

	pages = tcps_charge_alloc(seen->user, room * sizeof(*pages));
	if (!pages)
		return false;
	if (seen->room)
		memcpy(pages, seen->pages, seen->room * sizeof(*pages));
	tcps_charge_free(seen->user, seen->pages,
			 seen->room * sizeof(*pages));
	seen->pages = pages;
	seen->room = room;
	return true;
}

/* Make room for another row. */
static bool grow_rows(struct tcps_seen *seen)
{
	unsigned long page = seen->count / ROWS_IN_PAGE;

	if (seen->count % ROWS_IN_PAGE)
		return true;
	if (page == seen->room && !grow_pages(seen))
		return false;
	seen->pages[page] = tcps_charge_alloc(seen->user, PAGE_SIZE);
	return seen->pages[page];
}

/**
 * tcps_seen_add() - add a row that is returned
 * @seen: the list
 * @conn: cookie of the connection, whose chain is not before that of the last row
 * @since_ns: when it entered its state
 * @state: the state
 *
 * Context: process; may sleep.
 * Return: false if there is no memory, or the user's share is used up.
 */
bool tcps_seen_add(struct tcps_seen *seen, u64 conn, u64 since_ns, u8 state)
{
	if (!grow_rows(seen))
		return false;
	*row_at(seen, seen->count++) = (struct tcps_seen_row) {
		.conn = conn,
		.since = since_key(since_ns, state),
	};
	return true;
}

/* Index of the first row whose chain is @chain or later. */
static unsigned long first_of(const struct tcps_seen *seen,
			      unsigned long chain)
{
	unsigned long from = 0, to = seen->count;

	while (from < to) {
		unsigned long middle = from + (to - from) / 2;

		if (tcps_conn_chain(row_at(seen, middle)->conn) < chain)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/**
 * tcps_seen_has() - whether a row has been returned
 * @seen: the list
 * @conn: cookie of the connection
 * @since_ns: when it had entered its state
 * @state: the state
 *
 * Context: any.
 * Return: true if it has.
 */
bool tcps_seen_has(const struct tcps_seen *seen, u64 conn, u64 since_ns,
		   u8 state)
{
	unsigned long chain = tcps_conn_chain(conn), i;
	u64 since = since_key(since_ns, state);

	for (i = first_of(seen, chain); i < seen->count; i++) {
		const struct tcps_seen_row *row = row_at(seen, i);

		if (row->conn == conn && row->since == since)
			return true;
		if (tcps_conn_chain(row->conn) != chain)
			break;
	}
	return false;
}

/**
 * tcps_seen_free() - forget all rows
 * @seen: the list; empty afterwards, and ready for use
 *
 * Context: process; may sleep.
 */
void tcps_seen_free(struct tcps_seen *seen)
{
	unsigned long i;

	for (i = 0; i < pages_of(seen); i++)
		tcps_charge_free(seen->user, seen->pages[i], PAGE_SIZE);
	tcps_charge_free(seen->user, seen->pages,
			 seen->room * sizeof(*seen->pages));
	seen->pages = NULL;
	seen->room = 0;
	seen->count = 0;
}
