// SPDX-License-Identifier: GPL-2.0
/* The connections that there are, kept as the stream goes on. */
#include "top/entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/**
 * struct entries - all of them
 * @table: by conn
 * @all: the same, in no order
 * @count: of them
 * @room: for how many there is memory
 * @in: how many are in each state
 */
struct entries {
	struct entry *table;
	struct entry **all;
	size_t count;
	size_t room;
	size_t in[TCPSTATES_STATE_COUNT];
};

/** entries_new() - none; NULL without memory */
struct entries *entries_new(void)
{
	return calloc(1, sizeof(struct entries));
}

/** entries_clear() - forget all */
void entries_clear(struct entries *entries)
{
	size_t i;

	HASH_CLEAR(hh, entries->table);
	for (i = 0; i < entries->count; i++)
		free(entries->all[i]);
	entries->count = 0;
	memset(entries->in, 0, sizeof(entries->in));
}

/** entries_free() - forget all, and the memory */
void entries_free(struct entries *entries)
{
	if (!entries)
		return;
	entries_clear(entries);
	free(entries->all);
	free(entries);
}

/** entries_find() - the one of that conn, NULL if there is none */
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

/** entry_remember() - add to what has happened to a connection */
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
 * entries_add() - take what was told of a connection
 * @entries: where to
 * @record: an EXISTING, a TRANSITION, or a STUCK, which knows the owner of now
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

/** entries_count() - how many there are */
size_t entries_count(const struct entries *entries)
{
	return entries->count;
}

/** entries_at() - one of them; their order changes with entries_add() */
struct entry *entries_at(const struct entries *entries, size_t i)
{
	return entries->all[i];
}

/** entries_in() - how many are in a state */
size_t entries_in(const struct entries *entries, unsigned int state)
{
	return entries->in[state];
}

/**
 * entry_now() - a connection as a snapshot would tell it
 * @entry: the connection
 * @now_ns: CLOCK_BOOTTIME
 *
 * Return: an EXISTING; what else changes with time is as it was told last.
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
	/* Of a change, the mark is about the state before. */
	if (entry->record.event == TCPSTATES_EVENT_TRANSITION)
		record.flags &= ~TCPSTATES_FLAG_ATLEAST;
	return record;
}

/** entry_change() - the last change, or one so many before; NULL if none is known */
const struct change *entry_change(const struct entry *entry, size_t back)
{
	if (back >= entry->count || back >= ENTRY_CHANGES)
		return NULL;
	return &entry->changes[(entry->count - 1 - back) % ENTRY_CHANGES];
}
