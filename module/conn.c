// SPDX-License-Identifier: GPL-2.0
/*
 * A hash table whose width is fixed at load. It follows from the memory that entries
 * may take, so chains stay short. The lock of a chain is a bit of its head, so CPUs
 * contend only for connections of the same chain.
 *
 * A socket that is connected again and again leaves one connection in TIME_WAIT each
 * time, all with its cookie. TCPS_CONN_COOKIE_MOST of them get an entry, so that they
 * leave room for other sockets' connections in the same chain. Beyond that they are
 * missed, as if there were no memory.
 *
 * TCPS_CONN_CHAIN_MOST bounds the length of a chain. When all memory is used, a chain
 * has three entries on average, four at most. If each cookie has one entry, a chain
 * has 65 with a probability below 10^-52 (Poisson); if each has
 * TCPS_CONN_COOKIE_MOST, a chain has eight cookies with one below 10^-7.
 */
#include "conn.h"

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "pool.h"

/* Entries for each chain when the table is full. */
#define CHAIN_LENGTH	2UL
/* Bytes of each entry for the bitmap of watched chains; a bit would do. */
#define WATCHED_BYTES	1UL

struct hlist_bl_head *tcps_conn_heads __read_mostly;
unsigned long tcps_conn_mask __read_mostly;
u64 tcps_conn_key __read_mostly;
unsigned long *tcps_conn_watched __read_mostly;
u32 tcps_conn_watched_states __read_mostly;
static bool learning;	/* connections older than the module may lack an entry */
static unsigned long most_entries;	/* in the memory that conn_mib allows */
static atomic64_t missed;	/* connections that got no entry */
/*
 * The time since which connections may lack an entry, and the time since which all
 * have one again; 0 if that is not so now.
 */
static u64 incomplete_ns, complete_ns;

DEFINE_PER_CPU(u64[TCPS_COUNTS], tcps_conn_counts);

static unsigned long watched_words(void)
{
	return BITS_TO_LONGS(tcps_conn_chains());
}

/**
 * tcps_conn_init() - allocate the table
 * @mib: bound on the memory of entries and chains together, in MiB
 *
 * Context: process.
 * Return: 0, -EINVAL if @mib is out of bounds, or what tcps_pool_init() returns.
 */
int tcps_conn_init(unsigned int mib)
{
	unsigned long most = ((unsigned long)mib << 20) /
			     (sizeof(struct tcps_conn) + WATCHED_BYTES +
			      sizeof(*tcps_conn_heads) / CHAIN_LENGTH);
	int ret = -ENOMEM;

	if (mib < TCPS_CONN_MIB_MIN || mib > TCPS_CONN_MIB_MAX) {
		pr_err("conn_mib=%u: must be %u to %u\n", mib,
		       TCPS_CONN_MIB_MIN, TCPS_CONN_MIB_MAX);
		return -EINVAL;
	}
	get_random_bytes(&tcps_conn_key, sizeof(tcps_conn_key));
	tcps_conn_key |= 1;
	tcps_conn_mask = rounddown_pow_of_two(most / CHAIN_LENGTH) - 1;
	tcps_conn_heads = kvcalloc(tcps_conn_chains(), sizeof(*tcps_conn_heads),
				   GFP_KERNEL);
	if (!tcps_conn_heads)
		return -ENOMEM;
	tcps_conn_watched = kvcalloc(watched_words(),
				     sizeof(*tcps_conn_watched), GFP_KERNEL);
	if (!tcps_conn_watched)
		goto err_free_heads;
	most_entries = most;
	incomplete_ns = 0;
	complete_ns = 0;
	ret = tcps_pool_init(sizeof(struct tcps_conn), most);
	if (ret)
		goto err_free_watched;
	return 0;

err_free_watched:
	kvfree(tcps_conn_watched);
err_free_heads:
	kvfree(tcps_conn_heads);
	return ret;
}

/**
 * tcps_conn_next() - iterate over the entries with a cookie
 * @chain: the chain of @cookie, locked
 * @cookie: the cookie
 * @conn: the entry that the last call returned, or NULL for the first entry
 *
 * Context: interrupts off.
 * Return: the next entry, or NULL.
 */
struct tcps_conn *tcps_conn_next(struct hlist_bl_head *chain, u64 cookie,
				 const struct tcps_conn *conn)
{
	struct hlist_bl_node *node = conn ? conn->node.next :
					    tcps_conn_first(chain);
	struct tcps_conn *next;

	for (; node; node = node->next) {
		next = hlist_bl_entry(node, struct tcps_conn, node);
		if (next->cookie == cookie)
			return next;
	}
	return NULL;
}

