/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of connections: an entry for each, found by its socket cookie. What
 * transitions do to entries is in step.h and life.c.
 *
 * Each chain of the table has a lock. It is held with interrupts off while one entry
 * is used; no two are held at once, and no other lock is taken inside.
 */
#ifndef _TCPS_CONN_H
#define _TCPS_CONN_H

#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/percpu.h>
#include <linux/processor.h>	/* list_bl.h lacks it */
#include <linux/list_bl.h>
#include <linux/lockdep.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/processor.h>

#include "uapi/tcpstates.h"

struct tcpstates_account;
struct tcpstates_stats;

#define TCPS_CONN_MIB_MIN	1U
#define TCPS_CONN_MIB_MAX	65536U

/* What kind of structure holds a connection. */
enum tcps_kind {
	TCPS_KIND_OTHER,	/* none, or one that may be freed unseen */
	TCPS_KIND_SOCK,		/* full socket */
	TCPS_KIND_REQUEST,	/* request socket */
	TCPS_KIND_MOVED,	/* copy of a request, perhaps not seen yet */
	TCPS_KIND_TIMEWAIT,	/* timewait minisock */
};

/* What each CPU counts; see struct tcpstates_account. */
enum tcps_conn_count {
	TCPS_COUNT_ENTRIES_STARTED,
	TCPS_COUNT_ENTRIES_ENDED,
	TCPS_COUNT_REQUESTS_STARTED,
	TCPS_COUNT_REQUESTS_DONE,
	TCPS_COUNT_REQUESTS_ENDED,
	TCPS_COUNT_MINISOCKS_STARTED,
	TCPS_COUNT_MINISOCKS_ENDED,
	TCPS_COUNT_VANISHED,
	TCPS_COUNTS
};

/**
 * struct tcps_conn - the entry of a connection
 * @node: in its chain
 * @cookie: the key. If a socket is connected again, the entry of its earlier
 *	connection in TIME_WAIT has the same key
 * @holder: the kernel's structure that stands for the connection: request socket,
 *	full socket or timewait minisock; NULL if none is known. A full socket is not
 *	freed before its transition to CLOSE is recorded here, nor a request of
 *	TCPS_KIND_REQUEST before its end is
 * @replaced_sk: the full socket that a minisock has replaced, until its CLOSE;
 *	never dereferenced
 * @since_ns: time of its last transition, CLOCK_BOOTTIME
 * @begun_ns: time at which its SYN was sent or received; 0 if that was not seen
 * @handshake_ns: from then to ESTABLISHED, if @ident says that it is known
 * @mark_context: of the transition that @mark holds for; 0 if it holds for any
 * @family: TCPSTATES_FAMILY_*
 * @state: its state; CLOSE if only @replaced_sk is left
 * @kind: TCPS_KIND_*, of @holder
 * @mark: TCPSTATES_CAUSE_* of the next transition
 * @is_marked: @mark is set
 * @atleast: it was learned, and has had no transition: @state is older than @since_ns
 * @has_child: a full socket was made from its request; only of MPTCP
 * @not_found: number of audits in a row that have not found @holder; TCPS_UNCONFIRMED
 *	if a walk has learned the connection and no walk has found it again
 * @stuck_s: its age in @state at its last STUCK record, in seconds; 0 if there was
 *	none in this state
 * @ident: what every record of it holds; @cpu and @rtt_us are 0
 */
struct tcps_conn {
	struct hlist_bl_node node;
	u64 cookie;
	const void *holder;
	const void *replaced_sk;
	u64 since_ns;
	u64 begun_ns;
	u64 handshake_ns;
	unsigned long mark_context;
	u8 family;
	u8 state;
	u8 kind;
	u8 mark;
	bool is_marked;
	bool atleast;
	bool has_child;
	u8 not_found;
	u64 stuck_s;
	struct tcpstates_ident ident;
};

/* @not_found of an entry that the current walk has learned. */
#define TCPS_UNCONFIRMED	U8_MAX

int tcps_conn_init(unsigned int mib);
void tcps_conn_exit(void);

/* Longest chain; this bounds the work with interrupts off. */
#define TCPS_CONN_CHAIN_MOST	64U
/* Most entries with one cookie: one socket can fill no more than that of a chain. */
#define TCPS_CONN_COOKIE_MOST	8U

/* The tcps_conn_mask + 1 chains; declared for the inline functions below. */
extern struct hlist_bl_head *tcps_conn_heads;
extern unsigned long tcps_conn_mask;
/* Secret key of tcps_conn_chain(), odd. */
extern u64 tcps_conn_key;
/* A bit for each chain that may hold a connection in a watched state. */
extern unsigned long *tcps_conn_watched;
/* A bit for each state that is watched; see tcps_conn_watch_states(). */
extern u32 tcps_conn_watched_states;
DECLARE_PER_CPU(u64[TCPS_COUNTS], tcps_conn_counts);

