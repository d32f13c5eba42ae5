// SPDX-License-Identifier: GPL-2.0
/*
 * A hash of fixed width over all connections; the chains stay short since the
 * width follows from the memory that the entries may take. Each chain has a
 * lock in its head, so that CPUs meet only if their connections do.
 *
 * The clock of a record is read under the lock of its connection: a duration
 * is never negative, and the times of one connection have the order in which
 * its transitions took the lock.
 */
#include "conn.h"

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/list_bl.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "pool.h"
#include "uapi/tcpstates.h"

/* Entries for each chain when the table is full. */
#define CHAIN_LENGTH	2UL

#define KNOW_WHOSE	(TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID)
#define LASTING_FLAGS	(TCPSTATES_FLAG_UNACCEPTED | TCPSTATES_FLAG_ORPHAN)

/**
 * struct conn - a connection
 * @node: in its chain
 * @last: its last transition: @last.conn is the key, @last.new_state the
 *	state, and @last.boot_ns the time since when
 * @atleast: there was no transition yet; the state is older than that time
 * @doubted: learned, and not met again since tcps_conn_doubt()
 */
struct conn {
	struct hlist_bl_node node;
	struct tcpstates_record last;
	bool atleast;
	bool doubted;
};

static struct hlist_bl_head *chains;
static unsigned int chain_bits;
static u64 missed;	/* connections that found no memory; approximate */
static bool learning;	/* connections may be met in the middle of their life */
static bool doubting;	/* what is not known must not be learned any more */

/**
 * tcps_conn_init() - make the table
 * @mib: memory that entries and chains may take together, in MiB
 *
 * Context: process.
 * Return: 0, -EINVAL if @mib is out of bounds, or -ENOMEM.
 */
int tcps_conn_init(unsigned int mib)
{
	unsigned long most = ((unsigned long)mib << 20) /
			     (sizeof(struct conn) +
			      sizeof(*chains) / CHAIN_LENGTH);
	int ret;

	if (mib < TCPS_CONN_MIB_MIN || mib > TCPS_CONN_MIB_MAX) {
		pr_err("conn_mib=%u: must be %u to %u\n", mib,
		       TCPS_CONN_MIB_MIN, TCPS_CONN_MIB_MAX);
		return -EINVAL;
	}
	learning = true;
	doubting = false;
	chain_bits = ilog2(most / CHAIN_LENGTH);
	chains = kvcalloc(1UL << chain_bits, sizeof(*chains), GFP_KERNEL);
	if (!chains)
		return -ENOMEM;
	ret = tcps_pool_init(sizeof(struct conn), most);
	if (ret)
		kvfree(chains);
	return ret;
}

/* To be locked; it nests in nothing. */
static struct hlist_bl_head *chain_of(u64 cookie)
{
	lockdep_assert_irqs_disabled();
	return &chains[tcps_conn_chain(cookie)];
}

/* The chain of @cookie is locked. */
static struct conn *find(struct hlist_bl_head *chain, u64 cookie)
{
	struct hlist_bl_node *node;
	struct conn *conn;

	hlist_bl_for_each_entry(conn, node, chain, node)
		if (conn->last.conn == cookie)
			return conn;
	return NULL;
}

static struct conn *make(struct hlist_bl_head *chain)
{
	struct conn *conn = tcps_pool_get();

	if (conn)
		hlist_bl_add_head(&conn->node, chain);
	else
		WRITE_ONCE(missed, READ_ONCE(missed) + 1);
	return conn;
}

static void free_conn(struct conn *conn)
{
	hlist_bl_del(&conn->node);
	tcps_pool_put(conn);
}

static void stamp(struct tcpstates_record *record)
{
	ktime_t now = ktime_get();

	record->boot_ns = ktime_to_ns(ktime_mono_to_any(now, TK_OFFS_BOOT));
	record->real_ns = ktime_to_ns(ktime_mono_to_any(now, TK_OFFS_REAL));
}

static void copy_owner(struct tcpstates_record *to,
		       const struct tcpstates_record *from)
{
	to->known |= from->known & KNOW_WHOSE;
	to->pid = from->pid;
	to->uid = from->uid;
	memcpy(to->comm, from->comm, sizeof(to->comm));
}

