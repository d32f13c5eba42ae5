// SPDX-License-Identifier: GPL-2.0
/*
 * Each CPU has a list of free objects that it alone touches, with interrupts
 * off. A worker brings supplies when the list gets short, and fetches what is
 * too much, over two lock-free lists. So CPUs that mostly open connections and
 * CPUs that mostly close them are balanced by the worker, not by each other.
 *
 *   asked    set by the CPU, cleared by the worker when it is done with it
 *   inbox    added to by the worker, taken whole by the CPU
 *   outbox   added to by the CPU, taken whole by the worker
 */
#include "pool.h"

#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

/*
 * Objects that the worker brings at a time; it is called when half are left. A
 * CPU that does nothing but open connections takes some 50 in a millisecond.
 */
#define SUPPLY	1024U

/**
 * struct pool_cpu - a CPU's part
 * @free: its free objects
 * @count: how many
 * @supplied: how many the worker has put into @inbox
 * @asked: the worker has been called for a supply
 * @inbox: supplies
 * @outbox: surplus
 * @call: calls the worker
 */
struct pool_cpu {
	struct llist_node *free;
	unsigned int count;
	unsigned int supplied;
	bool asked;
	struct llist_head inbox;
	struct llist_head outbox;
	struct irq_work call;
};

static DEFINE_PER_CPU_ALIGNED(struct pool_cpu, pools);
static struct kmem_cache *cache;
static unsigned long most_objects;
static unsigned long objects;	/* allocated; written by the worker alone */

/* One by one, since most of it is done while nobody waits. */
static void supply(struct pool_cpu *pool)
{
	struct llist_node *first = NULL, *last = NULL;
	unsigned int count = 0;

	while (count < SUPPLY && objects < most_objects) {
		struct llist_node *node = kmem_cache_alloc(cache, GFP_KERNEL);

		if (!node)
			break;
		node->next = first;
		if (!last)
			last = node;
		first = node;
		count++;
		WRITE_ONCE(objects, objects + 1);
	}
	if (count) {
		WRITE_ONCE(pool->supplied, count);
		/* A full barrier: the count before the objects. */
		llist_add_batch(first, last, &pool->inbox);
	}
}

static void fetch_surplus(struct pool_cpu *pool)
{
	struct llist_node *node = llist_del_all(&pool->outbox);

	while (node) {
		struct llist_node *next = node->next;

		kmem_cache_free(cache, node);
		WRITE_ONCE(objects, objects - 1);
		node = next;
	}
}

static void balance(struct work_struct *work)
{
	unsigned int cpu;

	/* First what others have too much of: it may be all that there is. */
	for_each_possible_cpu(cpu)
		fetch_surplus(per_cpu_ptr(&pools, cpu));
	for_each_possible_cpu(cpu) {
		struct pool_cpu *pool = per_cpu_ptr(&pools, cpu);

		if (!READ_ONCE(pool->asked))
			continue;
		if (llist_empty(&pool->inbox))
			supply(pool);
		WRITE_ONCE(pool->asked, false);
	}
}

static DECLARE_WORK(balance_work, balance);

static void call_worker(struct irq_work *call)
{
	schedule_work(&balance_work);
}

/* A cache with a constructor does not clear objects: users of ours do. */
static void leave_as_is(void *object)
{
}

/**
 * tcps_pool_init() - have objects ready on every CPU
 * @size: of an object, in bytes
 * @most: bound for all objects, in use or free
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcps_pool_init(size_t size, unsigned long most)
{
	unsigned int cpu;

	cache = kmem_cache_create("tcpstates_conn", size, 0, 0, leave_as_is);
	if (!cache)
		return -ENOMEM;
	most_objects = most;
	for_each_possible_cpu(cpu)
		init_irq_work(&per_cpu(pools, cpu).call, call_worker);
	for_each_online_cpu(cpu)
		supply(per_cpu_ptr(&pools, cpu));
	return 0;
}

/**
 * tcps_pool_exit() - free everything
 *
 * Context: process; all objects have been put back, nobody gets any more.
 */
void tcps_pool_exit(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu(pools, cpu).call);
	cancel_work_sync(&balance_work);
	for_each_possible_cpu(cpu) {
		struct pool_cpu *pool = per_cpu_ptr(&pools, cpu);

		/* Three lists of the same kind of object, ended one by one. */
		fetch_surplus(pool);
		pool->outbox.first = pool->free;
		fetch_surplus(pool);
		pool->outbox.first = llist_del_all(&pool->inbox);
		fetch_surplus(pool);
	}
	kmem_cache_destroy(cache);
}

/**
 * tcps_pool_get() - take an object
 *
 * Context: interrupts off.
 * Return: an object with any content, or NULL.
 */
void *tcps_pool_get(void)
{
	struct pool_cpu *pool = this_cpu_ptr(&pools);
	struct llist_node *node;

	lockdep_assert_irqs_disabled();
	if (!pool->free && !llist_empty(&pool->inbox)) {
		pool->free = llist_del_all(&pool->inbox);
		pool->count = READ_ONCE(pool->supplied);
	}
	node = pool->free;
	if (node) {
		pool->free = node->next;
		pool->count--;
	}
	if (pool->count < SUPPLY / 2 && llist_empty(&pool->inbox) &&
	    !READ_ONCE(pool->asked) && READ_ONCE(objects) < most_objects) {
		WRITE_ONCE(pool->asked, true);
		irq_work_queue(&pool->call);
	}
	return node;
}

/**
 * tcps_pool_put() - give an object back
 * @object: the object
 *
 * Context: interrupts off.
 */
void tcps_pool_put(void *object)
{
	struct pool_cpu *pool = this_cpu_ptr(&pools);
	struct llist_node *node = object;

	lockdep_assert_irqs_disabled();
	if (pool->count < 2 * SUPPLY) {
		node->next = pool->free;
		pool->free = node;
		pool->count++;
	} else if (llist_add(node, &pool->outbox)) {
		irq_work_queue(&pool->call);
	}
}

/**
 * tcps_pool_objects() - how much memory there is
 *
 * Context: any.
 * Return: objects allocated, in use or free.
 */
unsigned long tcps_pool_objects(void)
{
	return READ_ONCE(objects);
}