/* Whether neither bound would be exceeded by another entry with @cookie. */
static noinline bool long_chain_has_room(struct hlist_bl_head *chain,
					 u64 cookie)
{
	unsigned int entries = 0, same = 0;
	struct hlist_bl_node *node;
	struct tcps_conn *conn;

	hlist_bl_for_each_entry(conn, node, chain, node) {
		entries++;
		same += conn->cookie == cookie;
	}
	return entries < TCPS_CONN_CHAIN_MOST && same < TCPS_CONN_COOKIE_MOST;
}

/*
 * Whether a chain may get another entry with @cookie. Cookies are compared only if
 * the chain is long enough to have TCPS_CONN_COOKIE_MOST of one.
 */
static bool chain_has_room(struct hlist_bl_head *chain, u64 cookie)
{
	struct hlist_bl_node *node = tcps_conn_first(chain);
	unsigned int count = 0;

	while (node && ++count < TCPS_CONN_COOKIE_MOST)
		node = node->next;
	return likely(!node) || long_chain_has_room(chain, cookie);
}

/**
 * tcps_conn_make() - add an entry for a new connection
 * @chain: the chain of @cookie, locked
 * @cookie: its cookie
 *
 * Context: interrupts off.
 * Return: the entry, for tcps_conn_begin(); or NULL: there is no memory, the chain
 * is full, or it has TCPS_CONN_COOKIE_MOST entries with @cookie.
 */
struct tcps_conn *tcps_conn_make(struct hlist_bl_head *chain, u64 cookie)
{
	struct tcps_conn *conn;

	if (!chain_has_room(chain, cookie))
		return NULL;
	conn = tcps_pool_get();
	if (!conn)
		return NULL;
	conn->cookie = cookie;
	conn->replaced_sk = NULL;
	hlist_bl_add_head(&conn->node, chain);
	tcps_conn_count(TCPS_COUNT_ENTRIES_STARTED);
	return conn;
}

/**
 * tcps_conn_missed() - count connections that lack an entry
 * @count: how many
 *
 * Context: any.
 */
void tcps_conn_missed(unsigned long count)
{
	/*
	 * A full barrier: tcps_conn_complete() sees the count, or this function
	 * sees its 0.
	 */
	atomic64_add_return(count, &missed);
	if (READ_ONCE(incomplete_ns))
		return;
	WRITE_ONCE(incomplete_ns, ktime_get_boottime_ns());
	WRITE_ONCE(complete_ns, 0);
}

/**
 * tcps_conn_free() - remove an entry
 * @conn: the entry, its chain locked
 *
 * Context: interrupts off.
 */
void tcps_conn_free(struct tcps_conn *conn)
{
	hlist_bl_del(&conn->node);
	tcps_conn_count(TCPS_COUNT_ENTRIES_ENDED);
	tcps_pool_put(conn);
}

/**
 * tcps_conn_short() - whether connections may lack an entry
 *
 * Context: any.
 * Return: true from when an entry could not be made until
 * tcps_conn_complete().
 */
bool tcps_conn_short(void)
{
	return unlikely(READ_ONCE(incomplete_ns));
}

/**
 * tcps_conn_set_learning() - set whether connections are being learned
 * @is_learning: if true, a connection that is older than the module may lack an
 *	entry
 *
 * Context: process.
 */
void tcps_conn_set_learning(bool is_learning)
{
	WRITE_ONCE(learning, is_learning);
}

/**
 * tcps_conn_learning() - whether connections are being learned
 *
 * Context: any.
 * Return: the argument of the last tcps_conn_set_learning().
 */
bool tcps_conn_learning(void)
{
	return unlikely(READ_ONCE(learning));
}

/**
 * tcps_conn_has_room() - whether there is memory for connections that lack an entry
 *
 * An eighth of the table must be free: otherwise a table that stays full would be
 * filled again and again.
 *
 * Context: any.
 * Return: true if there is.
 */
bool tcps_conn_has_room(void)
{
	u64 entries = tcps_conn_sum(TCPS_COUNT_ENTRIES_STARTED) -
		      tcps_conn_sum(TCPS_COUNT_ENTRIES_ENDED);

	return entries <= most_entries - most_entries / 8;
}

/**
 * tcps_conn_misses() - how many connections have lacked an entry so far
 *
 * Context: any.
 * Return: a number that grows with each tcps_conn_missed().
 */
u64 tcps_conn_misses(void)
{
	return atomic64_read(&missed);
}

/**
 * tcps_conn_complete() - note that every connection has an entry again
 * @misses: tcps_conn_misses() from before the walk that has added the entries;
 *	nothing is noted if it has grown since
 *
 * Context: process; one call at a time.
 */
void tcps_conn_complete(u64 misses)
{
	/* A full barrier; see tcps_conn_missed(). */
	u64 since_ns = xchg(&incomplete_ns, 0ULL);

	if (tcps_conn_misses() == misses)
		WRITE_ONCE(complete_ns, ktime_get_boottime_ns());
	else
		WRITE_ONCE(incomplete_ns, since_ns);
}

