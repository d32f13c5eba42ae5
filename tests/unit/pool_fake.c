// SPDX-License-Identifier: GPL-2.0
/* The kernel below pool.c: it does as a test says, and checks how it is called. */
#include "unit.h"

#include <errno.h>

#include <linux/sched.h>

#include "pool/fake.h"

bool CONFIG_PREEMPT_RT;
unsigned int fake_cpu, fake_online;
unsigned long fake_memory, jiffies;
bool fake_hard;

unsigned long allocated, freed_at_once, allocations, slept_at, sleeps;
unsigned int most_at_once, fifo, caches;
struct irq_work *irq;
struct kthread_work *thread;
struct delayed_work *delayed;
bool no_thread;

static struct kthread_worker worker;
static char any;

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags, void (*make)(void *))
{
	(void)name; (void)align; (void)flags; (void)make;
	assert_int_equal(size, SIZE);
	caches++;
	return (struct kmem_cache *)&any;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	assert_ptr_equal(cache, &any);
	assert_int_equal(allocated, 0);
	caches--;
}

/* With interrupts off, or in an interrupt of PREEMPT_RT, it is not allowed. */
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	assert_ptr_equal(cache, &any);
	assert_true(fake_hard || !shim_irqs_off);
	assert_false(fake_hard && (CONFIG_PREEMPT_RT || gfp & FAKE_MAY_WAIT));
	if (!fake_memory)
		return NULL;
	fake_memory--;
	allocated++;
	allocations++;
	return memset(malloc(SIZE), 0xa5, SIZE);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	assert_ptr_equal(cache, &any);
	assert_false(shim_irqs_off);
	fake_memory++;
	allocated--;
	freed_at_once++;
	if (freed_at_once > most_at_once)
		most_at_once = freed_at_once;
	free(object);
}

/* An object takes a microsecond. */
u64 ktime_get_ns(void)
{
	return allocations * 1000;
}

unsigned long allocations_of_slice(void)
{
	return allocations - slept_at;
}

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	assert_false(shim_irqs_off);
	assert_true(min_us >= SLICE_US && max_us >= min_us);
	assert_in_range(allocations_of_slice(), 1, SLICE_US + BATCH);
	slept_at = allocations;
	sleeps++;
}

void on_resched(void)
{
	assert_false(shim_irqs_off);
	freed_at_once = 0;
}

bool irq_work_queue(struct irq_work *work)
{
	assert_true(!irq || irq == work);
	irq = work;
	return true;
}

void irq_work_sync(struct irq_work *work)
{
	if (irq == work)
		irq = NULL;
}

/* From a hard interrupt, on PREEMPT_RT, too. */
bool kthread_queue_work(struct kthread_worker *of, struct kthread_work *work)
{
	assert_ptr_equal(of, &worker);
	thread = work;
	return true;
}

void kthread_destroy_worker(struct kthread_worker *of)
{
	assert_ptr_equal(of, &worker);
	assert_null(irq);
	if (thread)
		thread->function(thread);
	thread = NULL;
}

struct kthread_worker *tcps_kthread_run_worker(unsigned int flags,
					       const char *name)
{
	(void)flags; (void)name;
	return no_thread ? (void *)-ENOMEM : &worker;
}

void sched_set_fifo(void *task)
{
	(void)task;
	fifo++;
}

void set_user_nice(void *task, long nice)
{
	(void)task; (void)nice;
}

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags,
					 int most)
{
	(void)name; (void)flags; (void)most;
	return (struct workqueue_struct *)&any;
}

void destroy_workqueue(struct workqueue_struct *queue)
{
	(void)queue;
	assert_null(delayed);
}

bool queue_delayed_work(struct workqueue_struct *queue, struct delayed_work *work,
			unsigned long delay)
{
	(void)queue;
	assert_int_equal(delay, 10 * HZ);
	work->work.queued = true;
	delayed = work;
	return true;
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	work->work.queued = false;
	delayed = NULL;
	return true;
}
