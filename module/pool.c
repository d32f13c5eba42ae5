// SPDX-License-Identifier: GPL-2.0
/*
 * Free objects are kept in batches. Each CPU has one that it takes from and puts
 * to, and a full one beside it; only that CPU uses them, with interrupts off. All
 * others are in the depot; any CPU may take a batch from it or add one to it under
 * a raw spinlock. So no CPU is without memory while the depot has some, and CPUs
 * that mostly open connections are supplied by CPUs that mostly close them.
 *
 * The depot should hold READY objects for each CPU that is online. When a CPU
 * takes a batch and less than half of that is left, it queues its irq_work:
 *
 *   - The irq_work runs in hard interrupt context, as soon as interrupts are on
 *     again. Unless the kernel is PREEMPT_RT, it adds a batch of memory that is
 *     free at once, whatever the CPUs are busy with.
 *   - It wakes the worker, a thread that fills the depot up and may wait for
 *     memory. On PREEMPT_RT, where a hard interrupt cannot allocate, the worker
 *     has SCHED_FIFO priority 50, and the scheduler moves it to a CPU that runs
 *     something less urgent. What it delays there waits for SLICE_US and one
 *     batch at a time: then the worker sleeps for as long. It takes half of that
 *     CPU at most, and supplies a thousand objects in a millisecond, which is what
 *     twenty CPUs take that do nothing but open connections.
 *
 * Bounds. A CPU takes some 50 objects in a millisecond when it only opens
 * connections; when it asks, READY / 2 for each CPU are left.
 *
 *   - Not PREEMPT_RT: until the supply arrives a CPU takes one object, as the
 *     hooked functions run with interrupts on; without a local APIC at most 500,
 *     until the next tick. Each call adds as much as was taken since the last one.
 *     So the depot is empty only when the kernel has no free memory.
 *   - PREEMPT_RT: the supply waits until any one CPU that kernel threads may use
 *     runs nothing of priority 50 or more for a moment; threaded interrupts have
 *     50. The stock lasts 10 ms while all CPUs only open connections, and longer
 *     by the number of CPUs if only one does. A process of that priority on the
 *     only CPU may take READY / 2 objects before it has to sleep once.
 *
 * A CPU keeps two batches at most, which others cannot use; batches are so small
 * that these are an eighth of all memory at most, or eight objects.
 *
 * Objects beyond what the depot should hold go back to the kernel if they were not
 * needed for a while: a new page is cleared first, which costs as many instructions
 * as the transitions of a connection.
 */
#include "pool.h"

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "compat.h"

/* Objects for each CPU that is online, in the depot. */
#define READY		1024UL
/* At most this part of all memory. */
#define READY_SHARE	4

/* Objects in a batch, and what part of all memory two for each CPU may be. */
#define BATCH_MOST	64UL
#define BATCH_LEAST	4UL
#define BATCH_SHARE	8

/* How long the worker allocates before it sleeps for as long. */
#define SLICE_US	100UL

/* How often half of the surplus is freed. */
#define SURPLUS_INTERVAL	(10 * HZ)

/* In the interrupt: only memory that is free. */
#define GFP_AT_ONCE	(GFP_NOWAIT | __GFP_NOWARN)
/* In the worker: may reclaim page cache, must not kill a process. */
#define GFP_MAY_WAIT	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

/* A free object. */
struct object {
	struct object *next;
};

/**
 * struct batch - the first object of a batch
 * @object: links the objects of the batch
 * @next: links batches in the depot
 * @count: objects in the batch; not valid while a CPU takes from it
 */
struct batch {
	struct object object;
	struct batch *next;
	unsigned long count;
};

/**
 * struct pool_cpu - a CPU's part
 * @free: the batch in use
 * @count: objects in it
 * @full: another batch, or NULL
 * @call: requests a supply
 */
struct pool_cpu {
	struct object *free;
	unsigned long count;
	struct batch *full;
	struct irq_work call;
};

static DEFINE_PER_CPU_ALIGNED(struct pool_cpu, pools);
static struct kmem_cache *cache;
static unsigned long most_objects __read_mostly;
static unsigned long batch_size __read_mostly;
static struct kthread_worker *worker;
static struct workqueue_struct *queue;

static DEFINE_RAW_SPINLOCK(lock);	/* protects the following four */
static struct batch *depot;
static unsigned long stock;	/* objects in the depot */
static unsigned long unused;	/* the least @stock since something was given back */
static unsigned long objects;	/* allocated, or about to be */

static unsigned long failed_at;	/* jiffies of the last failed allocation */

static unsigned long wanted_stock(void)
{
	return min(READY * num_online_cpus(), most_objects / READY_SHARE);
}

/* Interrupts are off. */
static void add_batch(struct batch *batch)
{
	raw_spin_lock(&lock);
	batch->next = depot;
	WRITE_ONCE(depot, batch);
	WRITE_ONCE(stock, stock + batch->count);
	raw_spin_unlock(&lock);
}

