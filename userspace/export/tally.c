// SPDX-License-Identifier: GPL-2.0
/* Counts of connections, updated by the stream. */
#include "export/tally.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/hash.h"

/**
 * struct tally_conn - a connection that exists
 * @cookie: its conn
 * @state: its state
 * @stuck: whether it counts as stuck
 * @owner: number of its group of owners
 * @listener: number of its group of listeners, or TALLY_NO_GROUP
 * @round: number of the latest snapshot that had it
 * @hh: for the table of connections
 */
struct tally_conn {
	__u64 cookie;
	__u8 state;
	bool stuck;
	__u16 owner;
	__u16 listener;
	unsigned int round;
	UT_hash_handle hh;
};

/**
 * struct tally_index - the number of a group
 * @key: key of the group
 * @number: its number
 * @hh: for the table of groups
 */
struct tally_index {
	struct tally_key key;
	__u16 number;
	UT_hash_handle hh;
};

enum { OWNERS, LISTENERS };

const double tally_handshake_bounds[TALLY_BUCKETS - 1] = {
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
	0.25, 0.5, 1, 3, 10,
};

const double tally_duration_bounds[TALLY_BUCKETS - 1] = {
	0.0001, 0.001, 0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400,
	86400, 604800,
};

static void histogram_observe(struct tally_histogram *histogram,
			      const double bounds[TALLY_BUCKETS - 1], __u64 ns)
{
	double seconds = ns / 1e9;
	unsigned int i = 0;

	while (i < TALLY_BUCKETS - 1 && seconds > bounds[i])
		i++;
	histogram->counts[i]++;
	histogram->sum_s += ns / NSEC_PER_SEC;
	histogram->sum_ns += ns % NSEC_PER_SEC;
	if (histogram->sum_ns >= NSEC_PER_SEC) {
		histogram->sum_ns -= NSEC_PER_SEC;
		histogram->sum_s++;
	}
}

static struct tally_group *groups_of(struct tally *tally, int kind)
{
	return kind == OWNERS ? tally->owners : tally->listeners;
}

/* Returns the number of a group, or TALLY_NO_GROUP if there is none. */
static __u16 find_group(struct tally *tally, int kind,
			const struct tally_key *key)
{
	struct tally_index *index;

	HASH_FIND(hh, tally->group_index[kind], key, sizeof(*key), index);
	return index ? index->number : TALLY_NO_GROUP;
}

/* Finds a place for a group: a free one, else an empty one, else TALLY_OTHER. */
static __u16 find_place(struct tally *tally, int kind)
{
	struct tally_group *groups = groups_of(tally, kind);
	struct tally_index *index;
	__u16 i, empty = TALLY_OTHER;

	for (i = 1; i < TALLY_GROUPS; i++) {
		if (!groups[i].used)
			return i;
		if (!empty && !groups[i].members)
			empty = i;
	}
	if (!empty)
		return TALLY_OTHER;
	HASH_FIND(hh, tally->group_index[kind], &groups[empty].key,
		  sizeof(groups[empty].key), index);
	if (index) {
		HASH_DEL(tally->group_index[kind], index);
		free(index);
	}
	return empty;
}

static __u16 make_group(struct tally *tally, int kind,
			const struct tally_key *key)
{
	struct tally_group *groups = groups_of(tally, kind);
	__u16 number = find_group(tally, kind, key);
	struct tally_index *index;

	/* Addresses of an unknown family have no text for a label. */
	if (kind == LISTENERS && key->family != TCPSTATES_FAMILY_INET &&
	    key->family != TCPSTATES_FAMILY_INET6)
		return TALLY_OTHER;
	if (number != TALLY_NO_GROUP)
		return number;
	number = find_place(tally, kind);
	if (number == TALLY_OTHER)
		return number;
	index = calloc(1, sizeof(*index));
	if (!index) {
		groups[number].used = false;
		tally->failed = true;
		return TALLY_OTHER;
	}
	index->key = *key;
	index->number = number;
	HASH_ADD(hh, tally->group_index[kind], key, sizeof(index->key), index);
	if (!index->hh.tbl) {
		free(index);
		groups[number].used = false;
		tally->failed = true;
		return TALLY_OTHER;
	}
	groups[number] = (struct tally_group) { .key = *key, .used = true };
	return number;
}