/**
 * tcps_conn_sum() - add up what all CPUs have counted
 * @count: what
 *
 * Context: any.
 * Return: the sum; approximate while CPUs count.
 */
u64 tcps_conn_sum(enum tcps_conn_count count)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(tcps_conn_counts, cpu)[count]);
	return sum;
}

/* Call @visit for each entry, its chain locked; it may remove the entry. */
static void for_each_conn(void (*visit)(struct tcps_conn *conn))
{
	unsigned long i;

	for (i = 0; i < tcps_conn_chains(); i++) {
		struct hlist_bl_node *node, *next;
		struct tcps_conn *conn;

		/* Nearly all are empty. What is added now is no concern. */
		if (hlist_bl_empty(&tcps_conn_heads[i])) {
			if (i % 1024 == 0)
				cond_resched();
			continue;
		}
		local_irq_disable();
		tcps_conn_lock_chain(i);
		hlist_bl_for_each_entry_safe(conn, node, next, &tcps_conn_heads[i], node)
			visit(conn);
		tcps_conn_unlock(&tcps_conn_heads[i]);
		local_irq_enable();
		cond_resched();
	}
}

static void free_if_unconfirmed(struct tcps_conn *conn)
{
	if (conn->not_found != TCPS_UNCONFIRMED)
		return;
	conn->not_found = 0;
	if (conn->replaced_sk)
		return;
	tcps_conn_count_end(conn->kind);
	tcps_conn_free(conn);
}

static void watch_if_in_state(struct tcps_conn *conn)
{
	tcps_conn_note_state(&tcps_conn_heads[tcps_conn_chain(conn->cookie)],
			     conn->state);
}

/**
 * tcps_conn_exit() - free the table
 *
 * Context: process; nothing is recorded any more.
 */
void tcps_conn_exit(void)
{
	for_each_conn(tcps_conn_free);
	tcps_pool_exit();
	kvfree(tcps_conn_watched);
	kvfree(tcps_conn_heads);
}

/**
 * tcps_conn_forget() - free entries that were learned, but not confirmed
 *
 * Context: process.
 */
void tcps_conn_forget(void)
{
	for_each_conn(free_if_unconfirmed);
}

/**
 * tcps_conn_watch_states() - watch connections in some states
 * @states: a bit for each of them
 *
 * A transition that still reads the old states took the lock of its chain before
 * the walk does, which then finds its connection.
 *
 * Context: process; one call at a time.
 */
void tcps_conn_watch_states(u32 states)
{
	WRITE_ONCE(tcps_conn_watched_states, states);
	for_each_conn(watch_if_in_state);
}

/**
 * tcps_conn_chains() - width of the table
 *
 * Context: any.
 * Return: the number of chains.
 */
unsigned long tcps_conn_chains(void)
{
	return tcps_conn_mask + 1;
}

/**
 * tcps_conn_stats() - fill in the statistics of the table
 * @stats: where to: conns_missed and conn_bytes
 *
 * Context: process.
 */
void tcps_conn_stats(struct tcpstates_stats *stats)
{
	stats->conns_missed = atomic64_read(&missed);
	stats->conn_bytes = tcps_pool_objects() * sizeof(struct tcps_conn) +
			    tcps_conn_chains() * sizeof(*tcps_conn_heads) +
			    watched_words() * sizeof(*tcps_conn_watched);
}

/**
 * tcps_conn_account() - fill in the account of the table
 * @account: where to: all but the members of audits
 *
 * Context: process.
 */
void tcps_conn_account(struct tcpstates_account *account)
{
	/* Ends before starts: the sums never have an end without its start. */
	account->entries_ended = tcps_conn_sum(TCPS_COUNT_ENTRIES_ENDED);
	account->entries_started = tcps_conn_sum(TCPS_COUNT_ENTRIES_STARTED);
	account->entries = account->entries_started - account->entries_ended;
	account->requests_done = tcps_conn_sum(TCPS_COUNT_REQUESTS_DONE);
	account->requests_ended = tcps_conn_sum(TCPS_COUNT_REQUESTS_ENDED);
	account->requests_started = tcps_conn_sum(TCPS_COUNT_REQUESTS_STARTED);
	account->minisocks_ended = tcps_conn_sum(TCPS_COUNT_MINISOCKS_ENDED);
	account->minisocks_started =
		tcps_conn_sum(TCPS_COUNT_MINISOCKS_STARTED);
	account->vanished = tcps_conn_sum(TCPS_COUNT_VANISHED);
	account->incomplete_boot_ns = READ_ONCE(incomplete_ns);
	account->complete_boot_ns = READ_ONCE(complete_ns);
}
