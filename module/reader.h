/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One reader of the device: the merged rings, and before their records the rows
 * of a snapshot, if the reader has asked for one.
 *
 * Context: process, with the file's mutex held, where nothing else is said.
 */
#ifndef _TCPS_READER_H
#define _TCPS_READER_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "merge.h"
#include "uapi/tcpstates.h"

struct tcps_snapshot;
struct tcps_user;

/**
 * struct tcps_reader - a reader
 * @snapshot: the snapshot whose rows are returned before the live records, or
 *	NULL
 * @row_cpu: CPU of the record that a row has just been returned for
 * @row_seq: number of that record; U64_MAX if there is none
 * @merge: the live records
 */
struct tcps_reader {
	struct tcps_snapshot *snapshot;
	u32 row_cpu;
	u64 row_seq;
	struct tcps_merge merge;	/* has a flexible array: last */
};

size_t tcps_reader_size(unsigned int count);
void tcps_reader_init(struct tcps_reader *reader,
		      struct tcps_ring *const *rings, unsigned int count,
		      u32 netns, u64 born_ns);
enum tcps_found tcps_reader_next_with_rows(struct tcps_reader *reader,
					   struct tcpstates_record *record);
void tcps_reader_skip(struct tcps_reader *reader);
void tcps_reader_rewind(struct tcps_reader *reader);
int tcps_reader_snapshot(struct tcps_reader *reader, struct tcps_user *user);
void tcps_reader_end(struct tcps_reader *reader);

/**
 * tcps_reader_next() - the next item for a reader
 * @reader: the reader
 * @record: receives the item; undefined if there is none
 *
 * A signal ends a long search; the next call continues it.
 *
 * Context: process, with the file's mutex held; may sleep.
 * Return: see enum tcps_found.
 */
static inline enum tcps_found tcps_reader_next(struct tcps_reader *reader,
					       struct tcpstates_record *record)
{
	if (unlikely(reader->snapshot))
		return tcps_reader_next_with_rows(reader, record);
	return tcps_merge_next(&reader->merge, record);
}

#endif /* _TCPS_READER_H */