static __u16 owner_of(struct tally *tally,
		      const struct tcpstates_record *record)
{
	struct tally_key key = { 0 };

	if (record->known & TCPSTATES_KNOW_OWNER) {
		key.known = true;
		/* Bytes behind the end of the name may differ. */
		memcpy(key.comm, record->comm,
		       strnlen(record->comm, sizeof(key.comm)));
	}
	return make_group(tally, OWNERS, &key);
}

/*
 * Any user can listen at the address of a service, in a network namespace of his own.
 * Listeners there have a group of their own, a single one for all other namespaces:
 * one for each would have no bound over time.
 */
static struct tally_key listener_key(const struct tally *tally,
				     const struct tcpstates_record *record)
{
	struct tally_key key = {
		.port = record->lport,
		.family = record->family,
		.is_foreign = tally->own_netns &&
			      record->netns != tally->own_netns,
	};

	memcpy(key.addr, record->laddr, sizeof(key.addr));
	return key;
}

/* The listener at the connection's address, or at the unspecified one. */
static __u16 listener_of(struct tally *tally,
			 const struct tcpstates_record *record)
{
	struct tally_key key = listener_key(tally, record);
	__u16 number = find_group(tally, LISTENERS, &key);

	if (number != TALLY_NO_GROUP)
		return number;
	memset(key.addr, 0, sizeof(key.addr));
	number = find_group(tally, LISTENERS, &key);
	if (number != TALLY_NO_GROUP || key.family == TCPSTATES_FAMILY_INET6)
		return number;
	key.family = TCPSTATES_FAMILY_INET6;
	return find_group(tally, LISTENERS, &key);
}

/**
 * tally_listener() - the group of a listener
 * @tally: the counts
 * @record: a record of the listener
 *
 * Return: its group, a new one if needed, or the group "other".
 */
struct tally_group *tally_listener(struct tally *tally,
				   const struct tcpstates_record *record)
{
	struct tally_key key = listener_key(tally, record);

	return &tally->listeners[make_group(tally, LISTENERS, &key)];
}

/* Adds @by, 1 or -1, to the counts of a connection. */
static void count_in_groups(struct tally *tally, const struct tally_conn *conn, int by)
{
	struct tally_group *groups[2] = { &tally->owners[conn->owner] };
	unsigned int i;

	if (conn->listener != TALLY_NO_GROUP)
		groups[1] = &tally->listeners[conn->listener];
	tally->states[conn->state] += by;
	for (i = 0; i < 2; i++) {
		if (!groups[i])
			continue;
		groups[i]->members += by;
		groups[i]->states[conn->state] += by;
		if (conn->stuck)
			groups[i]->stuck[conn->state] += by;
	}
}

static struct tally_conn *find_conn(struct tally *tally, __u64 cookie)
{
	struct tally_conn *conn;

	HASH_FIND(hh, tally->conns, &cookie, sizeof(cookie), conn);
	return conn;
}

static struct tally_conn *add_conn(struct tally *tally, __u64 cookie)
{
	struct tally_conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		tally->failed = true;
		return NULL;
	}
	conn->cookie = cookie;
	conn->listener = TALLY_NO_GROUP;
	HASH_ADD(hh, tally->conns, cookie, sizeof(conn->cookie), conn);
	if (conn->hh.tbl)
		return conn;
	free(conn);
	tally->failed = true;
	return NULL;
}

static void remove_conn(struct tally *tally, struct tally_conn *conn)
{
	count_in_groups(tally, conn, -1);
	HASH_DEL(tally->conns, conn);
	free(conn);
}

/* Updates the connection of a record. */
static void update_conn(struct tally *tally, const struct tcpstates_record *record,
			bool stuck)
{
	struct tally_conn *conn = find_conn(tally, record->conn);
	bool is_new = !conn;

	if (is_new)
		conn = add_conn(tally, record->conn);
	else
		count_in_groups(tally, conn, -1);
	if (!conn)
		return;
	conn->state = record->new_state;
	conn->stuck = stuck;
	conn->round = tally->round;
	conn->owner = owner_of(tally, record);
	if (conn->state == TCPSTATES_LISTEN)
		conn->listener = tally_listener(tally, record) -
				 tally->listeners;
	else if (is_new)
		conn->listener = listener_of(tally, record);
	count_in_groups(tally, conn, 1);
}

