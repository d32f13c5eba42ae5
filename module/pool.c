// SPDX-License-Identifier: GPL-2.0
/*
 * Each CPU has a list of free objects that it alone touches, with interrupts
 * off. A worker brings supplies when the list gets short, and fetches what is
 * too much, over two lock-free lists. So CPUs that mostly open connections and
 * CPUs that mostly close them are balanced by the worker, not by each other.
 * What it has fetched it keeps in a reserve, and gives back to the kernel only
 * what it has not needed for a while: a page that comes anew is cleared first,
 * which costs as many instructions as a connection's transitions.
 *
 *   asked    set by the CPU, cleared by the worker when it is done with it
 *   inbox    added to by the worker, taken whole by the CPU
 *   outbox   added to by the CPU, taken whole by the worker
 */
#include "pool.h"

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

/*
 * Objects that the worker brings at a time; it is called when half are left. A
 * CPU that does nothing but open connections takes some 50 in a millisecond.
 */
#define SUPPLY	1024U

/* How often half of what was not needed since is given back. */
#define GIVE_BACK_INTERVAL	(10 * HZ)

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
static enum cpuhp_state hotplug_state;

static DEFINE_MUTEX(lock);	/* of what follows */
static unsigned long objects;	/* allocated */
static struct llist_node *reserve;
static unsigned long reserved;	/* length of @reserve */
static unsigned long unused;	/* its least length since something was given back */

/* From the reserve, or a new one. */
static struct llist_node *get_object(void)
{
	struct llist_node *node = reserve;

	lockdep_assert_held(&lock);
	if (node) {
		reserve = node->next;
		WRITE_ONCE(reserved, reserved - 1);
		unused = min(unused, reserved);
		return node;
	}
	if (objects == most_objects)
		return NULL;
	node = kmem_cache_alloc(cache, GFP_KERNEL);
	if (node)
		WRITE_ONCE(objects, objects + 1);
	return node;
}

static void free_object(struct llist_node *node)
{
	lockdep_assert_held(&lock);
	kmem_cache_free(cache, node);
	WRITE_ONCE(objects, objects - 1);
}

/* One by one, since most of it is done while nobody waits. */
static void supply(struct pool_cpu *pool)
{
	struct llist_node *first = NULL, *last = NULL, *node;
	unsigned int count = 0;

	while (count < SUPPLY && (node = get_object())) {
		node->next = first;
		if (!last)
			last = node;
		first = node;
		count++;
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

		node->next = reserve;
		reserve = node;
		WRITE_ONCE(reserved, reserved + 1);
		node = next;
	}
}

static void give_back(struct work_struct *work);
static DECLARE_DELAYED_WORK(give_back_work, give_back);

static void give_back(struct work_struct *work)
{
	mutex_lock(&lock);
	for (unused = DIV_ROUND_UP(unused, 2); unused; unused--) {
		struct llist_node *node = reserve;

		reserve = node->next;
		WRITE_ONCE(reserved, reserved - 1);
		free_object(node);
	}
	unused = reserved;
	if (reserved)
		schedule_delayed_work(&give_back_work, GIVE_BACK_INTERVAL);
	mutex_unlock(&lock);
}

static void balance(struct work_struct *work)
{
	unsigned int cpu;

	mutex_lock(&lock);
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
	if (reserved)
		schedule_delayed_work(&give_back_work, GIVE_BACK_INTERVAL);
	mutex_unlock(&lock);
}

static DECLARE_WORK(balance_work, balance);

static void call_worker(struct irq_work *call)
{
	schedule_work(&balance_work);
}

/*
 * A supply for a CPU that is about to come up, or at load is up: nothing there
 * takes or gives yet. What it has kept from the last time that it was up counts.
 */
static int prepare_cpu(unsigned int cpu)
{
	struct pool_cpu *pool = per_cpu_ptr(&pools, cpu);

	mutex_lock(&lock);
	if (pool->count < SUPPLY / 2 && llist_empty(&pool->inbox))
		supply(pool);
	mutex_unlock(&lock);
	return 0;
}

/* A cache with a constructor does not clear objects: users of ours do. */
static void leave_as_is(void *object)
{
}

/**
 * tcps_pool_init() - have objects ready on every CPU, also on those to come
 * @size: of an object, in bytes
 * @most: bound for all objects, in use or free
 *
 * Context: process.
 * Return: 0 or -ENOMEM; another error if the kernel has no place for one more that
 * wants to hear of CPUs.
 */
int tcps_pool_init(size_t size, unsigned long most)
{
	unsigned int cpu;
	int ret;

	cache = kmem_cache_create("tcpstates_conn", size, 0, 0, leave_as_is);
	if (!cache)
		return -ENOMEM;
	most_objects = most;
	for_each_possible_cpu(cpu)
		init_irq_work(&per_cpu(pools, cpu).call, call_worker);
	ret = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "tcpstates:pool",
				prepare_cpu, NULL);
	if (ret < 0) {
		kmem_cache_destroy(cache);
		return ret;
	}
	hotplug_state = ret;
	/* For kernels that forget the CPUs that are up; see tcps_stream_init(). */
	cpus_read_lock();
	for_each_online_cpu(cpu)
		prepare_cpu(cpu);
	cpus_read_unlock();
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

	cpuhp_remove_state_nocalls(hotplug_state);
	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu(pools, cpu).call);
	cancel_work_sync(&balance_work);
	cancel_delayed_work_sync(&give_back_work);
	mutex_lock(&lock);
	for_each_possible_cpu(cpu) {
		struct pool_cpu *pool = per_cpu_ptr(&pools, cpu);

		/* Three lists of the same kind of object, ended one by one. */
		fetch_surplus(pool);
		pool->outbox.first = pool->free;
		fetch_surplus(pool);
		pool->outbox.first = llist_del_all(&pool->inbox);
		fetch_surplus(pool);
	}
	while (reserve) {
		struct llist_node *node = reserve;

		reserve = node->next;
		free_object(node);
	}
	mutex_unlock(&lock);
	kmem_cache_destroy(cache);
}

/*
 * Whether it pays to call the worker. Read without its lock: after a wrong answer
 * the next object that is taken asks again.
 */
static bool worker_has_some(void)
{
	return READ_ONCE(objects) < most_objects || READ_ONCE(reserved);
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
	    !READ_ONCE(pool->asked) && worker_has_some()) {
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
 * tcps_pool_await() - wait until this CPU has the supply that it has asked for
 *
 * Whoever takes many objects in a row may keep the worker from running.
 *
 * Context: process.
 */
void tcps_pool_await(void)
{
	struct pool_cpu *pool = raw_cpu_ptr(&pools);

	if (!READ_ONCE(pool->asked))
		return;
	irq_work_sync(&pool->call);
	flush_work(&balance_work);
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
