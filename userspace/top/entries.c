// SPDX-License-Identifier: GPL-2.0
/* The connections that exist, updated by the stream. */
#include "top/entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/**
 * struct entries - the connections
 * @table: table of connections by conn
 * @all: array of them, in no order
 * @count: number of connections
 * @room: number of connections that fit into @all
 * @in: number of connections in each state
 */
struct entries {
	struct entry *table;
	struct entry **all;
	size_t count;
	size_t room;
	size_t in[TCPSTATES_STATE_COUNT];
};

/** entries_new() - an empty table; NULL without memory */
struct entries *entries_new(void)
{
	return calloc(1, sizeof(struct entries));
}

/** entries_clear() - remove all connections */
void entries_clear(struct entries *entries)
{
	size_t i;

	HASH_CLEAR(hh, entries->table);
	for (i = 0; i < entries->count; i++)
		free(entries->all[i]);
	entries->count = 0;
	memset(entries->in, 0, sizeof(entries->in));
}

/** entries_free() - free the table; NULL does nothing */
void entries_free(struct entries *entries)
{
	if (!entries)
		return;
	entries_clear(entries);
	free(entries->all);
	free(entries);
}

/** entries_find() - the connection with this conn, or NULL */
struct entry *entries_find(const struct entries *entries, __u64 conn)
{
	struct entry *entry;

	HASH_FIND(hh, entries->table, &conn, sizeof(conn), entry);
	return entry;
}

/* Returns NULL without memory. */
static struct entry *new_entry(struct entries *entries, __u64 conn)
{
	struct entry **all, *entry;

	all = array_reserve(entries->all, &entries->room, entries->count + 1,
			    sizeof(*all));
	if (!all)
		return NULL;
	entries->all = all;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->record.conn = conn;
	HASH_ADD(hh, entries->table, record.conn, sizeof(conn), entry);
	if (!entry->hh.tbl) {
		free(entry);
		return NULL;
	}
	entry->place = entries->count;
	entries->all[entries->count++] = entry;
	entries->in[TCPSTATES_UNKNOWN]++;
	return entry;
}

static void remove_entry(struct entries *entries, struct entry *entry)
{
	struct entry *last = entries->all[--entries->count];

	entries->in[entry->record.new_state]--;
	HASH_DEL(entries->table, entry);
	entries->all[entry->place] = last;
	last->place = entry->place;
	free(entry);
}

/** entry_remember() - add a change to the history of a connection */
void entry_remember(struct entry *entry, const struct tcpstates_record *record)
{
	entry->changes[entry->count++ % ENTRY_CHANGES] = (struct change) {
		.boot_ns = record->boot_ns,
		.real_ns = record->real_ns,
		.dur_ns = record->dur_ns,
		.timed = record->known & TCPSTATES_KNOW_DURATION,
		.old_state = record->old_state,
		.new_state = record->new_state,
		.cause = record->cause,
	};
}

static __u64 state_since(const struct tcpstates_record *record)
{
	if (record->event == TCPSTATES_EVENT_TRANSITION)
		return record->boot_ns;
	return record->known & TCPSTATES_KNOW_DURATION ?
	       record->boot_ns - record->dur_ns : 0;
}

/**
 * entries_add() - update a connection by a record
 * @entries: the connections
 * @record: EXISTING, TRANSITION, or STUCK, which has the current owner
 *
 * Return: 0, or -1 and errno.
 */
int entries_add(struct entries *entries, const struct tcpstates_record *record)
{
	struct entry *entry = entries_find(entries, record->conn);
	unsigned int before;

	if (record->new_state >= TCPSTATES_STATE_COUNT)
		return 0;
	if (record->new_state == TCPSTATES_CLOSE) {
		if (entry)
			remove_entry(entries, entry);
		return 0;
	}
	if (!entry)
		entry = new_entry(entries, record->conn);
	if (!entry) {
		errno = ENOMEM;
		return -1;
	}
	before = entry->record.new_state;
	if (record->event != TCPSTATES_EVENT_STUCK || !entry->count) {
		entry_remember(entry, record);
		entry->since_ns = state_since(record);
	}
	entry->record = *record;
	entries->in[before]--;
	entries->in[record->new_state]++;
	return 0;
}

/** entries_count() - the number of connections */
size_t entries_count(const struct entries *entries)
{
	return entries->count;
}

/** entries_at() - a connection by index; entries_add() changes the order */
struct entry *entries_at(const struct entries *entries, size_t i)
{
	return entries->all[i];
}

/** entries_in() - the number of connections in a state */
size_t entries_in(const struct entries *entries, unsigned int state)
{
	return entries->in[state];
}

/**
 * entry_now() - a connection as a row of a snapshot
 * @entry: the connection
 * @now_ns: CLOCK_BOOTTIME
 *
 * Return: an EXISTING; its members are those of the latest record, but for the age.
 */
struct tcpstates_record entry_now(const struct entry *entry, __u64 now_ns)
{
	struct tcpstates_record record = entry->record;

	record.event = TCPSTATES_EVENT_EXISTING;
	record.old_state = TCPSTATES_UNKNOWN;
	record.cause = TCPSTATES_CAUSE_UNKNOWN;
	record.known &= ~TCPSTATES_KNOW_DURATION;
	record.dur_ns = 0;
	if (entry->since_ns) {
		record.known |= TCPSTATES_KNOW_DURATION;
		record.dur_ns = now_ns > entry->since_ns ?
				now_ns - entry->since_ns : 0;
	}
	/* In a TRANSITION the flag is about the old state. */
	if (entry->record.event == TCPSTATES_EVENT_TRANSITION)
		record.flags &= ~TCPSTATES_FLAG_ATLEAST;
	return record;
}

/** entry_change() - the change @back before the latest one; NULL if not kept */
const struct change *entry_change(const struct entry *entry, size_t back)
{
	if (back >= entry->count || back >= ENTRY_CHANGES)
		return NULL;
	return &entry->changes[(entry->count - 1 - back) % ENTRY_CHANGES];
}
