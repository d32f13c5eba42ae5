// SPDX-License-Identifier: GPL-2.0
/*
 * A table of fixed width over all connections; the chains stay short since the
 * width follows from the memory that the entries may take. Each chain has a
 * lock in its head, so that CPUs meet only if their connections do.
 *
 * Chains have a bound, TCPS_CONN_CHAIN_MOST. When all memory is used, a chain has
 * three connections on average, four at most, and it has 65 with a probability of
 * less than 10^-52 (Poisson); so whoever meets the bound has many connections
 * with one cookie: a socket that is connected again and again leaves one behind
 * in TIME_WAIT each time. Such a connection is refused like one that found no
 * memory. Of others, those that share the chain are.
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
#include "tell.h"

/* Entries for each chain when the table is full. */
#define CHAIN_LENGTH	2UL
/* Bytes of each entry for the marks of the chains; a bit would do. */
#define MARK_BYTES	1UL

struct hlist_bl_head *tcps_conn_heads __read_mostly;
unsigned long tcps_conn_mask __read_mostly;
u64 tcps_conn_key __read_mostly;
unsigned long *tcps_conn_marks __read_mostly;
static u32 states_to_mark;	/* by the walk that is going on */
static unsigned long most_entries;	/* that the bound of memory allows */
static atomic64_t missed;	/* connections that found no memory */
static atomic64_t crowded;	/* connections that found their chain full */
/*
 * Since when there may be connections without an entry, and since when there are
 * none any more; 0 if that does not hold now.
 */
static u64 incomplete_ns, complete_ns;

DEFINE_PER_CPU(u64[TCPS_COUNTS], tcps_conn_counts);

static unsigned long mark_words(void)
{
	return BITS_TO_LONGS(tcps_conn_chains());
}

/**
 * tcps_conn_init() - make the table
 * @mib: memory that entries and chains may take together, in MiB
 *
 * Context: process.
 * Return: 0, -EINVAL if @mib is out of bounds, or what tcps_pool_init() returns.
 */
