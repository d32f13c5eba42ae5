// SPDX-License-Identifier: GPL-2.0
/*
 * The table changes while it is walked. A snapshot is of the moment M before
 * the walk, and the live records are those after M. A row says in which state a
 * connection was at M, and since when. The walk gives a row of each connection
 * that has been in its state since M or before. That of one that changed after M,
 * before the walk came to it, is not given: its first record after M says in
 * which state it was until then, and since when, and the row goes directly before
 * that record ("lacks"). What begins after M has no row: its records tell all.
 *
 * So a record lacks its row if and only if
 *
 *   - it tells a duration that began at M or before. Then it is the first of its
 *     connection after M, and that was there at M; and
 *   - the row of that connection, in that state, since that time has not been
 *     given. Which rows have been is noted (snapshot_seen.c).
 *
 * That is exact, whatever the clock says:
 *
 *   - M separates. It is read after the places in the rings were taken, and they
 *     are moved past M only when the clock has left it: each record that is not
 *     later than M has been passed over then, and each that comes is later than
 *     M (A and E in ring.c). A transition writes one reading of the clock into
 *     its record and into the entry, so the walk finds "since" at M or before just
 *     where the record has been passed over.
 *   - Nothing compares the time of a record with that of the walk to say what the
 *     walk has met. A row and the record that ends it have the same connection,
 *     state and "since", since a duration is the difference of the two readings.
 *     Two lives with one cookie (a TIME_WAIT, and the socket connected again)
 *     are in different states.
 *   - A row that the reader's filter held back was not given. With the same filter
 *     it is held back before its record too.
 *   - A row that there was no memory to note is not given but counted as lost. If
 *     its connection changes, it comes all the same.
 *
 * When the walk is over, what was there at M and has not changed has been given.
 * The records of all that changed before are not later than the end of the walk,
 * by clocks that do not go backwards; a record of the same reading may have come
 * after it, and does no harm. A reader that has got past the end needs the list no
 * more. Nor does one who opens a batch after the end and has come to its end: what
 * was written before is in that batch.
 */
#include "snapshot.h"

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "charge.h"
#include "conn.h"

#define FIRST_ROOM	16U

static size_t rows_size(unsigned int count)
{
	return count * sizeof(struct tcpstates_record);
}

static void free_rows(struct tcps_snapshot *snapshot)
{
	tcps_charge_free(snapshot->user, snapshot->rows,
			  rows_size(snapshot->room));
	snapshot->rows = NULL;
	snapshot->room = 0;
}

/* Have memory for @count rows, or leave all as it is. */
static bool make_rows(struct tcps_snapshot *snapshot, unsigned int count)
{
	struct tcpstates_record *rows;

	rows = tcps_charge_alloc(snapshot->user, rows_size(count));
	if (!rows)
		return false;
	free_rows(snapshot);
	snapshot->rows = rows;
	snapshot->room = count;
	return true;
}

/**
 * tcps_snapshot_make() - memory for a snapshot
 * @user: who is charged
 *
 * It does not depend on the table. The walk takes more as it goes on.
 *
 * Return: the snapshot, to begin, or NULL if there is no memory for the user.
 */
struct tcps_snapshot *tcps_snapshot_make(struct tcps_user *user)
{
	struct tcps_snapshot *snapshot;

	snapshot = tcps_charge_alloc(user, sizeof(*snapshot));
	if (!snapshot)
		return NULL;
	snapshot->user = user;
	snapshot->seen.user = user;
	if (!make_rows(snapshot, FIRST_ROOM)) {
		tcps_snapshot_free(snapshot);
		return NULL;
	}
	return snapshot;
}

/**
 * tcps_snapshot_begin() - choose this moment
 * @snapshot: just made
 *
 * All that happens after the call is later by the clock. That takes until the
 * clock's next reading, which is a tick (1/HZ seconds) with the coarsest.
 */
void tcps_snapshot_begin(struct tcps_snapshot *snapshot)
{
	ktime_t now = ktime_get();

	snapshot->moment_ns = ktime_to_ns(ktime_mono_to_any(now, TK_OFFS_BOOT));
	snapshot->moment_real_ns =
		ktime_to_ns(ktime_mono_to_any(now, TK_OFFS_REAL));
	while (ktime_get_boottime_ns() <= snapshot->moment_ns)
		cond_resched();
}

/**
 * tcps_snapshot_free() - forget a snapshot
 * @snapshot: which, or NULL
 */
