/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel below pool.c, as a test drives it: which CPU runs, when an interrupt
 * or a thread gets to run, and how much memory there is.
 */
#ifndef _POOL_FAKE_H
#define _POOL_FAKE_H

#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/types.h>

#include <stdint.h>
#include <stdlib.h>

#define FAKE_CPUS	4U

/* Of the kernel's configuration; a test may change it. */
extern bool CONFIG_PREEMPT_RT;

extern unsigned int fake_cpu;		/* which runs */
extern unsigned int fake_online;	/* how many CPUs are */
extern unsigned long fake_memory;	/* objects that can be had */
extern bool fake_hard;			/* in a hard interrupt */

/* What the pool has done, and is to do. */
extern unsigned long allocated, freed_at_once, allocations, slept_at, sleeps;
extern unsigned int most_at_once, fifo, caches;
extern struct irq_work *irq;
extern struct kthread_work *thread;
extern struct delayed_work *delayed;
extern bool no_thread;

/* As pool.c has them; of an object, any. */
#define SIZE			176
#define SLICE_US		100UL
#define BATCH			64UL

/* The worker, since it began or slept. */
unsigned long allocations_of_slice(void);

void on_resched(void);

#define gfp_t			unsigned int
#define __GFP_NORETRY		1U
#define __GFP_NOWARN		2U
#define GFP_NOWAIT		0U
#define FAKE_MAY_WAIT		4U
/* In the place of the shim's. */
#define _SHIM_LINUX_MM_H
#define _SHIM_LINUX_PERCPU_H
#define GFP_KERNEL		FAKE_MAY_WAIT

struct kmem_cache;

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags, void (*make)(void *));
void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *object);

#define DEFINE_PER_CPU_ALIGNED(type, name)	struct { type of[FAKE_CPUS]; } name
#define this_cpu_ptr(name)	(&(name)->of[fake_cpu])
#define per_cpu_ptr(name, cpu)	(&(name)->of[cpu])
#define per_cpu(name, cpu)	((name).of[cpu])
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < FAKE_CPUS; (cpu)++)
#define num_possible_cpus()	((unsigned long)FAKE_CPUS)
#define num_online_cpus()	((unsigned long)fake_online)

struct raw_spinlock {
	bool locked;
};

#define DEFINE_RAW_SPINLOCK(name)	struct raw_spinlock name

/* Nobody may wait for it: what holds it must not be interrupted. */
static inline void raw_spin_lock(struct raw_spinlock *lock)
{
	assert(shim_irqs_off && !lock->locked);
	lock->locked = true;
}

static inline void raw_spin_unlock(struct raw_spinlock *lock)
{
	assert(shim_irqs_off && lock->locked);
	lock->locked = false;
}

#define raw_spin_lock_irqsave(lock, flags) \
	do { local_irq_save(flags); raw_spin_lock(lock); } while (0)
#define raw_spin_unlock_irqrestore(lock, flags) \
	do { raw_spin_unlock(lock); local_irq_restore(flags); } while (0)
#define raw_spin_lock_irq(lock) \
	do { local_irq_disable(); raw_spin_lock(lock); } while (0)
#define raw_spin_unlock_irq(lock) \
	do { raw_spin_unlock(lock); local_irq_enable(); } while (0)

u64 ktime_get_ns(void);
void usleep_range(unsigned long min_us, unsigned long max_us);
#define NSEC_PER_USEC	1000L

extern unsigned long jiffies;
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define HZ	250

struct irq_work {
	void (*function)(struct irq_work *work);
	bool queued;
};

bool irq_work_queue(struct irq_work *work);
void irq_work_sync(struct irq_work *work);

struct kthread_work {
	void (*function)(struct kthread_work *work);
	bool queued;
};

#define DEFINE_KTHREAD_WORK(name, f)	struct kthread_work name = { .function = (f) }

struct kthread_worker {
	void *task;
};

bool kthread_queue_work(struct kthread_worker *worker, struct kthread_work *work);
void kthread_destroy_worker(struct kthread_worker *worker);
void sched_set_fifo(void *task);
#define MIN_NICE	(-20)
void set_user_nice(void *task, long nice);

struct work_struct {
	bool queued;
};

struct delayed_work {
	struct work_struct work;
	void (*function)(struct work_struct *work);
};

struct workqueue_struct;

#define WQ_UNBOUND	1
#define DECLARE_DELAYED_WORK(name, f)	struct delayed_work name = { .function = (f) }
#define to_delayed_work(w)		((struct delayed_work *)(w))
#define delayed_work_pending(w)		((w)->work.queued)

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags,
					 int most);
void destroy_workqueue(struct workqueue_struct *queue);
bool queue_delayed_work(struct workqueue_struct *queue, struct delayed_work *work,
			unsigned long delay);
bool cancel_delayed_work_sync(struct delayed_work *work);

/* In the place of the module's compat.h. */
#define _TCPS_COMPAT_H
struct kthread_worker *tcps_kthread_run_worker(unsigned int flags,
					       const char *name);

static inline void tcps_irq_work_init_hard(struct irq_work *work,
					   void (*function)(struct irq_work *))
{
	work->function = function;
}

#endif /* _POOL_FAKE_H */