/* A child belongs to its listener's owner until it is accepted. */
static void inherit(struct tcpstates_record *record, u64 listener)
{
	struct hlist_bl_head *chain = chain_of(listener);
	struct conn *conn;

	hlist_bl_lock(chain);
	conn = find(chain, listener);
	if (conn)
		copy_owner(record, &conn->last);
	hlist_bl_unlock(chain);
	record->flags |= TCPSTATES_FLAG_UNACCEPTED;
}

/*
 * A socket that was connected again has the cookie of its earlier connection,
 * which may be in TIME_WAIT still, and whose end is not this one's.
 */
static bool same_tuple(const struct tcpstates_record *a,
		       const struct tcpstates_record *b)
{
	return a->lport == b->lport && a->rport == b->rport &&
	       !memcmp(a->raddr, b->raddr, sizeof(a->raddr));
}

/* What is known of @conn from before. */
static void fill_in(struct tcpstates_record *record, const struct conn *conn)
{
	const struct tcpstates_record *last = &conn->last;

	if (last->new_state == record->old_state && same_tuple(record, last)) {
		record->dur_ns = record->boot_ns - last->boot_ns;
		record->known |= TCPSTATES_KNOW_DURATION;
		if (conn->atleast)
			record->flags |= TCPSTATES_FLAG_ATLEAST;
	}
	if (!(record->known & TCPSTATES_KNOW_OWNER)) {
		copy_owner(record, last);
		record->flags |= last->flags & LASTING_FLAGS;
	}
}

static bool is_birth(const struct tcpstates_record *record)
{
	return record->old_state == TCPSTATES_CLOSE ||
	       record->old_state == TCPSTATES_LISTEN;
}

/**
 * tcps_conn_apply() - a transition happens
 * @record: which; gets its time, and what the table knows: duration and owner
 *	(unless it names the owner already, which the table then learns)
 * @listener: the listener's cookie for LISTEN to SYN_RECV, else 0
 */
void tcps_conn_apply(struct tcpstates_record *record, u64 listener)
{
	struct hlist_bl_head *chain;
	struct conn *conn;

	if (listener)
		inherit(record, listener);
	chain = chain_of(record->conn);
	hlist_bl_lock(chain);
	stamp(record);
	conn = find(chain, record->conn);
	if (conn)
		fill_in(record, conn);
	else if (record->new_state != TCPSTATES_CLOSE &&
		 (is_birth(record) || READ_ONCE(learning)))
		conn = make(chain);
	if (conn && record->new_state == TCPSTATES_CLOSE) {
		if (same_tuple(record, &conn->last))
			free_conn(conn);
	} else if (conn) {
		conn->last = *record;
		conn->atleast = false;
		conn->doubted = false;
	}
	hlist_bl_unlock(chain);
}

/**
 * tcps_conn_learn() - a connection is there
 * @record: in which state (@new_state), since now at the latest; gets its time
 *
 * After tcps_conn_doubt() it only confirms what is known: a connection whose
 * end was recorded while it was still linked must not come back.
 *
 * Return: true if it was learned now.
 */
bool tcps_conn_learn(struct tcpstates_record *record)
{
	struct hlist_bl_head *chain = chain_of(record->conn);
	struct conn *conn;
	bool is_new;

	hlist_bl_lock(chain);
	conn = find(chain, record->conn);
	is_new = !conn && !doubting;
	if (is_new) {
		stamp(record);
		conn = make(chain);
		if (conn) {
			conn->last = *record;
			conn->atleast = true;
		}
	}
	if (conn)
		conn->doubted = false;
	hlist_bl_unlock(chain);
	return is_new;
}

/* Call @visit for each entry, which may remove it; its chain is locked. */
static void for_each_conn(void (*visit)(struct conn *conn))
{
	unsigned long i;

	for (i = 0; i < tcps_conn_chains(); i++) {
		struct hlist_bl_node *node, *next;
		struct conn *conn;

		local_irq_disable();
		hlist_bl_lock(&chains[i]);
		hlist_bl_for_each_entry_safe(conn, node, next, &chains[i], node)
			visit(conn);
		hlist_bl_unlock(&chains[i]);
		local_irq_enable();
		cond_resched();
	}
}

