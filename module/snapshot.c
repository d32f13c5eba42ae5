// SPDX-License-Identifier: GPL-2.0
/*
 * The table changes during the walk. A snapshot is of the moment M before the
 * walk, and the live records are those after M. A row says in which state a
 * connection was at M, and since when. The walk returns a row for each connection
 * that has been in its state since M or before. A connection that changed after M,
 * before the walk came to it, gets no row from the walk. Its first record after M
 * says in which state it was until then, and since when; so its row is returned
 * directly before that record, which "lacks" its row. A connection that begins
 * after M has no row: its records are complete.
 *
 * So a record lacks its row if and only if
 *
 *   - it has a duration that began at M or before: then it is the first record of
 *     its connection after M, and the connection existed at M; and
 *   - the row of that connection, in that state, since that time, has not been
 *     returned. snapshot_seen.c holds those that have been.
 *
 * That is exact, whatever the resolution of the clock:
 *
 *   - M separates records. It is read after the positions in the rings were taken,
 *     and the positions are moved past M only when the clock shows a later time.
 *     So each record up to M has been skipped, and each record that follows is
 *     later than M (A and E in ring.c). A transition writes one reading of the
 *     clock into its record and into the entry, so the walk finds "since" at M or
 *     before exactly when the record has been skipped.
 *   - Times of records are never compared with the time of the walk to decide what
 *     the walk has found. A row and the record that ends it have the same
 *     connection, state and "since", since a duration is the difference of the two
 *     readings. Two lives with one cookie (TIME_WAIT, and the socket connected
 *     again) are in different states.
 *   - A row that the reader's filter rejects is not returned. Before its record, the
 *     same filter rejects it again.
 *   - A row that there is no memory to note is not returned; it counts as lost. If
 *     its connection changes, it is returned before the record.
 *
 * A record with the cause unseen has no duration and never lacks its row. No structure
 * of the kernel belongs to its connection: two audits had not found one. So it was gone
 * at M, unless the walk has lasted for two audits. If the walk had reached the entry
 * before the audit dropped it, its row has been returned, and the record ends it.
 *
 * After the walk, the rows of all connections that have not changed since M have
 * been returned. The records of those that changed before are not later than the
 * end of the walk, as clocks do not go backwards; a record with the same reading may
 * be later, and does no harm. A reader that has come past the end does not need the
 * list any more. Nor does a reader that has opened a batch after the end and has
 * read all of it: older records are in that batch.
 */
#include "snapshot.h"

#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "charge.h"
#include "conn.h"
#include "record.h"

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

/* Make room for @count rows. On failure nothing has changed. */
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
 * tcps_snapshot_make() - allocate a snapshot
 * @user: the user to charge
 *
 * The size does not depend on the table. The walk allocates more when needed.
 *
 * Context: process; may sleep.
 * Return: the snapshot, to be begun; NULL if there is no memory or the user's share
 * is used up.
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
 * tcps_snapshot_begin() - take the snapshot's moment
 * @snapshot: just made
 *
 * Everything that happens after the call is later by the clock. So it waits for the
 * clock's next reading: a tick (1/HZ seconds) with the coarsest clock.
 *
 * Context: process; may sleep.
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
 * tcps_snapshot_free() - free a snapshot
 * @snapshot: the snapshot, or NULL
 *
 * Context: process; may sleep.
 */
void tcps_snapshot_free(struct tcps_snapshot *snapshot)
{
	if (!snapshot)
		return;
	tcps_seen_free(&snapshot->seen);
	free_rows(snapshot);
	tcps_charge_free(snapshot->user, snapshot, sizeof(*snapshot));
}

/*
 * Describe the connections of a chain as they are now, @room of them at most.
 * Returns how many there are.
 */
static unsigned int fill_rows(unsigned long chain, struct tcpstates_record *rows,
			      unsigned int room)
{
	struct hlist_bl_head *head;
	struct hlist_bl_node *node;
	unsigned int count = 0;
	struct tcps_conn *conn;

	local_irq_disable();
	head = tcps_conn_lock_chain(chain);
	hlist_bl_for_each_entry(conn, node, head, node) {
		/* Over; its replaced socket is not in CLOSE yet. */
		if (conn->state == TCPSTATES_CLOSE)
			continue;
		if (count < room)
			tcps_record_existing(&rows[count], conn);
		count++;
	}
	tcps_conn_unlock(head);
	local_irq_enable();
	return count;
}

/* Connections of a long chain that there is no memory for count as lost. */
static void copy_chain(struct tcps_snapshot *snapshot)
{
	unsigned long chain = snapshot->chain++;
	unsigned int count;

	do {
		count = fill_rows(chain, snapshot->rows, snapshot->room);
	} while (count > snapshot->room && make_rows(snapshot, count * 2));

	snapshot->row = 0;
	snapshot->count = min(count, snapshot->room);
	snapshot->lost += count - snapshot->count;
}

/* A row is in no ring, so it has no number. */
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
 * tcps_snapshot_next() - the next connection that existed at the moment
 * @snapshot: the snapshot
 * @row: receives its row
 *
 * If the row is returned to the reader, tcps_snapshot_note() has to be called.
 *
 * Context: process; may sleep.
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
 * tcps_snapshot_note() - note that a row is returned
 * @snapshot: the snapshot
 * @row: the row, from tcps_snapshot_next()
 *
 * Context: process; may sleep.
 * Return: false if there is no memory. Then the row must not be returned; it counts
 * as lost.
 */
bool tcps_snapshot_note(struct tcps_snapshot *snapshot,
			const struct tcpstates_record *row)
{
	if (tcps_seen_add(&snapshot->seen, row->conn,
			  row->boot_ns - row->dur_ns, row->new_state))
		return true;
	snapshot->lost++;
	return false;
}

/**
 * tcps_snapshot_lacks() - whether a record's connection has no row yet
 * @snapshot: the snapshot; its walk is over
 * @record: a live record after the snapshot's moment
 *
 * Context: any.
 * Return: true if the row of tcps_snapshot_row_before() has to go before @record.
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
 * tcps_snapshot_row_before() - make the row that goes before a record
 * @record: the record
 * @row: receives the row of its connection in the old state; may be @record
 *
 * Context: any.
 */
void tcps_snapshot_row_before(const struct tcpstates_record *record,
			      struct tcpstates_record *row)
{
	*row = *record;
	make_row(row, record->old_state, record->boot_ns - record->dur_ns,
		 record->boot_ns, record->real_ns);
	/* The handshake was not complete at that time. */
	if (row->new_state == TCPSTATES_SYN_SENT ||
	    row->new_state == TCPSTATES_SYN_RECV) {
		row->known &= ~TCPSTATES_KNOW_HANDSHAKE;
		row->handshake_ns = 0;
	}
}