static bool is_old(const struct tally *tally,
		   const struct tcpstates_record *record)
{
	unsigned int limit_s = tally->limits_s[record->new_state];

	return limit_s && record->known & TCPSTATES_KNOW_DURATION &&
	       record->dur_ns >= limit_s * NSEC_PER_SEC;
}

static void add_transition(struct tally *tally,
			   const struct tcpstates_record *record)
{
	__u8 old = record->old_state, new = record->new_state;
	struct tally_conn *conn;

	tally->transitions[old][new][record->cause]++;
	if (record->known & TCPSTATES_KNOW_DURATION)
		histogram_observe(&tally->durations[old], tally_duration_bounds,
				  record->dur_ns);
	if (new == TCPSTATES_ESTABLISHED &&
	    record->known & TCPSTATES_KNOW_HANDSHAKE)
		histogram_observe(&tally->handshakes[old != TCPSTATES_SYN_SENT],
				  tally_handshake_bounds, record->handshake_ns);
	if (new != TCPSTATES_CLOSE) {
		update_conn(tally, record, false);
		return;
	}
	conn = find_conn(tally, record->conn);
	if (!conn)
		return;
	if (record->cause == TCPSTATES_CAUSE_OVERFLOW &&
	    conn->listener != TALLY_NO_GROUP)
		tally->listeners[conn->listener].overflows++;
	remove_conn(tally, conn);
}

/* A later version may have values that cannot be counted. */
static bool is_known(const struct tcpstates_record *record)
{
	return record->old_state < TCPSTATES_STATE_COUNT &&
	       record->new_state < TCPSTATES_STATE_COUNT &&
	       record->cause < TCPSTATES_CAUSE_COUNT;
}

/* Records that a snapshot skipped leave a gap in the sequence numbers of a CPU. */
static void look_for_gap(struct tally *tally,
			 const struct tcpstates_record *record)
{
	__u64 *next = record->cpu < TALLY_CPUS ?
		      &tally->next_seq[record->cpu] : NULL;

	if (!tally->sees_all || !next)
		return;
	if (*next && record->seq > *next)
		tally->lost += record->seq - *next;
	*next = record->seq + 1;
}

/**
 * tally_add() - count a record
 * @tally: the counts
 * @record: the record
 *
 * Return: true if records before it were lost: a new snapshot is needed.
 */
bool tally_add(struct tally *tally, const struct tcpstates_record *record)
{
	if (record->event == TCPSTATES_EVENT_LOST) {
		tally->lost += record->count;
		/* The gaps that it leaves are part of @count. */
		memset(tally->next_seq, 0, sizeof(tally->next_seq));
		return true;
	}
	if (record->event != TCPSTATES_EVENT_EXISTING)
		look_for_gap(tally, record);
	if (!is_known(record))
		return false;
	switch (record->event) {
	case TCPSTATES_EVENT_TRANSITION:
		add_transition(tally, record);
		break;
	case TCPSTATES_EVENT_EXISTING:
		update_conn(tally, record, is_old(tally, record));
		break;
	case TCPSTATES_EVENT_STUCK:
		tally->stuck_events[record->new_state]++;
		update_conn(tally, record, true);
		break;
	}
	return false;
}

/**
 * tally_begin_round() - a snapshot begins
 * @tally: the counts
 */
void tally_begin_round(struct tally *tally)
{
	tally->round++;
}

/**
 * tally_end_round() - the snapshot is complete: connections not in it have ended
 * @tally: the counts
 */
void tally_end_round(struct tally *tally)
{
	struct tally_conn *conn, *next;

	HASH_ITER(hh, tally->conns, conn, next)
		if (conn->round != tally->round)
			remove_conn(tally, conn);
}

/** tally_init() - set all counts to 0 */
void tally_init(struct tally *tally)
{
	memset(tally, 0, sizeof(*tally));
	tally->owners[TALLY_OTHER].used = true;
	tally->listeners[TALLY_OTHER].used = true;
}

/** tally_free() - free the tables */
void tally_free(struct tally *tally)
{
	struct tally_index *index, *next_index;
	struct tally_conn *conn, *next;
	unsigned int i;

	HASH_ITER(hh, tally->conns, conn, next) {
		HASH_DEL(tally->conns, conn);
		free(conn);
	}
	for (i = 0; i < 2; i++)
		HASH_ITER(hh, tally->group_index[i], index, next_index) {
			HASH_DEL(tally->group_index[i], index);
			free(index);
		}
}
