/* SPDX-License-Identifier: GPL-2.0 */
/* The connections that there are, kept as the stream goes on, with their past. */
#ifndef _TOP_ENTRIES_H
#define _TOP_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "libtcpstates.h"

/* Changes that are remembered of each, the last ones. */
#define ENTRY_CHANGES	12

/**
 * struct change - what happened to a connection
 * @boot_ns: when
 * @real_ns: the same by the clock on the wall
 * @dur_ns: how long the state before had lasted, if @timed
 * @timed: whether that is known
 * @old_state: the state before; unknown if this is how it was found
 * @new_state: and after
 * @cause: why
 */
struct change {
	__u64 boot_ns;
	__u64 real_ns;
	__u64 dur_ns;
	bool timed;
	__u8 old_state;
	__u8 new_state;
	__u8 cause;
};

/**
 * struct entry - a connection
 * @record: how it was last told to be
 * @since_ns: since when it is in its state, CLOCK_BOOTTIME; 0 if that is unknown
 * @changes: its past, as a ring
 * @count: how many changes there have been
 * @place: among all, and
 * @hh: for the table, both of entries.c
 */
struct entry {
	struct tcpstates_record record;
	__u64 since_ns;
	struct change changes[ENTRY_CHANGES];
	size_t count;
	size_t place;
	UT_hash_handle hh;
};

struct entries;

struct entries *entries_new(void);
void entries_free(struct entries *entries);
void entries_clear(struct entries *entries);
int entries_add(struct entries *entries, const struct tcpstates_record *record);
size_t entries_count(const struct entries *entries);
struct entry *entries_at(const struct entries *entries, size_t i);
struct entry *entries_find(const struct entries *entries, __u64 conn);
size_t entries_in(const struct entries *entries, unsigned int state);

void entry_remember(struct entry *entry, const struct tcpstates_record *record);
struct tcpstates_record entry_now(const struct entry *entry, __u64 now_ns);
const struct change *entry_change(const struct entry *entry, size_t back);

#endif /* _TOP_ENTRIES_H */
