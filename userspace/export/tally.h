/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts of connections, kept as the stream goes on, so that asking for them costs
 * nothing per connection. Whoever reads the stream gives each record to
 * tally_add(); nothing here reads, waits or prints.
 *
 * Groups are bounded: what finds no place counts in a group called "other", and a
 * group that has become empty gives its place to a new one.
 */
#ifndef _EXPORT_TALLY_H
#define _EXPORT_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

#define TALLY_GROUPS		256	/* of each kind, "other" among them */
#define TALLY_OTHER		0	/* the number of that */
#define TALLY_NAME_SIZE		128
#define TALLY_BUCKETS		16
#define TALLY_NO_GROUP		65535
#define TALLY_CPUS		8192	/* whose records are looked at for gaps */

/**
 * struct tally_key - by what connections are grouped
 * @comm: of owners: the name of the process, with zeros from its end on
 * @addr: of listeners: the address, as in a record, like the others
 * @port: likewise
 * @family: likewise; 0 for "other"
 * @known: of owners: whether the name is known, which may also be empty
 *
 * All of it is compared: unused bytes are zero. Two keys that differ have labels
 * that differ, see metrics.c.
 */
struct tally_key {
	char comm[TCPSTATES_COMM_LEN];
	__u8 addr[16];
	__u16 port;
	__u8 family;
	__u8 known;
};

/**
 * struct tally_group - connections of one owner, or of one listener
 * @key: which
 * @used: it is there
 * @members: connections in it now
 * @states: of these, by state
 * @stuck: how many of these are stuck
 * @overflows: connections that ended since the accept queue was full
 */
struct tally_group {
	struct tally_key key;
	bool used;
	unsigned long long members;
	unsigned long long states[TCPSTATES_STATE_COUNT];
	unsigned long long stuck[TCPSTATES_STATE_COUNT];
	unsigned long long overflows;
};

/**
 * struct tally_histogram - how often something took so long
 * @counts: by bucket; the last one has no upper bound
 * @sum_s: of all, whole seconds: 64 bits of nanoseconds are 585 years of one
 *	connection, or two days of 100,000
 * @sum_ns: and the rest, below a second
 */
struct tally_histogram {
	unsigned long long counts[TALLY_BUCKETS];
	unsigned long long sum_s;
	unsigned int sum_ns;
};

struct tally_conn;

/**
 * struct tally - all of it
 * @conns: the connections that exist
 * @group_index: numbers of groups by key, owners and listeners
 * @owners: the groups
 * @listeners: likewise
 * @states: connections by state
 * @transitions: by old state, new state and cause
 * @handshakes: of connections opened from here (0) and to here (1)
 * @durations: by state that was left
 * @stuck_events: by state, how often one was told to be stuck
 * @sees_all: there are no gaps but for what is missing
 * @lost: records that are missing
 * @limits_s: from which age on one is stuck, by state; 0: never
 * @round: of the last look at all that exists
 * @next_seq: number of the next record of each CPU; 0 if it is not known
 * @failed: there was no memory for something
 */
struct tally {
	struct tally_conn *conns;
	struct tally_index *group_index[2];
	struct tally_group owners[TALLY_GROUPS];
	struct tally_group listeners[TALLY_GROUPS];
	unsigned long long states[TCPSTATES_STATE_COUNT];
	unsigned long long transitions[TCPSTATES_STATE_COUNT]
				      [TCPSTATES_STATE_COUNT]
				      [TCPSTATES_CAUSE_COUNT];
	struct tally_histogram handshakes[2];
	struct tally_histogram durations[TCPSTATES_STATE_COUNT];
	unsigned long long stuck_events[TCPSTATES_STATE_COUNT];
	bool sees_all;
	unsigned long long lost;
	unsigned int limits_s[TCPSTATES_STATE_COUNT];
	unsigned int round;
	__u64 next_seq[TALLY_CPUS];
	bool failed;
};

/* Upper bounds of the buckets in seconds, as numbers and as text. */
extern const double tally_handshake_bounds[TALLY_BUCKETS - 1];
extern const double tally_duration_bounds[TALLY_BUCKETS - 1];

void tally_init(struct tally *tally);
void tally_free(struct tally *tally);
bool tally_add(struct tally *tally, const struct tcpstates_record *record);
void tally_begin_round(struct tally *tally);
void tally_end_round(struct tally *tally);
struct tally_group *tally_listener(struct tally *tally,
				   const struct tcpstates_record *record);

#endif /* _EXPORT_TALLY_H */
