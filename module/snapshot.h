/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A snapshot: the connections that exist at one moment, as rows that go before a
 * reader's live records. Together they have no gap and nothing twice. It knows the
 * table of connections, not rings or files.
 *
 * Context: process, one thread at a time for one snapshot.
 */
#ifndef _TCPS_SNAPSHOT_H
#define _TCPS_SNAPSHOT_H

#include <linux/types.h>

#include "snapshot_seen.h"
#include "uapi/tcpstates.h"

struct tcps_user;

/**
 * struct tcps_snapshot - a walk over the table
 * @user: the user to charge for the memory
 * @moment_ns: the moment of the snapshot (CLOCK_BOOTTIME)
 * @end_ns: when the walk ended; 0 before
 * @moment_real_ns: @moment_ns as CLOCK_REALTIME
 * @chain: index of the next chain to copy
 * @rows: copies of the connections of one chain; NULL after the walk
 * @row: index in @rows of the next one to return
 * @count: number of rows
 * @room: length of @rows
 * @lost: connections that there was no memory for
 * @seen: the rows that have been returned
 */
struct tcps_snapshot {
	struct tcps_user *user;
	u64 moment_ns;
	u64 end_ns;
	u64 moment_real_ns;
	unsigned long chain;
	struct tcpstates_record *rows;
	unsigned int row;
	unsigned int count;
	unsigned int room;
	u64 lost;
	struct tcps_seen seen;
};

struct tcps_snapshot *tcps_snapshot_make(struct tcps_user *user);
void tcps_snapshot_begin(struct tcps_snapshot *snapshot);
void tcps_snapshot_free(struct tcps_snapshot *snapshot);
bool tcps_snapshot_next(struct tcps_snapshot *snapshot,
			struct tcpstates_record *row);
bool tcps_snapshot_note(struct tcps_snapshot *snapshot,
			const struct tcpstates_record *row);
bool tcps_snapshot_lacks(const struct tcps_snapshot *snapshot,
			 const struct tcpstates_record *record);
void tcps_snapshot_row_before(const struct tcpstates_record *record,
			      struct tcpstates_record *row);

#endif /* _TCPS_SNAPSHOT_H */
