/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts of connections, updated by the stream, so that a scrape costs nothing per
 * connection. The reader of the stream passes each record to tally_add(); nothing here
 * reads, waits or prints.
 *
 * The number of groups is bounded: when all places are taken, a new group replaces an
 * empty one, or counts in the group "other".
 */
#ifndef _EXPORT_TALLY_H
#define _EXPORT_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

#define TALLY_GROUPS		256	/* of each kind, with "other" */
#define TALLY_OTHER		0	/* number of the group "other" */
#define TALLY_NAME_SIZE		128
#define TALLY_BUCKETS		16
#define TALLY_NO_GROUP		65535
#define TALLY_CPUS		8192	/* whose sequence numbers are checked for gaps */

/**
 * struct tally_key - what connections are grouped by
 * @comm: owners: name of the process, padded with NUL
 * @addr: listeners: address, as in a record
 * @port: listeners: port
 * @family: listeners: family; 0 for "other"
 * @is_foreign: listeners: whether their network namespace is not the exporter's
 * @unused: zero
 * @known: owners: whether the name is known; a known name may be empty
 *
 * Keys are compared as bytes: unused bytes are zero. Different keys have different
 * labels, see metrics.c.
 */
struct tally_key {
	char comm[TCPSTATES_COMM_LEN];
	__u8 addr[16];
	__u16 port;
	__u8 family;
	__u8 known;
	__u8 is_foreign;
	__u8 unused[3];
};

/**
 * struct tally_group - connections of one owner, or of one listener
 * @key: its key
 * @used: whether this place is in use
 * @members: number of its connections
 * @states: number of them in each state
 * @stuck: number of stuck ones in each state
 * @overflows: connections that ended because the accept queue was full
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
 * struct tally_histogram - a distribution of durations
 * @counts: number of values in each bucket; the last one has no upper bound
 * @sum_s: sum of all values, in whole seconds: 64 bits of nanoseconds would overflow
 *	after two days of 100,000 connections
 * @sum_ns: rest of the sum, below a second
 */
struct tally_histogram {
	unsigned long long counts[TALLY_BUCKETS];
	unsigned long long sum_s;
	unsigned int sum_ns;
};

struct tally_conn;

/**
 * struct tally - all counts
 * @conns: table of the connections that exist
 * @group_index: tables of group numbers by key, of owners and listeners
 * @owners: groups by owner
 * @listeners: groups by listener
 * @states: number of connections in each state
 * @transitions: by old state, new state and cause
 * @handshakes: durations of active (0) and passive (1) opens
 * @durations: by the state that was left
 * @stuck_events: stuck events by state
 * @sees_all: whether the stream has all records, so that gaps are losses
 * @own_netns: inode number of the exporter's network namespace; 0 if the kernel has only
 *	one
 * @lost: number of lost records
 * @limits_s: age from which on a connection is stuck, by state; 0: never
 * @round: number of the latest snapshot
 * @next_seq: expected sequence number of each CPU; 0 if unknown
 * @failed: whether memory was lacking
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
	__u32 own_netns;
	unsigned long long lost;
	unsigned int limits_s[TCPSTATES_STATE_COUNT];
	unsigned int round;
	__u64 next_seq[TALLY_CPUS];
	bool failed;
};

/* Upper bounds of the buckets in seconds. */
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
