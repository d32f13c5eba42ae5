/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of connections by socket cookie: in which state each is, since
 * when, and whose it is. It only adds to what a record says: which transitions
 * there are does not depend on it. What it has no memory for is unknown, and
 * counted.
 *
 * Context of all of which nothing else is said: interrupts off, several CPUs at
 * once. The lock of a chain is held for the few steps that one entry needs.
 */
#ifndef _TCPS_CONN_H
#define _TCPS_CONN_H

#include <linux/types.h>

struct sock;
struct tcpstates_record;
struct tcpstates_stats;

/**
 * struct tcps_origin - what a transition comes from, besides its record
 * @listener: the listener's cookie for LISTEN to SYN_RECV, else 0
 * @object: the structure whose marks may tell the cause, or NULL if the
 *	record's cause is certain without
 * @by: who is at work, as for tcps_conn_mark()
 * @sk: the full socket that stands for the connection now, or NULL
 */
struct tcps_origin {
	u64 listener;
	const void *object;
	unsigned long by;
	const struct sock *sk;
};

#define TCPS_CONN_MIB_MIN	1U
#define TCPS_CONN_MIB_MAX	65536U

int tcps_conn_init(unsigned int mib);
void tcps_conn_exit(void);
void tcps_conn_apply(struct tcpstates_record *record,
		     const struct tcps_origin *origin);
bool tcps_conn_learn(struct tcpstates_record *record, const struct sock *sk);
void tcps_conn_mark(u64 cookie, const void *object, unsigned long by, u8 cause);
void tcps_conn_settle(u64 cookie, const void *object, unsigned long by,
		      u8 cause);
void tcps_conn_left(u64 cookie, const struct sock *sk);
void tcps_conn_accepted(u64 cookie, const struct tcpstates_record *owner);
void tcps_conn_orphaned(u64 cookie);

/* Context: process. */
void tcps_conn_doubt(void);
void tcps_conn_forget(void);
unsigned long tcps_conn_chains(void);
unsigned long tcps_conn_chain(u64 cookie);
unsigned int tcps_conn_copy(unsigned long chain, struct tcpstates_record *rows,
			    unsigned int room, u64 *copied_ns);
void tcps_conn_stats(struct tcpstates_stats *stats);

#endif /* _TCPS_CONN_H */
