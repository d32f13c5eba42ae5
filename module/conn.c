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
#include "record.h"
#include "uapi/tcpstates.h"

/* Entries for each chain when the table is full. */
#define CHAIN_LENGTH	2UL

#define KNOW_WHOSE	(TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID)
#define KNOW_WHERE	(TCPSTATES_KNOW_INODE | TCPSTATES_KNOW_CGROUP)
#define KNOW_TUPLE	(TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT | \
			 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT)

/* What a connection is called for the rest of its life. */
#define LASTING_FLAGS	(TCPSTATES_FLAG_UNACCEPTED | TCPSTATES_FLAG_ORPHAN | \
			 TCPSTATES_FLAG_SYNCOOKIE | TCPSTATES_FLAG_TFO | \
			 TCPSTATES_FLAG_MPTCP)

/**
 * struct conn - a connection
 * @node: in its chain
 * @cookie: the key
 * @since_ns: when its last transition was, CLOCK_BOOTTIME
 * @begun_ns: when its SYN was sent or received, or 0
 * @handshake_ns: from then to ESTABLISHED
 * @inode: as in the record, like all members that have a name of the record's
 * @cgroup: likewise
 * @sk: the full socket that stands for it, or NULL; not freed before its
 *	transition to CLOSE has come by here
 * @marked: the structure that a cause was noted for, or NULL
 * @marked_by: who noted it; 0 if it holds for anybody
 * @known: likewise, as far as a bit's members are here
 * @netns: likewise
 * @pid: likewise
 * @uid: likewise
 * @flags: likewise
 * @lport: likewise
 * @rport: likewise
 * @laddr: likewise
 * @raddr: likewise
 * @comm: likewise
 * @state: the state it is in
 * @family: likewise
 * @mark: TCPSTATES_CAUSE_* of its next transition, if @marked makes it
 * @atleast: there was no transition yet; the state is older than @since_ns
 * @doubted: learned, and not met again since tcps_conn_doubt()
 */
struct conn {
	struct hlist_bl_node node;
	u64 cookie;
	u64 since_ns;
	u64 begun_ns;
	u64 handshake_ns;
	u64 inode;
	u64 cgroup;
	const struct sock *sk;
	const void *marked;
	unsigned long marked_by;
	u32 known;
	u32 netns;
	u32 pid;
	u32 uid;
	u32 flags;
	u16 lport;
	u16 rport;
	u8 laddr[16];
	u8 raddr[16];
	char comm[TCPSTATES_COMM_LEN];
	u8 state;
	u8 family;
	u8 mark;
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
		if (conn->cookie == cookie)
			return conn;
	return NULL;
}

static struct conn *make(struct hlist_bl_head *chain, u64 cookie)
{
	struct conn *conn = tcps_pool_get();

