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

#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/percpu.h>
#include <linux/processor.h>	/* list_bl.h lacks it */
#include <linux/list_bl.h>
#include <linux/lockdep.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/processor.h>

#include "uapi/tcpstates.h"

struct tcpstates_account;
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
 * Laid out as struct tcps_told begins, to be copied as a whole.
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
 * Laid out as struct tcps_told goes on from @pid.
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

/**
 * struct tcps_told - what every record of a connection tells
 * @netns: as in the record, like the others
 * @cpu: nothing
 * @laddr: as in the record
 * @raddr: likewise
 * @lport: likewise
 * @rport: likewise
 * @known: TCPSTATES_KNOW_* of these members, and TCPSTATES_KNOW_HANDSHAKE
 * @pid: as in the record
 * @uid: likewise
 * @comm: likewise
 * @flags: TCPSTATES_FLAG_* that stay
 * @rtt_us: nothing
 * @inode: as in the record
 * @cgroup: likewise
 *
 * Laid out as in the record from its @netns on, to be copied as a whole.
 */
struct tcps_told {
	u32 netns;
	u32 cpu;
	u8 laddr[16];
	u8 raddr[16];
	u16 lport;
	u16 rport;
	u32 known;
	u32 pid;
	u32 uid;
	char comm[TCPSTATES_COMM_LEN];
	u32 flags;
	u32 rtt_us;
	u64 inode;
	u64 cgroup;
};

/* Which of the kernel's structures stands for a connection. */
enum tcps_kind {
	TCPS_KIND_OTHER,	/* none, or a request whose end cannot be seen */
	TCPS_KIND_SOCK,		/* full socket */
	TCPS_KIND_REQUEST,	/* request socket */
	TCPS_KIND_MOVED,	/* request socket, perhaps not known yet */
	TCPS_KIND_TIMEWAIT,	/* timewait minisock */
};

/* What is counted of entries; see struct tcpstates_account. */
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
 * @handshake_ns: from then to ESTABLISHED, if @told says that it is known
 * @marked_by: who noted @mark; 0 if it holds for anybody
 * @family: TCPSTATES_FAMILY_*
 * @state: in which state it is; CLOSE if only its @ghost is left
 * @kind: TCPS_KIND_*, of @holder
 * @mark: TCPSTATES_CAUSE_* of the next transition
 * @is_marked: @mark holds
 * @atleast: there was no transition yet; the state is older than @since_ns
 * @has_child: a full socket was made from its request; noted for MPTCP only
 * @unmet: how many audits in a row have not met @holder; TCPS_UNCONFIRMED if
 *	it was learned and has not been met again since
 * @stuck_s: how long it had been in @state, in whole seconds, when it was last
 *	told to be stuck there; 0 if it was not
 * @told: between whom, whose, and more
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
	u8 family;
	u8 state;
	u8 kind;
	u8 mark;
	bool is_marked;
	bool atleast;
	bool has_child;
	u8 unmet;
	u64 stuck_s;
	struct tcps_told told;
};

/* @unmet of an entry that was learned by the walk that is going on. */
#define TCPS_UNCONFIRMED	U8_MAX

int tcps_conn_init(unsigned int mib);
void tcps_conn_exit(void);

/* Entries in a chain at most, so that work with interrupts off is bounded. */
#define TCPS_CONN_CHAIN_MOST	64U

/* The chains, @tcps_conn_mask + 1 of them; here for what is inline below. */
extern struct hlist_bl_head *tcps_conn_heads;
extern unsigned long tcps_conn_mask;
/* What decides where a connection is; odd, and secret. */
extern u64 tcps_conn_key;
/* A bit for each chain; see tcps_conn_mark(). */
extern unsigned long *tcps_conn_marks;
/* What each CPU has counted. */
DECLARE_PER_CPU(u64[TCPS_COUNTS], tcps_conn_counts);

/**
 * tcps_conn_count() - count one more
 * @count: of what
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
 * tcps_conn_count_start() - count a structure that an entry stands for from now on
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
 * tcps_conn_count_end() - count a structure that has gone
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
 * The upper half of the square of @number. mul_u64_u64_shr() would do, but has a
 * variable of 128 bits, for which each function that this is inlined in would align
 * its stack.
 */
static inline u64 tcps_conn_square(u64 number)
{
	u64 high;

	asm("mulq %%rax" : "=d" (high), "+a" (number) : : "cc");
	return high;
}

/* Cookies that follow each other, in chains whose heads are side by side. */
#define TCPS_CONN_GROUP_BITS	6

/**
 * tcps_conn_chain() - where a connection is, if it is there
 * @cookie: which
 *
 * Each CPU gives out its cookies in a row, some thousand before it gets others.
 * A row of 64 has 64 neighbouring chains, so that the heads of one CPU's
 * connections share their cache lines with no other CPU's. Which 64, and which of
 * them is whose, depends on the key: anybody may learn his cookies and pass over
 * those that he does not like, but not choose a chain. What is mixed is the number
 * of the row. Its product with the key, modulo 2^64, is squared, since a product
 * alone is linear: what two rows that meet are apart, all rows that are as far
 * apart would meet at. The bits that count are those in the middle of the square.
 *
 * Context: any.
 * Return: the number of its chain.
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
 * hlist_bl_lock() without what it does about preemption, which cannot come here.
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
 * @cookie: which
 *
 * Context: interrupts off.
 * Return: the chain.
 */
static inline struct hlist_bl_head *tcps_conn_lock(u64 cookie)
{
	return tcps_conn_lock_chain(tcps_conn_chain(cookie));
}