/* Interrupts are off. */
static struct batch *take_batch(void)
{
	struct batch *batch;

	if (!READ_ONCE(depot))
		return NULL;
	raw_spin_lock(&lock);
	batch = depot;
	if (batch) {
		WRITE_ONCE(depot, batch->next);
		WRITE_ONCE(stock, stock - batch->count);
		WRITE_ONCE(unused, min(unused, stock));
	}
	raw_spin_unlock(&lock);
	return batch;
}

/* Count objects of a new batch before they exist; fewer at the bound. */
static unsigned long reserve_objects(void)
{
	unsigned long flags, count;

	raw_spin_lock_irqsave(&lock, flags);
	count = min(batch_size, most_objects - objects);
	WRITE_ONCE(objects, objects + count);
	raw_spin_unlock_irqrestore(&lock, flags);
	return count;
}

static void unreserve_objects(unsigned long count)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	WRITE_ONCE(objects, objects - count);
	raw_spin_unlock_irqrestore(&lock, flags);
}

/*
 * Allocate a batch for the depot, without a lock: several CPUs may do so at once.
 * Returns whether another call may succeed, too.
 */
static bool make_batch(gfp_t gfp)
{
	unsigned long count = reserve_objects(), made, flags;
	struct object *first = NULL;

	for (made = 0; made < count; made++) {
		struct object *object = kmem_cache_alloc(cache, gfp);

		if (!object) {
			WRITE_ONCE(failed_at, jiffies);
			unreserve_objects(count - made);
			break;
		}
		object->next = first;
		first = object;
	}
	if (made) {
		struct batch *batch = (struct batch *)first;

		batch->count = made;
		local_irq_save(flags);
		add_batch(batch);
		local_irq_restore(flags);
	}
	return made && made == count;
}

static void free_batch(struct batch *batch)
{
	struct object *object = &batch->object;
	unsigned long count = batch->count;

	while (object) {
		struct object *next = object->next;

		kmem_cache_free(cache, object);
		object = next;
	}
	unreserve_objects(count);
}

/*
 * Read without the lock: after a wrong answer, this is called again for the next
 * batch. After a failed allocation, nobody asks before the next jiffy.
 */
static bool is_supply_due(void)
{
	return READ_ONCE(stock) < wanted_stock() / 2 &&
	       READ_ONCE(objects) < most_objects &&
	       time_after(jiffies, READ_ONCE(failed_at));
}

/*
 * Free half of the surplus that was there all the time since the last call. The lock
 * is held only to take a batch, not while its objects are freed.
 */
static void free_surplus(struct work_struct *work)
{
	unsigned long wanted = wanted_stock(), least = READ_ONCE(unused);
	unsigned long most = 0;
	struct batch *batch;

	if (least > wanted)
		most = DIV_ROUND_UP(least - wanted, 2);
	while (most && READ_ONCE(stock) > wanted) {
		local_irq_disable();
		batch = take_batch();
		local_irq_enable();
		if (!batch)
			break;
		most -= min(most, batch->count);
		free_batch(batch);
		cond_resched();
	}
	raw_spin_lock_irq(&lock);
	WRITE_ONCE(unused, stock);
	raw_spin_unlock_irq(&lock);
	if (READ_ONCE(stock) > wanted)
		queue_delayed_work(queue, to_delayed_work(work),
				   SURPLUS_INTERVAL);
}

static DECLARE_DELAYED_WORK(free_surplus_work, free_surplus);

/*
 * cond_resched() lets no task of lower priority run; so the worker sleeps, whatever
 * its priority is.
 */
static void refill_in_slices(struct kthread_work *work)
{
	u64 begun_ns = ktime_get_ns();

	while (READ_ONCE(stock) < wanted_stock() && make_batch(GFP_MAY_WAIT)) {
		if (ktime_get_ns() - begun_ns < SLICE_US * NSEC_PER_USEC)
			continue;
		usleep_range(SLICE_US, 2 * SLICE_US);
		begun_ns = ktime_get_ns();
	}
	if (READ_ONCE(stock) > wanted_stock())
		queue_delayed_work(queue, &free_surplus_work, SURPLUS_INTERVAL);
}

static DEFINE_KTHREAD_WORK(refill_work, refill_in_slices);

/* Hard interrupt context. */
static void on_call(struct irq_work *call)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) && is_supply_due())
		make_batch(GFP_AT_ONCE);
	kthread_queue_work(worker, &refill_work);
}

/* A cache with a constructor does not clear objects (init_on_alloc). */
static void leave_as_is(void *object)
{
}

