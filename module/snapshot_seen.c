// SPDX-License-Identifier: GPL-2.0
/*
 * Rows are added in the order in which the table is walked, chain by chain. So
 * the list is in order as it grows, and a row is found by its chain with a binary
 * search, and in the chain by looking at each, of which there are few.
 *
 * The list takes 16 bytes for a row, in pages that are allocated as they are
 * needed, and 8 to 16 for each page.
 */
#include "snapshot_seen.h"

#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "charge.h"
#include "conn.h"

#define ROWS_IN_PAGE	(PAGE_SIZE / sizeof(struct tcps_seen_row))
#define FIRST_PAGES	8UL

/* Bits of a row's @since that hold the state. The rest do for 36 years. */
#define STATE_BITS	4

static struct tcps_seen_row *row_at(const struct tcps_seen *seen,
				     unsigned long i)
{
	return &seen->pages[i / ROWS_IN_PAGE][i % ROWS_IN_PAGE];
}

static u64 since_of(u64 since_ns, u8 state)
{
	BUILD_BUG_ON(TCPSTATES_STATE_COUNT > 1 << STATE_BITS);
	return since_ns << STATE_BITS | state;
}

static unsigned long pages_of(const struct tcps_seen *seen)
{
	return (seen->count + ROWS_IN_PAGE - 1) / ROWS_IN_PAGE;
}

/* Have room for one page more in the list of pages. */
static bool widen(struct tcps_seen *seen)
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

/* Have room for one row more. */
static bool grow(struct tcps_seen *seen)
{
	unsigned long page = seen->count / ROWS_IN_PAGE;

	if (seen->count % ROWS_IN_PAGE)
		return true;
	if (page == seen->room && !widen(seen))
		return false;
	seen->pages[page] = tcps_charge_alloc(seen->user, PAGE_SIZE);
	return seen->pages[page];
}

/**
 * tcps_seen_add() - note that a row is given
 * @seen: the list
 * @conn: the connection; not of an earlier chain than the last one's
 * @since_ns: since when it is in its state
 * @state: which
 *
 * Context: process; may sleep.
 * Return: false if there is no memory.
 */
bool tcps_seen_add(struct tcps_seen *seen, u64 conn, u64 since_ns, u8 state)
{
	if (!grow(seen))
		return false;
	*row_at(seen, seen->count++) = (struct tcps_seen_row) {
		.conn = conn,
		.since = since_of(since_ns, state),
	};
	return true;
}

/* The first row that is not of an earlier chain than @chain. */
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
 * tcps_seen_has() - whether a row was given
 * @seen: the list
 * @conn: the connection
 * @since_ns: since when it was in its state
 * @state: which
 *
 * Context: any.
 * Return: true if it was.
 */
bool tcps_seen_has(const struct tcps_seen *seen, u64 conn, u64 since_ns,
		    u8 state)
{
	unsigned long chain = tcps_conn_chain(conn), i;
	u64 since = since_of(since_ns, state);

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
 * @seen: the list; it is empty then, and may be used again
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