static void doubt(struct conn *conn)
{
	conn->doubted = conn->atleast;
}

static void free_if_doubted(struct conn *conn)
{
	if (conn->doubted)
		free_conn(conn);
}

/**
 * tcps_conn_exit() - free the table
 *
 * Context: process; nothing is recorded any more.
 */
void tcps_conn_exit(void)
{
	for_each_conn(free_conn);
	tcps_pool_exit();
	kvfree(chains);
}

/**
 * tcps_conn_doubt() - doubt all that was learned until it is learned again
 *
 * Context: process.
 */
void tcps_conn_doubt(void)
{
	doubting = true;
	for_each_conn(doubt);
}

/**
 * tcps_conn_forget() - forget what is still doubted
 *
 * Context: process.
 */
void tcps_conn_forget(void)
{
	for_each_conn(free_if_doubted);
	WRITE_ONCE(learning, false);
}

/**
 * tcps_conn_accepted() - a process has accepted a connection
 * @cookie: which
 * @owner: a record of which only pid, comm, uid and their bits are read
 */
void tcps_conn_accepted(u64 cookie, const struct tcpstates_record *owner)
{
	struct hlist_bl_head *chain = chain_of(cookie);
	struct conn *conn;

	hlist_bl_lock(chain);
	conn = find(chain, cookie);
	if (conn) {
		copy_owner(&conn->last, owner);
		conn->last.flags &= ~TCPSTATES_FLAG_UNACCEPTED;
	}
	hlist_bl_unlock(chain);
}

/**
 * tcps_conn_orphaned() - no process has a connection open any more
 * @cookie: which
 */
void tcps_conn_orphaned(u64 cookie)
{
	struct hlist_bl_head *chain = chain_of(cookie);
	struct conn *conn;

	hlist_bl_lock(chain);
	conn = find(chain, cookie);
	if (conn)
		conn->last.flags |= TCPSTATES_FLAG_ORPHAN;
	hlist_bl_unlock(chain);
}

/**
 * tcps_conn_chains() - width of the table
 *
 * Context: any.
 * Return: the number of chains.
 */
unsigned long tcps_conn_chains(void)
{
	return 1UL << chain_bits;
}

/**
 * tcps_conn_chain() - where a connection is, if it is there
 * @cookie: which
 *
 * Context: any.
 * Return: the number of its chain.
 */
unsigned long tcps_conn_chain(u64 cookie)
{
	return hash_64(cookie, chain_bits);
}

/**
 * tcps_conn_copy() - copy the connections of a chain, as they are now
 * @chain: its number
 * @rows: where to: the last transition of each, with the duration so far and
 *	the flag atleast if that is a lower bound
 * @room: of @rows
 * @copied_ns: gets the time, CLOCK_BOOTTIME: transitions of the chain that
 *	happened before it are in @rows, later ones are not
 *
 * Context: process.
 * Return: how many connections there are; if more than @room, not all have
 * been copied.
 */
unsigned int tcps_conn_copy(unsigned long chain, struct tcpstates_record *rows,
			    unsigned int room, u64 *copied_ns)
{
	struct hlist_bl_head *head = &chains[chain];
	struct tcpstates_record now;
	struct hlist_bl_node *node;
	unsigned int count = 0;
	struct conn *conn;

	local_irq_disable();
	hlist_bl_lock(head);
	stamp(&now);
	hlist_bl_for_each_entry(conn, node, head, node) {
		if (count < room) {
			rows[count] = conn->last;
			rows[count].flags &= ~TCPSTATES_FLAG_ATLEAST;
			if (conn->atleast)
				rows[count].flags |= TCPSTATES_FLAG_ATLEAST;
		}
		count++;
	}
	hlist_bl_unlock(head);
	local_irq_enable();
	*copied_ns = now.boot_ns;
	return count;
}

/**
 * tcps_conn_stats() - fill in what is known here
 * @stats: where to; conns_missed and conn_bytes are written
 *
 * Context: process.
 */
void tcps_conn_stats(struct tcpstates_stats *stats)
{
	stats->conns_missed = READ_ONCE(missed);
	stats->conn_bytes = tcps_pool_objects() * sizeof(struct conn) +
			    tcps_conn_chains() * sizeof(*chains);
}
