// SPDX-License-Identifier: GPL-2.0
/*
 * The table changes while it is walked. A snapshot is of the moment M before
 * the walk, and the live records begin after M. The walk copies each chain at
 * a time of its own, C, and tells
 *
 *   - of a connection that had no transition since M: its row;
 *   - of one that had: nothing. Its records after M tell.
 *
 * The first record after M of a connection says where it was at M: in the old
 * state, since before M. If that record came after C, the walk has told the
 * row; if it came before, the row goes before the record ("lacks"). A record
 * whose duration began after M is not the connection's first, and one without
 * a duration is of a connection that the table did not hold at M.
 *
 * Records and C are stamped under the lock of the chain, so that before and
 * after are decided.
 */
#include "snapshot.h"

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "conn.h"

#define FIRST_ROOM	16U

/**
 * tcps_snapshot_make() - memory for a snapshot
 *
 * Return: the snapshot, to begin, or NULL if there is no memory.
 */
struct tcps_snapshot *tcps_snapshot_make(void)
{
	unsigned long chains = tcps_conn_chains();
	struct tcps_snapshot *snapshot;

	snapshot = kvzalloc(struct_size(snapshot, copied_ns, chains),
			    GFP_KERNEL_ACCOUNT);
	if (!snapshot)
		return NULL;
	snapshot->chains = chains;
	snapshot->room = FIRST_ROOM;
	snapshot->rows = kvcalloc(FIRST_ROOM, sizeof(*snapshot->rows),
				  GFP_KERNEL_ACCOUNT);
	if (!snapshot->rows) {
		kvfree(snapshot);
		return NULL;
	}
	return snapshot;
}

/**
 * tcps_snapshot_begin() - choose this moment
 * @snapshot: just made
 */
void tcps_snapshot_begin(struct tcps_snapshot *snapshot)
{
	ktime_t now = ktime_get();

	snapshot->moment_ns = ktime_to_ns(ktime_mono_to_any(now, TK_OFFS_BOOT));
	snapshot->moment_real_ns =
		ktime_to_ns(ktime_mono_to_any(now, TK_OFFS_REAL));
}

/**
 * tcps_snapshot_free() - forget a snapshot
 * @snapshot: which, or NULL
 */
void tcps_snapshot_free(struct tcps_snapshot *snapshot)
{
	if (!snapshot)
		return;
	kvfree(snapshot->rows);
	kvfree(snapshot);
}

static bool grow(struct tcps_snapshot *snapshot, unsigned int count)
{
	struct tcpstates_record *rows;

	rows = kvcalloc(count, sizeof(*rows), GFP_KERNEL_ACCOUNT);
	if (!rows)
		return false;
	kvfree(snapshot->rows);
	snapshot->rows = rows;
	snapshot->room = count;
	return true;
}

/* What a long chain has no memory for counts as lost. */
static void copy_chain(struct tcps_snapshot *snapshot)
{
	unsigned long chain = snapshot->chain++;
	unsigned int count;

	do {
		count = tcps_conn_copy(chain, snapshot->rows, snapshot->room,
				       &snapshot->copied_ns[chain]);
	} while (count > snapshot->room && grow(snapshot, count * 2));

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

/**
 * tcps_snapshot_next() - the next connection that was there
 * @snapshot: the snapshot
 * @row: where to
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
		if (snapshot->chain == snapshot->chains)
			break;
		copy_chain(snapshot);
		cond_resched();
	}
	if (!snapshot->end_ns)
		snapshot->end_ns = ktime_get_boottime_ns();
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
	return record->event == TCPSTATES_EVENT_TRANSITION &&
	       (record->known & TCPSTATES_KNOW_DURATION) &&
	       record->boot_ns - record->dur_ns <= snapshot->moment_ns &&
	       record->boot_ns <
		snapshot->copied_ns[tcps_conn_chain(record->conn)];
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