static int make_worker(void)
{
	worker = tcps_kthread_run_worker(0, "tcpstates_pool");
	if (IS_ERR(worker))
		return PTR_ERR(worker);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		sched_set_fifo(worker->task);
	else
		set_user_nice(worker->task, MIN_NICE);
	return 0;
}

/**
 * tcps_pool_init() - allocate the first objects
 * @size: of an object, in bytes; at least that of struct batch
 * @most: upper bound for the number of objects, in use or free
 *
 * Context: process.
 * Return: 0, -ENOMEM, or the error of creating the thread.
 */
int tcps_pool_init(size_t size, unsigned long most)
{
	unsigned int cpu;
	int ret = -ENOMEM;

	cache = kmem_cache_create("tcpstates_conn", size, 0, 0, leave_as_is);
	if (!cache)
		return -ENOMEM;
	most_objects = most;
	batch_size = clamp(most / BATCH_SHARE / 2 / num_possible_cpus(),
			   BATCH_LEAST, BATCH_MOST);
	failed_at = jiffies - 1;
	for_each_possible_cpu(cpu)
		tcps_irq_work_init_hard(&per_cpu(pools, cpu).call, on_call);
	queue = alloc_workqueue("tcpstates_pool", WQ_UNBOUND, 1);
	if (!queue)
		goto err_destroy_cache;
	ret = make_worker();
	if (ret)
		goto err_destroy_queue;
	tcps_pool_refill();
	return 0;

err_destroy_queue:
	destroy_workqueue(queue);
err_destroy_cache:
	kmem_cache_destroy(cache);
	return ret;
}

static void free_cpu(struct pool_cpu *pool)
{
	struct batch *batch = (struct batch *)pool->free;

	if (batch) {
		batch->count = pool->count;
		free_batch(batch);
	}
	if (pool->full)
		free_batch(pool->full);
	pool->free = NULL;
	pool->count = 0;
	pool->full = NULL;
}

/**
 * tcps_pool_exit() - free everything
 *
 * Context: process; all objects have been put back, and no more are taken.
 */
void tcps_pool_exit(void)
{
	struct batch *batch;
	unsigned int cpu;

	/* The interrupt queues the worker, the worker queues the work. */
	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu(pools, cpu).call);
	kthread_destroy_worker(worker);
	cancel_delayed_work_sync(&free_surplus_work);
	destroy_workqueue(queue);
	for_each_possible_cpu(cpu)
		free_cpu(per_cpu_ptr(&pools, cpu));
	while ((batch = depot)) {
		depot = batch->next;
		stock -= batch->count;
		free_batch(batch);
		cond_resched();
	}
	kmem_cache_destroy(cache);
}

/* The batch in use is empty: begin another one. */
static noinline struct object *next_batch(struct pool_cpu *pool)
{
	struct batch *batch = pool->full;

	pool->full = NULL;
	if (!batch)
		batch = take_batch();
	if (is_supply_due())
		irq_work_queue(&pool->call);
	if (!batch)
		return NULL;
	pool->count = batch->count;
	return &batch->object;
}

/**
 * tcps_pool_get() - take an object
 *
 * Context: interrupts off.
 * Return: an object, not cleared, or NULL.
 */
void *tcps_pool_get(void)
{
	struct pool_cpu *pool = this_cpu_ptr(&pools);
	struct object *object = pool->free;

	lockdep_assert_irqs_disabled();
	if (unlikely(!object)) {
		object = next_batch(pool);
		if (!object)
			return NULL;
	}
	pool->free = object->next;
	pool->count--;
	return object;
}

/* The batch in use is full: keep it, and move the other one to the depot. */
static noinline void put_batch(struct pool_cpu *pool)
{
	struct batch *batch = (struct batch *)pool->free;

	batch->count = pool->count;
	swap(batch, pool->full);
	pool->free = NULL;
	pool->count = 0;
	if (!batch)
		return;
	add_batch(batch);
	if (READ_ONCE(stock) > wanted_stock() &&
	    !delayed_work_pending(&free_surplus_work))
		irq_work_queue(&pool->call);
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
	struct object *freed = object;

	lockdep_assert_irqs_disabled();
	if (unlikely(pool->count >= batch_size))
		put_batch(pool);
	freed->next = pool->free;
	pool->free = freed;
	pool->count++;
}

/**
 * tcps_pool_refill() - fill the depot, if there is memory
 *
 * For callers that are about to take many objects in a row. It does not wait for
 * the worker or another CPU, only for memory, and offers the CPU after each batch.
 *
 * Context: process, may sleep.
 */
void tcps_pool_refill(void)
{
	while (READ_ONCE(stock) < wanted_stock() && make_batch(GFP_MAY_WAIT))
		cond_resched();
}

/**
 * tcps_pool_objects() - count the objects
 *
 * Context: any.
 * Return: objects allocated, in use or free.
 */
unsigned long tcps_pool_objects(void)
{
	return READ_ONCE(objects);
}
