// SPDX-License-Identifier: GPL-2.0
/*
 * Rows are added in the order in which the table is walked, chain by chain. So
 * the list is in order as it grows, and a row is found by its chain with a binary
 * search, and in the chain by looking at each, of which there are few.
 *
 * The list takes 16 bytes for a row, in pages that are allocated as they are
 * needed, and 8 to 16 for each page.
 */
#include "given.h"

#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "account.h"
#include "conn.h"

#define ROWS_IN_PAGE	(PAGE_SIZE / sizeof(struct tcps_given_row))
#define FIRST_PAGES	8UL

/* Bits of a row's @since that hold the state. The rest do for 36 years. */
#define STATE_BITS	4

static struct tcps_given_row *row_at(const struct tcps_given *given,
				     unsigned long i)
{
	return &given->pages[i / ROWS_IN_PAGE][i % ROWS_IN_PAGE];
}

static u64 since_of(u64 since_ns, u8 state)
{
	BUILD_BUG_ON(TCPSTATES_STATE_COUNT > 1 << STATE_BITS);
	return since_ns << STATE_BITS | state;
}

static unsigned long pages_of(const struct tcps_given *given)
{
	return (given->count + ROWS_IN_PAGE - 1) / ROWS_IN_PAGE;
}

/* Have room for one page more in the list of pages. */
static bool widen(struct tcps_given *given)
{
	unsigned long room = given->room ? given->room * 2 : FIRST_PAGES;
	struct tcps_given_row **pages;

	pages = tcps_account_alloc(given->user, room * sizeof(*pages));
	if (!pages)
		return false;
	if (given->room)
		memcpy(pages, given->pages, given->room * sizeof(*pages));
	tcps_account_free(given->user, given->pages,
			  given->room * sizeof(*pages));
	given->pages = pages;
	given->room = room;
	return true;
}

/* Have room for one row more. */
static bool grow(struct tcps_given *given)
{
	unsigned long page = given->count / ROWS_IN_PAGE;

	if (given->count % ROWS_IN_PAGE)
		return true;
	if (page == given->room && !widen(given))
		return false;
	given->pages[page] = tcps_account_alloc(given->user, PAGE_SIZE);
	return given->pages[page];
}

/**
 * tcps_given_add() - note that a row is given
 * @given: the list
 * @conn: the connection; not of an earlier chain than the last one's
 * @since_ns: since when it is in its state
 * @state: which
 *
 * Context: process; may sleep.
 * Return: false if there is no memory.
 */
bool tcps_given_add(struct tcps_given *given, u64 conn, u64 since_ns, u8 state)
{
	if (!grow(given))
		return false;
	*row_at(given, given->count++) = (struct tcps_given_row) {
		.conn = conn,
		.since = since_of(since_ns, state),
	};
	return true;
}

/* The first row that is not of an earlier chain than @chain. */
static unsigned long first_of(const struct tcps_given *given,
			      unsigned long chain)
{
	unsigned long from = 0, to = given->count;

	while (from < to) {
		unsigned long middle = from + (to - from) / 2;

		if (tcps_conn_chain(row_at(given, middle)->conn) < chain)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/**
 * tcps_given_has() - whether a row was given
 * @given: the list
 * @conn: the connection
 * @since_ns: since when it was in its state
 * @state: which
 *
 * Context: any.
 * Return: true if it was.
 */
bool tcps_given_has(const struct tcps_given *given, u64 conn, u64 since_ns,
		    u8 state)
{
	unsigned long chain = tcps_conn_chain(conn), i;
	u64 since = since_of(since_ns, state);

	for (i = first_of(given, chain); i < given->count; i++) {
		const struct tcps_given_row *row = row_at(given, i);

		if (row->conn == conn && row->since == since)
			return true;
		if (tcps_conn_chain(row->conn) != chain)
			break;
	}
	return false;
}

/**
 * tcps_given_free() - forget all rows
 * @given: the list; it is empty then, and may be used again
 *
 * Context: process; may sleep.
 */
void tcps_given_free(struct tcps_given *given)
{
	unsigned long i;

	for (i = 0; i < pages_of(given); i++)
		tcps_account_free(given->user, given->pages[i], PAGE_SIZE);
	tcps_account_free(given->user, given->pages,
			  given->room * sizeof(*given->pages));
	given->pages = NULL;
	given->room = 0;
	given->count = 0;
}
