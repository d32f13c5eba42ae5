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

struct tcpstates_record;
struct tcpstates_stats;

#define TCPS_CONN_MIB_MIN	1U
#define TCPS_CONN_MIB_MAX	65536U

int tcps_conn_init(unsigned int mib);
void tcps_conn_exit(void);
void tcps_conn_apply(struct tcpstates_record *record, u64 listener);
bool tcps_conn_learn(struct tcpstates_record *record);
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
