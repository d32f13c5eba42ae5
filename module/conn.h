/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of connections: who is who by socket cookie, and memory for each.
 * What happens to a connection is life.c's business.
 *
 * Context of all of which nothing else is said: interrupts off, several CPUs at
 * once. The lock of a chain is held for the few steps that one entry needs; it
 * nests in nothing, and no two are held at once.
 */
#ifndef _TCPS_CONN_H
#define _TCPS_CONN_H

#include <linux/hash.h>
#include <linux/processor.h>	/* list_bl.h lacks it */
#include <linux/list_bl.h>
#include <linux/lockdep.h>
#include <linux/types.h>

#include "uapi/tcpstates.h"

struct tcpstates_stats;

#define TCPS_CONN_MIB_MIN	1U
#define TCPS_CONN_MIB_MAX	65536U

/**
 * struct tcps_tuple - between whom a connection is; stays the same all its life
 * @netns: as in the record, like the others
 * @flags: TCPSTATES_FLAG_V4MAPPED or 0
 * @family: as in the record
 * @zero: nothing
 * @laddr: as in the record
 * @raddr: likewise
 * @lport: likewise
 * @rport: likewise
 * @known: TCPSTATES_KNOW_*, of these members
 *
 * Laid out as in the record from its @netns on, to be copied as a whole (tell.h).
 */
struct tcps_tuple {
	u32 netns;
	u16 flags;
	u8 family;
	u8 zero;
	u8 laddr[16];
	u8 raddr[16];
	u16 lport;
	u16 rport;
	u32 known;
};

/**
 * struct tcps_owner - whose a connection is
 * @pid: as in the record, like the others
 * @uid: likewise
 * @comm: likewise
 * @known: TCPSTATES_KNOW_*, of these members
 * @zero: nothing
 * @inode: as in the record
 * @cgroup: likewise
 *
 * Laid out as in the record from its @pid on.
 */
struct tcps_owner {
	u32 pid;
	u32 uid;
	char comm[TCPSTATES_COMM_LEN];
	u32 known;
	u32 zero;
	u64 inode;
	u64 cgroup;
};

/* Which of the kernel's structures stands for a connection. */
enum tcps_kind {
	TCPS_KIND_OTHER,	/* none, or one that must not be looked at */
	TCPS_KIND_SOCK,		/* full socket */
	TCPS_KIND_REQUEST,
};

/**
 * struct tcps_conn - a connection
 * @node: in its chain
 * @cookie: the key. A socket that is connected again may have an earlier
 *	connection in TIME_WAIT still, with the same one
 * @holder: the kernel's structure that stands for it: request socket, full
 *	socket or timewait minisock; NULL while none does. A socket is not freed
 *	before its transition to CLOSE has come by, nor a request of
 *	TCPS_KIND_REQUEST before its end has
 * @ghost: a full socket that stood for it, and whose CLOSE is still to come;
 *	only compared
 * @since_ns: when its last transition was, CLOCK_BOOTTIME
 * @begun_ns: when its SYN was sent or received; 0 if not seen
 * @handshake_ns: from then to ESTABLISHED, if @known says so
 * @marked_by: who noted @mark; 0 if it holds for anybody
 * @flags: TCPSTATES_FLAG_* that stay
 * @known: TCPSTATES_KNOW_HANDSHAKE or 0
 * @state: in which state it is; CLOSE if only its @ghost is left
 * @kind: TCPS_KIND_*, of @holder
 * @mark: TCPSTATES_CAUSE_* of the next transition
 * @is_marked: @mark holds
 * @atleast: there was no transition yet; the state is older than @since_ns
 * @doubted: learned, and not met again since tcps_conn_doubt()
 * @children: full sockets made from its request that have neither taken over
 *	nor ended; counted for MPTCP only
 * @tuple: between whom
 * @owner: whose
 */
struct tcps_conn {
	struct hlist_bl_node node;
	u64 cookie;
	const void *holder;
	const void *ghost;
	u64 since_ns;
	u64 begun_ns;
	u64 handshake_ns;
	unsigned long marked_by;
	u32 flags;
	u32 known;
	u8 state;
	u8 kind;
	u8 mark;
	bool is_marked;
	bool atleast;
	bool doubted;
	u16 children;
	struct tcps_tuple tuple;
	struct tcps_owner owner;
};

int tcps_conn_init(unsigned int mib);
void tcps_conn_exit(void);

/* The chains, 1 << @tcps_conn_bits of them; here for what is inline below. */
extern struct hlist_bl_head *tcps_conn_heads;
extern unsigned int tcps_conn_bits;

/**
 * tcps_conn_chain() - where a connection is, if it is there
 * @cookie: which
 *
 * Context: any.
 * Return: the number of its chain.
 */
static inline unsigned long tcps_conn_chain(u64 cookie)
{
	return hash_64(cookie, tcps_conn_bits);
}

/**
 * tcps_conn_lock() - lock the chain of a connection
 * @cookie: which
 *
 * Context: interrupts off.
 * Return: the chain.
 */
static inline struct hlist_bl_head *tcps_conn_lock(u64 cookie)
{
	struct hlist_bl_head *chain = &tcps_conn_heads[tcps_conn_chain(cookie)];

	lockdep_assert_irqs_disabled();
	hlist_bl_lock(chain);
	return chain;
}

/**
 * tcps_conn_unlock() - unlock it
 * @chain: what tcps_conn_lock() returned
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_unlock(struct hlist_bl_head *chain)
{
	hlist_bl_unlock(chain);
}

/**
 * tcps_conn_find() - the connection that a structure stands for
 * @chain: the chain of @cookie, locked
 * @cookie: the structure's
 * @holder: the structure
 *
 * Context: interrupts off.
 * Return: the entry, valid while the chain is locked, or NULL.
 */
static inline struct tcps_conn *tcps_conn_find(struct hlist_bl_head *chain,
					       u64 cookie, const void *holder)
{
	struct hlist_bl_node *node;
	struct tcps_conn *conn;

	hlist_bl_for_each_entry(conn, node, chain, node)
		if (conn->cookie == cookie && conn->holder == holder)
			return conn;
	return NULL;
}

struct tcps_conn *tcps_conn_make(struct hlist_bl_head *chain, u64 cookie,
				 const struct tcps_tuple *tuple,
				 const struct tcps_owner *owner);
void tcps_conn_begin(struct tcps_conn *conn, const struct tcps_tuple *tuple,
		     const struct tcps_owner *owner);
void tcps_conn_free(struct tcps_conn *conn);
bool tcps_conn_short(void);

/* The next entry of @cookie after @conn, or the first for NULL. */
struct tcps_conn *tcps_conn_next(struct hlist_bl_head *chain, u64 cookie,
				 const struct tcps_conn *conn);

/* Context: process. */
void tcps_conn_doubt(void);
void tcps_conn_forget(void);
unsigned long tcps_conn_chains(void);
unsigned int tcps_conn_copy(unsigned long chain, struct tcpstates_record *rows,
			    unsigned int room, u64 *copied_ns);
void tcps_conn_stats(struct tcpstates_stats *stats);

#endif /* _TCPS_CONN_H */