/**
 * tcps_conn_count() - count one
 * @count: what
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_count(enum tcps_conn_count count)
{
	__this_cpu_inc(tcps_conn_counts[count]);
}

static inline bool tcps_conn_is_request(u8 kind)
{
	return kind == TCPS_KIND_REQUEST || kind == TCPS_KIND_MOVED;
}

/**
 * tcps_conn_count_start() - count a structure that becomes the holder of an entry
 * @kind: TCPS_KIND_* of the structure
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_count_start(u8 kind)
{
	if (tcps_conn_is_request(kind))
		tcps_conn_count(TCPS_COUNT_REQUESTS_STARTED);
	else if (kind == TCPS_KIND_TIMEWAIT)
		tcps_conn_count(TCPS_COUNT_MINISOCKS_STARTED);
}

/**
 * tcps_conn_count_end() - count a holder that has ended
 * @kind: TCPS_KIND_* of the structure
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_count_end(u8 kind)
{
	if (tcps_conn_is_request(kind))
		tcps_conn_count(TCPS_COUNT_REQUESTS_ENDED);
	else if (kind == TCPS_KIND_TIMEWAIT)
		tcps_conn_count(TCPS_COUNT_MINISOCKS_ENDED);
}

/*
 * The upper half of the square of @number. mul_u64_u64_shr() has a variable of 128
 * bits, for which each function that it is inlined in aligns its stack.
 */
static inline u64 tcps_conn_square(u64 number)
{
	u64 high;

	asm("mulq %%rax" : "=d" (high), "+a" (number) : : "cc");
	return high;
}

/* 64 consecutive cookies share a group of 64 adjacent chains. */
#define TCPS_CONN_GROUP_BITS	6

/**
 * tcps_conn_chain() - the chain that a connection belongs to
 * @cookie: of the connection
 *
 * The kernel hands out cookies to each CPU in consecutive batches of some thousand.
 * Each row of 64 consecutive cookies is mapped to 64 adjacent chains, so that the
 * chains of one CPU's connections share their cache lines with no other CPU.
 *
 * Users can read their cookies (SO_COOKIE) and skip those they do not want. Therefore
 * the key decides which chains a row is mapped to, and in which order. The number of
 * the row is multiplied by the key, modulo 2^64, and squared. The product alone is
 * linear: the distance of two rows that collide would make all rows at that distance
 * collide. The chain comes from the middle bits of the square.
 *
 * Context: any.
 * Return: the number of the chain.
 */
static inline unsigned long tcps_conn_chain(u64 cookie)
{
	u64 product = (cookie >> TCPS_CONN_GROUP_BITS) * tcps_conn_key;

	return (tcps_conn_square(product) ^ cookie) & tcps_conn_mask;
}

/**
 * tcps_conn_lock_chain() - lock a chain
 * @chain: its number
 *
 * As hlist_bl_lock(), but interrupts are off already, and so is preemption.
 *
 * Context: interrupts off.
 * Return: the chain.
 */
static inline struct hlist_bl_head *tcps_conn_lock_chain(unsigned long chain)
{
	struct hlist_bl_head *head = &tcps_conn_heads[chain];
	unsigned long *lock = (unsigned long *)&head->first;

	lockdep_assert_irqs_disabled();
	while (unlikely(test_and_set_bit_lock(0, lock)))
		while (test_bit(0, lock))
			cpu_relax();
	return head;
}

/**
 * tcps_conn_lock() - lock the chain of a connection
 * @cookie: of the connection
 *
 * Context: interrupts off.
 * Return: the chain.
 */
static inline struct hlist_bl_head *tcps_conn_lock(u64 cookie)
{
	return tcps_conn_lock_chain(tcps_conn_chain(cookie));
}

/**
 * tcps_conn_unlock() - unlock a chain
 * @chain: from tcps_conn_lock() or tcps_conn_lock_chain()
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_unlock(struct hlist_bl_head *chain)
{
	__clear_bit_unlock(0, (unsigned long *)&chain->first);
}

/**
 * tcps_conn_watch() - mark a chain that holds a connection in a watched state
 * @head: the chain, locked
 *
 * stuck.c finds its connections by these bits. Chains that share a word of the
 * bitmap mostly belong to one CPU, since its cookies follow each other.
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_watch(const struct hlist_bl_head *head)
{
	unsigned long chain = head - tcps_conn_heads;

	if (!test_bit(chain, tcps_conn_watched))
		set_bit(chain, tcps_conn_watched);
}

/**
 * tcps_conn_unwatch() - unmark a chain without connections in watched states
 * @head: the chain, locked
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_unwatch(const struct hlist_bl_head *head)
{
	clear_bit(head - tcps_conn_heads, tcps_conn_watched);
}

/**
 * tcps_conn_note_state() - mark the chain of a connection if its state is watched
 * @chain: the connection's chain, locked
 * @state: the state that the connection has entered
 *
 * Context: interrupts off.
 */
