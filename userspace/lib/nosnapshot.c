// SPDX-License-Identifier: GPL-2.0
/*
 * The module's reader can have a snapshot of the module's table. As a part of
 * the library it never has one: there is no table.
 */
#include "snapshot.h"

struct tcps_snapshot *tcps_snapshot_make(struct tcps_user *user)
{
	(void)user;
	return NULL;
}

void tcps_snapshot_begin(struct tcps_snapshot *snapshot)
{
	(void)snapshot;
}

void tcps_snapshot_free(struct tcps_snapshot *snapshot)
{
	(void)snapshot;
}

bool tcps_snapshot_next(struct tcps_snapshot *snapshot,
			struct tcpstates_record *row)
{
	(void)snapshot;
	(void)row;
	return false;
}

bool tcps_snapshot_give(struct tcps_snapshot *snapshot,
			const struct tcpstates_record *row)
{
	(void)snapshot;
	(void)row;
	return false;
}

bool tcps_snapshot_lacks(const struct tcps_snapshot *snapshot,
			 const struct tcpstates_record *record)
{
	(void)snapshot;
	(void)record;
	return false;
}

void tcps_snapshot_introduce(const struct tcpstates_record *record,
			     struct tcpstates_record *row)
{
	(void)record;
	(void)row;
}
