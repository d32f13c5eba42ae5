/* SPDX-License-Identifier: GPL-2.0 */
/* The connections that exist, updated by the stream, with their latest changes. */
#ifndef _TOP_ENTRIES_H
#define _TOP_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "libtcpstates.h"

/* Number of latest changes kept for each connection. */
#define ENTRY_CHANGES	12

/**
 * struct change - a state change of a connection
 * @boot_ns: its time, CLOCK_BOOTTIME
 * @real_ns: its time, CLOCK_REALTIME
 * @dur_ns: how long the old state lasted, if @timed
 * @timed: whether @dur_ns is known
 * @old_state: state before; unknown if the connection was found in @new_state
 * @new_state: state after
 * @cause: cause of the change
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
 * @record: its latest record
 * @since_ns: when it entered its state, CLOCK_BOOTTIME; 0 if unknown
 * @changes: ring of its latest changes
 * @count: number of changes so far
 * @place: index in the array of entries
 * @hh: for the table of entries
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