static __always_inline void
tcps_conn_note_state(const struct hlist_bl_head *chain, u8 state)
{
	if (unlikely(READ_ONCE(tcps_conn_watched_states) & BIT(state)))
		tcps_conn_watch(chain);
}

/**
 * tcps_conn_first() - the first entry of a chain
 * @chain: the chain, locked
 *
 * As hlist_bl_first(), but the lock's bit is known to be set. CPUs that wait for the
 * lock set it again meanwhile.
 *
 * Context: interrupts off.
 * Return: its node, or NULL.
 */
static inline struct hlist_bl_node *
tcps_conn_first(const struct hlist_bl_head *chain)
{
	unsigned long first = (unsigned long)READ_ONCE(chain->first);

	return (struct hlist_bl_node *)(first - 1);
}

/**
 * tcps_conn_find() - find the entry that a structure holds
 * @chain: the chain of @cookie, locked
 * @cookie: of the structure
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

	for (node = tcps_conn_first(chain); node; node = node->next) {
		conn = hlist_bl_entry(node, struct tcps_conn, node);
		if (conn->cookie == cookie && conn->holder == holder) {
			/* Callers need not test the result for NULL twice. */
			OPTIMIZER_HIDE_VAR(conn);
			if (!conn)
				__builtin_unreachable();
			return conn;
		}
	}
	return NULL;
}

/* What is known of an owner. */
#define TCPS_KNOW_OF_OWNER	(TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID | \
				 TCPSTATES_KNOW_INODE | TCPSTATES_KNOW_CGROUP)

/**
 * tcps_conn_copy_owner() - change the owner, and nothing else
 * @to: whose owner changes
 * @from: whose owner it becomes
 *
 * Context: any; for an entry, its chain is locked.
 */
static inline void tcps_conn_copy_owner(struct tcpstates_ident *to,
					const struct tcpstates_ident *from)
{
	to->known = (to->known & ~TCPS_KNOW_OF_OWNER) |
		    (from->known & TCPS_KNOW_OF_OWNER);
	to->pid = from->pid;
	to->uid = from->uid;
	memcpy(to->comm, from->comm, sizeof(to->comm));
	to->inode = from->inode;
	to->cgroup = from->cgroup;
}

/**
 * tcps_conn_begin() - begin anew: clear all but @cookie and @replaced_sk
 * @conn: the entry
 * @ident: of the connection
 * @family: TCPSTATES_FAMILY_*
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_begin(struct tcps_conn *conn,
				   const struct tcpstates_ident *ident,
				   u8 family)
{
	conn->holder = NULL;
	conn->since_ns = 0;
	conn->begun_ns = 0;
	conn->handshake_ns = 0;
	conn->mark_context = 0;
	conn->family = family;
	conn->state = TCPSTATES_UNKNOWN;
	conn->kind = TCPS_KIND_OTHER;
	conn->mark = TCPSTATES_CAUSE_UNKNOWN;
	conn->is_marked = false;
	conn->atleast = false;
	conn->has_child = false;
	conn->not_found = 0;
	conn->stuck_s = 0;
	conn->ident = *ident;
}

struct tcps_conn *tcps_conn_make(struct hlist_bl_head *chain, u64 cookie);
void tcps_conn_free(struct tcps_conn *conn);
void tcps_conn_missed(unsigned long count);
bool tcps_conn_short(void);
bool tcps_conn_learning(void);

struct tcps_conn *tcps_conn_next(struct hlist_bl_head *chain, u64 cookie,
				 const struct tcps_conn *conn);

void tcps_conn_forget(void);
void tcps_conn_watch_states(u32 states);
void tcps_conn_set_learning(bool is_learning);
bool tcps_conn_has_room(void);
u64 tcps_conn_misses(void);
void tcps_conn_complete(u64 misses);
u64 tcps_conn_sum(enum tcps_conn_count count);
unsigned long tcps_conn_chains(void);
void tcps_conn_stats(struct tcpstates_stats *stats);
void tcps_conn_account(struct tcpstates_account *account);

#endif /* _TCPS_CONN_H */