/**
 * tcps_conn_unlock() - unlock it
 * @chain: what tcps_conn_lock() returned
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_unlock(struct hlist_bl_head *chain)
{
	__clear_bit_unlock(0, (unsigned long *)&chain->first);
}

/**
 * tcps_conn_mark() - note that a chain has a connection to be looked at
 * @head: the chain, locked
 *
 * Marks are what stuck.c finds its connections by. Chains that are marked one after
 * the other are those of one CPU mostly, as are the words that they share.
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_mark(const struct hlist_bl_head *head)
{
	unsigned long chain = head - tcps_conn_heads;

	if (!test_bit(chain, tcps_conn_marks))
		set_bit(chain, tcps_conn_marks);
}

/**
 * tcps_conn_unmark() - note that it has none
 * @head: the chain, locked
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_unmark(const struct hlist_bl_head *head)
{
	clear_bit(head - tcps_conn_heads, tcps_conn_marks);
}

/**
 * tcps_conn_first() - the first entry of a chain
 * @chain: the chain, locked
 *
 * hlist_bl_first() for whoever knows that the lock's bit is set. Others that wait
 * for the lock set it, too.
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

	for (node = tcps_conn_first(chain); node; node = node->next) {
		conn = hlist_bl_entry(node, struct tcps_conn, node);
		if (conn->cookie == cookie && conn->holder == holder) {
			/* Found is known to be not NULL where this is inlined. */
			OPTIMIZER_HIDE_VAR(conn);
			if (!conn)
				__builtin_unreachable();
			return conn;
		}
	}
	return NULL;
}

/* What the bits of struct tcps_owner speak of. */
#define TCPS_KNOW_OF_OWNER	(TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID | \
				 TCPSTATES_KNOW_INODE | TCPSTATES_KNOW_CGROUP)

#define TCPS_OWNER_AT		offsetof(struct tcps_told, pid)

/* Copies the owner, whose bits go elsewhere; the caller sets @flags. */
static inline void tcps_conn_copy_owner(struct tcps_told *told,
					const struct tcps_owner *owner)
{
	BUILD_BUG_ON(sizeof(struct tcps_tuple) != TCPS_OWNER_AT);
	BUILD_BUG_ON(offsetof(struct tcps_told, flags) - TCPS_OWNER_AT !=
		     offsetof(struct tcps_owner, known));
	BUILD_BUG_ON(sizeof(struct tcps_told) - TCPS_OWNER_AT !=
		     sizeof(struct tcps_owner));
	/* Over several members, which is meant. */
	memcpy((u8 *)told + TCPS_OWNER_AT, (const u8 *)owner, sizeof(*owner));
}

/**
 * tcps_conn_set_owner() - change whose a connection is
 * @conn: the entry
 * @owner: whose
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_set_owner(struct tcps_conn *conn,
				       const struct tcps_owner *owner)
{
	u32 flags = conn->told.flags;

	tcps_conn_copy_owner(&conn->told, owner);
	conn->told.flags = flags;
	conn->told.known = (conn->told.known & ~TCPS_KNOW_OF_OWNER) |
			   owner->known;
}

/**
 * tcps_conn_get_owner() - whose a connection is
 * @conn: the entry
 * @owner: where to
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_get_owner(const struct tcps_conn *conn,
				       struct tcps_owner *owner)
{
	memcpy((u8 *)owner, (const u8 *)&conn->told + TCPS_OWNER_AT,
	       sizeof(*owner));
	owner->known = conn->told.known & TCPS_KNOW_OF_OWNER;
}

/**
 * tcps_conn_begin() - forget all but key and ghost, and begin anew
 * @conn: the entry
 * @tuple: between whom
 * @owner: whose
 *
 * Context: interrupts off.
 */
static inline void tcps_conn_begin(struct tcps_conn *conn,
				   const struct tcps_tuple *tuple,
				   const struct tcps_owner *owner)
{
	conn->holder = NULL;
	conn->since_ns = 0;
	conn->begun_ns = 0;
	conn->handshake_ns = 0;
	conn->marked_by = 0;
	conn->family = tuple->family;
	conn->state = TCPSTATES_UNKNOWN;
	conn->kind = TCPS_KIND_OTHER;
	conn->mark = TCPSTATES_CAUSE_UNKNOWN;
	conn->is_marked = false;
	conn->atleast = false;
	conn->has_child = false;
	conn->unmet = 0;
	conn->stuck_s = 0;
	memcpy((u8 *)&conn->told, (const u8 *)tuple, sizeof(*tuple));
	tcps_conn_copy_owner(&conn->told, owner);
	conn->told.known = tuple->known | owner->known;
	conn->told.flags = tuple->flags;
}

struct tcps_conn *tcps_conn_make(struct hlist_bl_head *chain, u64 cookie);
void tcps_conn_free(struct tcps_conn *conn);
void tcps_conn_missed(unsigned long count);
void tcps_conn_refused(struct hlist_bl_head *chain);
bool tcps_conn_chain_has_room(struct hlist_bl_head *chain);
bool tcps_conn_short(void);

/* The next entry of @cookie after @conn, or the first for NULL. */
struct tcps_conn *tcps_conn_next(struct hlist_bl_head *chain, u64 cookie,
				 const struct tcps_conn *conn);

/* Context: process. */
void tcps_conn_forget(void);
void tcps_conn_mark_states(u32 states);
bool tcps_conn_has_room(void);
u64 tcps_conn_misses(void);
void tcps_conn_complete(u64 misses);
u64 tcps_conn_sum(enum tcps_conn_count count);
unsigned long tcps_conn_chains(void);
unsigned int tcps_conn_copy(unsigned long chain, struct tcpstates_record *rows,
			    unsigned int room);
void tcps_conn_stats(struct tcpstates_stats *stats);
void tcps_conn_account(struct tcpstates_account *account);

#endif /* _TCPS_CONN_H */