int tcps_conn_init(unsigned int mib)
{
	unsigned long most = ((unsigned long)mib << 20) /
			     (sizeof(struct tcps_conn) + MARK_BYTES +
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
	tcps_conn_marks = kvcalloc(mark_words(), sizeof(*tcps_conn_marks),
				   GFP_KERNEL);
	if (!tcps_conn_marks)
		goto err_free_heads;
	most_entries = most;
	incomplete_ns = 0;
	complete_ns = 0;
	ret = tcps_pool_init(sizeof(struct tcps_conn), most);
	if (ret)
		goto err_free_marks;
	return 0;

err_free_marks:
	kvfree(tcps_conn_marks);
err_free_heads:
	kvfree(tcps_conn_heads);
	return ret;
}

/**
 * tcps_conn_next() - all entries with a cookie, one after the other
 * @chain: the chain of @cookie, locked
 * @cookie: the cookie
 * @conn: what the last call returned, or NULL
 *
 * Context: interrupts off.
 * Return: the next one, or NULL.
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

/**
 * tcps_conn_chain_has_room() - whether another entry may be in a chain
 * @chain: the chain, locked
 *
 * Counted here, since entries come less often than they are looked for.
 *
 * Context: interrupts off.
 * Return: false if it has TCPS_CONN_CHAIN_MOST.
 */
bool tcps_conn_chain_has_room(struct hlist_bl_head *chain)
{
	struct hlist_bl_node *node = tcps_conn_first(chain);
	unsigned int count = 0;

	while (node && ++count < TCPS_CONN_CHAIN_MOST)
		node = node->next;
	return !node;
}

/**
 * tcps_conn_make() - an entry for a new connection
 * @chain: the chain of @cookie, locked
 * @cookie: its cookie
 *
 * Context: interrupts off.
 * Return: the entry, for tcps_conn_begin(); or NULL, for tcps_conn_refused(): there
 * is no memory, or no room in the chain.
 */
struct tcps_conn *tcps_conn_make(struct hlist_bl_head *chain, u64 cookie)
{
	struct tcps_conn *conn = likely(tcps_conn_chain_has_room(chain)) ? tcps_pool_get() : NULL;

	if (!conn)
		return NULL;
	conn->cookie = cookie;
	conn->ghost = NULL;
	hlist_bl_add_head(&conn->node, chain);
	tcps_conn_count(TCPS_COUNT_ENTRIES_STARTED);
	return conn;
}

/**
 * tcps_conn_missed() - count connections that get no entry
 * @count: how many
 *
 * Context: any.
 */
void tcps_conn_missed(unsigned long count)
{
	/* A full barrier: so tcps_conn_complete() sees the count, or this its 0. */
	atomic64_add_return(count, &missed);
	if (READ_ONCE(incomplete_ns))
		return;
	WRITE_ONCE(incomplete_ns, ktime_get_boottime_ns());
	WRITE_ONCE(complete_ns, 0);
}

/**
 * tcps_conn_free() - remove an entry
 * @conn: which; its chain is locked
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
 * tcps_conn_refused() - count a connection that tcps_conn_make() had no entry for
 * @chain: its chain, locked
 *
 * A full chain is one socket's own doing, and says nothing about other connections.
 *
 * Context: interrupts off.
 */
void tcps_conn_refused(struct hlist_bl_head *chain)
{
	if (tcps_conn_chain_has_room(chain))
		tcps_conn_missed(1);
	else
		atomic64_add_return(1, &crowded);
}

/**
 * tcps_conn_short() - whether there may be connections without an entry
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
 * tcps_conn_has_room() - whether there is memory for connections that were missed
 *
 * An eighth of the table has to be free, so that a table that stays full is not
 * filled in vain again and again.
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
 * tcps_conn_misses() - how many connections got no entry so far
 *
 * Context: any.
 * Return: a number that changes with each tcps_conn_missed().
 */
u64 tcps_conn_misses(void)
{
	return atomic64_read(&missed);
}

/**
 * tcps_conn_complete() - note that every connection has an entry again
 * @misses: what tcps_conn_misses() returned before the walk that has made sure
 *	of that; nothing is noted if there were more since
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
 * tcps_conn_sum() - what all CPUs have counted
 * @count: of what
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

/* Call @visit for each entry, which may remove it; its chain is locked. */
static void for_each_conn(void (*visit)(struct tcps_conn *conn))
{
	unsigned long i;

	for (i = 0; i < tcps_conn_chains(); i++) {
		struct hlist_bl_node *node, *next;
		struct tcps_conn *conn;

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
	if (conn->unmet != TCPS_UNCONFIRMED)
		return;
	conn->unmet = 0;
	if (conn->ghost)
		return;
	tcps_conn_count_end(conn->kind);
	tcps_conn_free(conn);
}

static void mark_if_in_state(struct tcps_conn *conn)
{
	if (BIT(conn->state) & states_to_mark)
		tcps_conn_mark(&tcps_conn_heads[tcps_conn_chain(conn->cookie)]);
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
	kvfree(tcps_conn_marks);
	kvfree(tcps_conn_heads);
}

/**
 * tcps_conn_forget() - free the entries that were learned and are not confirmed
 *
 * Context: process.
 */
void tcps_conn_forget(void)
{
	for_each_conn(free_if_unconfirmed);
}

/**
 * tcps_conn_mark_states() - mark the chains of all connections in some states
 * @states: a bit for each
 *
 * Context: process; one call at a time.
 */
void tcps_conn_mark_states(u32 states)
{
	states_to_mark = states;
	for_each_conn(mark_if_in_state);
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

/* What is known of @conn now; its chain is locked. */
static void make_row(struct tcpstates_record *row, const struct tcps_conn *conn)
{
	tcps_tell(row, conn, TCPSTATES_EVENT_EXISTING);
	row->old_state = TCPSTATES_UNKNOWN;
	row->new_state = conn->state;
	row->cause = TCPSTATES_CAUSE_UNKNOWN;
	row->boot_ns = conn->since_ns;
	row->real_ns = 0;
	row->seq = 0;
	row->dur_ns = 0;
	row->cpu = 0;
	if (conn->atleast)
		row->flags |= TCPSTATES_FLAG_ATLEAST;
	row->known |= tcps_tell_health(row, conn->holder, conn->kind);
}

/**
 * tcps_conn_copy() - copy the connections of a chain, as they are now
 * @chain: its number
 * @rows: where to: an EXISTING of each, with @boot_ns the time since when, and
 *	the flag atleast if that is a lower bound
 * @room: of @rows
 *
 * Context: process.
 * Return: how many connections there are; if more than @room, not all have
 * been copied.
 */
unsigned int tcps_conn_copy(unsigned long chain, struct tcpstates_record *rows,
			    unsigned int room)
{
	struct hlist_bl_head *head = &tcps_conn_heads[chain];
	struct hlist_bl_node *node;
	unsigned int count = 0;
	struct tcps_conn *conn;

	local_irq_disable();
	tcps_conn_lock_chain(chain);
	hlist_bl_for_each_entry(conn, node, head, node) {
		if (conn->state == TCPSTATES_CLOSE)
			continue;	/* over, but for a ghost */
		if (count < room)
			make_row(&rows[count], conn);
		count++;
	}
	tcps_conn_unlock(head);
	local_irq_enable();
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
	stats->conns_missed = atomic64_read(&missed) +
			      atomic64_read(&crowded);
	stats->conn_bytes = tcps_pool_objects() * sizeof(struct tcps_conn) +
			    tcps_conn_chains() * sizeof(*tcps_conn_heads) +
			    mark_words() * sizeof(*tcps_conn_marks);
}

/**
 * tcps_conn_account() - fill in what is known here
 * @account: where to; all about entries, and since when they are complete
 *
 * Context: process.
 */
void tcps_conn_account(struct tcpstates_account *account)
{
	/* Ends first: so no end is counted whose start is not. */
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