	if (!conn) {
		WRITE_ONCE(missed, READ_ONCE(missed) + 1);
		return NULL;
	}
	memset(conn, 0, sizeof(*conn));
	conn->cookie = cookie;
	hlist_bl_add_head(&conn->node, chain);
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

static void set_owner(struct conn *conn, const struct tcpstates_record *from)
{
	conn->known = (conn->known & ~KNOW_WHOSE) | (from->known & KNOW_WHOSE);
	conn->pid = from->pid;
	conn->uid = from->uid;
	memcpy(conn->comm, from->comm, sizeof(conn->comm));
}

static void get_owner(const struct conn *conn, struct tcpstates_record *to)
{
	to->known |= conn->known & KNOW_WHOSE;
	to->pid = conn->pid;
	to->uid = conn->uid;
	memcpy(to->comm, conn->comm, sizeof(to->comm));
}

static void set_where(struct conn *conn, const struct tcpstates_record *from)
{
	conn->known |= from->known & KNOW_WHERE;
	if (from->known & TCPSTATES_KNOW_INODE)
		conn->inode = from->inode;
	if (from->known & TCPSTATES_KNOW_CGROUP)
		conn->cgroup = from->cgroup;
}

static void get_where(const struct conn *conn, struct tcpstates_record *to)
{
	to->known |= conn->known & KNOW_WHERE;
	to->inode = conn->inode;
	to->cgroup = conn->cgroup;
}

/*
 * A child belongs to its listener's owner until it is accepted, and it is in
 * its listener's cgroup.
 */
static void inherit(struct tcpstates_record *record, u64 listener)
{
	struct hlist_bl_head *chain = chain_of(listener);
	struct conn *conn;

	hlist_bl_lock(chain);
	conn = find(chain, listener);
	if (conn) {
		get_owner(conn, record);
		record->known |= conn->known & TCPSTATES_KNOW_CGROUP;
		record->cgroup = conn->cgroup;
	}
	hlist_bl_unlock(chain);
	record->flags |= TCPSTATES_FLAG_UNACCEPTED;
}

/*
 * A socket that was connected again has the cookie of its earlier connection,
 * which may be in TIME_WAIT still, and whose end is not this one's.
 */
static bool same_tuple(const struct tcpstates_record *record,
		       const struct conn *conn)
{
	return record->lport == conn->lport && record->rport == conn->rport &&
	       !memcmp(record->raddr, conn->raddr, sizeof(conn->raddr));
}

/* The cause that was noted for this transition, if there is one. */
static void take_mark(struct tcpstates_record *record, const struct conn *conn,
		      const struct tcps_origin *origin)
{
	if (!origin->object)
		return;
	if (!conn)
		record->cause = TCPSTATES_CAUSE_UNKNOWN;
	else if (conn->marked == origin->object &&
		 (!conn->marked_by || conn->marked_by == origin->by))
		record->cause = conn->mark;
}

static void fill_handshake(struct tcpstates_record *record, struct conn *conn)
{
	if (record->new_state == TCPSTATES_ESTABLISHED && conn->begun_ns) {
		conn->handshake_ns = record->boot_ns - conn->begun_ns;
		conn->known |= TCPSTATES_KNOW_HANDSHAKE;
	}
	record->known |= conn->known & TCPSTATES_KNOW_HANDSHAKE;
	record->handshake_ns = conn->handshake_ns;
}

/* What is known of @conn from before. */
static void fill_in(struct tcpstates_record *record, struct conn *conn)
{
	if (conn->state == record->old_state && same_tuple(record, conn)) {
		record->dur_ns = record->boot_ns - conn->since_ns;
		record->known |= TCPSTATES_KNOW_DURATION;
		if (conn->atleast)
			record->flags |= TCPSTATES_FLAG_ATLEAST;
		fill_handshake(record, conn);
	}
	if (!(record->known & TCPSTATES_KNOW_OWNER)) {
		get_owner(conn, record);
		get_where(conn, record);
		record->flags |= conn->flags & LASTING_FLAGS;
	}
}

/* What @record says of its connection becomes what is known of it. */
static void take_over(struct conn *conn, const struct tcpstates_record *record)
{
	conn->since_ns = record->boot_ns;
	conn->state = record->new_state;
	conn->family = record->family;
	conn->netns = record->netns;
	conn->flags = record->flags;
	conn->lport = record->lport;
	conn->rport = record->rport;
	memcpy(conn->laddr, record->laddr, sizeof(conn->laddr));
	memcpy(conn->raddr, record->raddr, sizeof(conn->raddr));
	conn->known = (conn->known & TCPSTATES_KNOW_HANDSHAKE) |
		      (record->known & KNOW_TUPLE);
	set_owner(conn, record);
	set_where(conn, record);
}

static bool is_birth(const struct tcpstates_record *record)
{
	return record->old_state == TCPSTATES_CLOSE ||
	       record->old_state == TCPSTATES_LISTEN;
}

static void begin_life(struct conn *conn, const struct tcpstates_record *record)
{
	conn->begun_ns = record->new_state == TCPSTATES_LISTEN ?
			 0 : record->boot_ns;
	conn->handshake_ns = 0;
	conn->known &= ~TCPSTATES_KNOW_HANDSHAKE;
}

static void go_on(struct conn *conn, const struct tcpstates_record *record,
		  const struct tcps_origin *origin)
{
	take_over(conn, record);
	if (is_birth(record))
		begin_life(conn, record);
	conn->sk = origin->sk;
	conn->marked = NULL;
	conn->atleast = false;
	conn->doubted = false;
}

static void end(struct conn *conn, const struct tcpstates_record *record,
		const struct tcps_origin *origin)
{
	if (conn->sk == origin->object)
		conn->sk = NULL;
	if (same_tuple(record, conn))
		free_conn(conn);
}

/**
 * tcps_conn_apply() - a transition happens
 * @record: which; gets its time, and what the table knows: duration, owner
 *	(unless it names the owner already, which the table then learns), the
 *	cause if it was marked; with an origin's object, it is unknown if the
 *	table does not hold the connection
 * @origin: what it comes from
 */
void tcps_conn_apply(struct tcpstates_record *record,
		     const struct tcps_origin *origin)
{
	struct hlist_bl_head *chain;
	struct conn *conn;

	if (origin->listener)
		inherit(record, origin->listener);
	chain = chain_of(record->conn);
	hlist_bl_lock(chain);
	stamp(record);
	conn = find(chain, record->conn);
	take_mark(record, conn, origin);
	if (conn)
		fill_in(record, conn);
	else if (record->new_state != TCPSTATES_CLOSE &&
		 (is_birth(record) || READ_ONCE(learning)))
		conn = make(chain, record->conn);
	if (conn && record->new_state == TCPSTATES_CLOSE)
		end(conn, record, origin);
	else if (conn)
		go_on(conn, record, origin);
	hlist_bl_unlock(chain);
}

/**
 * tcps_conn_learn() - a connection is there
 * @record: in which state (@new_state), since now at the latest; gets its time
 * @sk: the full socket that stands for it, or NULL
 *
 * After tcps_conn_doubt() it only confirms what is known: a connection whose
 * end was recorded while it was still linked must not come back.
 *
 * Return: true if it was learned now.
 */
bool tcps_conn_learn(struct tcpstates_record *record, const struct sock *sk)
{
	struct hlist_bl_head *chain = chain_of(record->conn);
	struct conn *conn;
	bool is_new;

	hlist_bl_lock(chain);
	conn = find(chain, record->conn);
	is_new = !conn && !doubting;
	if (is_new) {
		stamp(record);
		conn = make(chain, record->conn);
		if (conn) {
			take_over(conn, record);
			conn->sk = sk;
			conn->atleast = true;
		}
	}
	if (conn)
		conn->doubted = false;
	hlist_bl_unlock(chain);
	return is_new;
}

/**
 * tcps_conn_mark() - note the cause of what is about to happen
 * @cookie: to which connection
 * @object: in which structure of the kernel
 * @by: who is at work; the same must make the transition. Any number that
 *	tells tasks and interrupts apart, not 0
 * @cause: TCPSTATES_CAUSE_*
 *
 * Holds until the connection's next transition, or the next mark.
 */
void tcps_conn_mark(u64 cookie, const void *object, unsigned long by, u8 cause)
{
	struct hlist_bl_head *chain = chain_of(cookie);
	struct conn *conn;

	hlist_bl_lock(chain);
	conn = find(chain, cookie);
	if (conn) {
		conn->marked = object;
		conn->marked_by = by;
		conn->mark = cause;
	}
	hlist_bl_unlock(chain);
}

/**
 * tcps_conn_settle() - the cause of an end that will be told by somebody else
 * @cookie: of which connection
 * @object: of which structure of the kernel
 * @by: who is at work
 * @cause: TCPSTATES_CAUSE_*, or UNKNOWN to keep what @by has noted before;
 *	that the connection was killed is kept in any case
 */
void tcps_conn_settle(u64 cookie, const void *object, unsigned long by,
		      u8 cause)
{
	struct hlist_bl_head *chain = chain_of(cookie);
	struct conn *conn;
	bool noted;

	hlist_bl_lock(chain);
	conn = find(chain, cookie);
	if (conn) {
		noted = conn->marked == object && conn->marked_by == by &&
			(!cause || conn->mark == TCPSTATES_CAUSE_KILLED);
		conn->mark = noted ? conn->mark : cause;
		conn->marked = object;
		conn->marked_by = 0;
	}
	hlist_bl_unlock(chain);
}

/**
 * tcps_conn_left() - a full socket does not stand for its connection any more
 * @cookie: which connection
 * @sk: the socket
 */
void tcps_conn_left(u64 cookie, const struct sock *sk)
{
	struct hlist_bl_head *chain = chain_of(cookie);
	struct conn *conn;

	hlist_bl_lock(chain);
	conn = find(chain, cookie);
	if (conn && conn->sk == sk)
		conn->sk = NULL;
	hlist_bl_unlock(chain);
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
 * @owner: a record of which only pid, comm, uid, inode, cgroup and their bits
 *	are read
 */
void tcps_conn_accepted(u64 cookie, const struct tcpstates_record *owner)
{
	struct hlist_bl_head *chain = chain_of(cookie);
	struct conn *conn;

	hlist_bl_lock(chain);
	conn = find(chain, cookie);
	if (conn) {
		set_owner(conn, owner);
		set_where(conn, owner);
		conn->flags &= ~TCPSTATES_FLAG_UNACCEPTED;
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
		conn->flags |= TCPSTATES_FLAG_ORPHAN;
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

/* What is known of @conn now; its chain is locked. */
static void make_row(struct tcpstates_record *row, const struct conn *conn)
{
	memset(row, 0, sizeof(*row));
	row->size = sizeof(*row);
	row->version = TCPSTATES_ABI_VERSION;
	row->event = TCPSTATES_EVENT_EXISTING;
	row->conn = conn->cookie;
	row->boot_ns = conn->since_ns;
	row->new_state = conn->state;
	row->family = conn->family;
	row->netns = conn->netns;
	row->known = conn->known;
	row->flags = conn->flags & ~TCPSTATES_FLAG_ATLEAST;
	if (conn->atleast)
		row->flags |= TCPSTATES_FLAG_ATLEAST;
	row->lport = conn->lport;
	row->rport = conn->rport;
	memcpy(row->laddr, conn->laddr, sizeof(row->laddr));
	memcpy(row->raddr, conn->raddr, sizeof(row->raddr));
	row->handshake_ns = conn->handshake_ns;
	get_owner(conn, row);
	get_where(conn, row);
	if (conn->sk)
		tcps_record_health(row, conn->sk);
}

/**
 * tcps_conn_copy() - copy the connections of a chain, as they are now
 * @chain: its number
 * @rows: where to: an EXISTING of each, with @boot_ns the time since when, and
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
		if (count < room)
			make_row(&rows[count], conn);
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
