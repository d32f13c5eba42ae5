/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is there, to go before what happens: the connections at one moment, the
 * moment that a reader's live records begin with, without a gap and without a
 * double. It knows the table of connections, not rings or files.
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
 * @user: who is charged for its memory
 * @moment_ns: what was there at this time (CLOCK_BOOTTIME) is to be told
 * @end_ns: when the walk ended; 0 before
 * @moment_real_ns: @moment_ns by CLOCK_REALTIME
 * @chain: next chain to copy
 * @rows: copied from the chain before; NULL when the walk has ended
 * @row: next of them to give
 * @count: how many there are
 * @room: for how many there is memory
 * @lost: connections that there was no memory for
 * @seen: the rows that have been given
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
bool tcps_snapshot_give(struct tcps_snapshot *snapshot,
			const struct tcpstates_record *row);
bool tcps_snapshot_lacks(const struct tcps_snapshot *snapshot,
			 const struct tcpstates_record *record);
void tcps_snapshot_introduce(const struct tcpstates_record *record,
			     struct tcpstates_record *row);

#endif /* _TCPS_SNAPSHOT_H */