void tcps_snapshot_free(struct tcps_snapshot *snapshot)
{
	if (!snapshot)
		return;
	tcps_seen_free(&snapshot->seen);
	free_rows(snapshot);
	tcps_charge_free(snapshot->user, snapshot, sizeof(*snapshot));
}

/* What a long chain has no memory for counts as lost. */
static void copy_chain(struct tcps_snapshot *snapshot)
{
	unsigned long chain = snapshot->chain++;
	unsigned int count;

	do {
		count = tcps_conn_copy(chain, snapshot->rows, snapshot->room);
	} while (count > snapshot->room && make_rows(snapshot, count * 2));

	snapshot->row = 0;
	snapshot->count = min(count, snapshot->room);
	snapshot->lost += count - snapshot->count;
}

/*
 * The row of a connection that was in @state since @since_ns. It is in no ring,
 * and has no number there.
 */
static void make_row(struct tcpstates_record *row, u8 state, u64 since_ns,
		     u64 now_ns, u64 now_real_ns)
{
	row->event = TCPSTATES_EVENT_EXISTING;
	row->old_state = TCPSTATES_UNKNOWN;
	row->new_state = state;
	row->cause = TCPSTATES_CAUSE_UNKNOWN;
	row->known |= TCPSTATES_KNOW_DURATION;
	row->dur_ns = now_ns - since_ns;
	row->boot_ns = now_ns;
	row->real_ns = now_real_ns;
	row->seq = 0;
	row->cpu = 0;
}

static void end_walk(struct tcps_snapshot *snapshot)
{
	if (snapshot->end_ns)
		return;
	free_rows(snapshot);
	snapshot->end_ns = ktime_get_boottime_ns();
}

/**
 * tcps_snapshot_next() - the next connection that was there
 * @snapshot: the snapshot
 * @row: where to
 *
 * If the row is given, tcps_snapshot_give() has to be told.
 *
 * Return: false if the walk is over.
 */
bool tcps_snapshot_next(struct tcps_snapshot *snapshot,
			struct tcpstates_record *row)
{
	for (;;) {
		while (snapshot->row < snapshot->count) {
			*row = snapshot->rows[snapshot->row++];
			if (row->boot_ns > snapshot->moment_ns)
				continue;
			make_row(row, row->new_state, row->boot_ns,
				 snapshot->moment_ns, snapshot->moment_real_ns);
			return true;
		}
		if (snapshot->chain == tcps_conn_chains())
			break;
		copy_chain(snapshot);
		cond_resched();
	}
	end_walk(snapshot);
	return false;
}

/**
 * tcps_snapshot_give() - note that a row is given
 * @snapshot: the snapshot
 * @row: what tcps_snapshot_next() has made
 *
 * Return: false if there is no memory for that. The row must not be given then;
 * it is counted as lost.
 */
bool tcps_snapshot_give(struct tcps_snapshot *snapshot,
			const struct tcpstates_record *row)
{
	if (tcps_seen_add(&snapshot->seen, row->conn,
			   row->boot_ns - row->dur_ns, row->new_state))
		return true;
	snapshot->lost++;
	return false;
}

/**
 * tcps_snapshot_lacks() - whether a record's connection was not told of
 * @snapshot: the snapshot, its walk over
 * @record: a live record after the moment of the snapshot
 *
 * Return: true if tcps_snapshot_introduce() is to go before @record.
 */
bool tcps_snapshot_lacks(const struct tcps_snapshot *snapshot,
			 const struct tcpstates_record *record)
{
	u64 since_ns = record->boot_ns - record->dur_ns;

	return record->event == TCPSTATES_EVENT_TRANSITION &&
	       (record->known & TCPSTATES_KNOW_DURATION) &&
	       since_ns <= snapshot->moment_ns &&
	       !tcps_seen_has(&snapshot->seen, record->conn, since_ns,
			       record->old_state);
}

/**
 * tcps_snapshot_introduce() - the row that goes before a record
 * @record: the record
 * @row: where to: its connection in the old state
 */
void tcps_snapshot_introduce(const struct tcpstates_record *record,
			     struct tcpstates_record *row)
{
	*row = *record;
	make_row(row, record->old_state, record->boot_ns - record->dur_ns,
		 record->boot_ns, record->real_ns);
	/* The handshake was not over then. */
	if (row->new_state == TCPSTATES_SYN_SENT ||
	    row->new_state == TCPSTATES_SYN_RECV) {
		row->known &= ~TCPSTATES_KNOW_HANDSHAKE;
		row->handshake_ns = 0;
	}
}
