// SPDX-License-Identifier: GPL-2.0
/* Memory for connections: who gets some, when, and how much there is. */
#include "unit.h"

#include <errno.h>

#include <linux/sched.h>

#include "pool.h"
#include "pool/fake.h"

#define SIZE	176
#define READY	1024UL

bool CONFIG_PREEMPT_RT;
unsigned int fake_cpu, fake_online;
unsigned long fake_memory, jiffies;
bool fake_hard;

static unsigned long allocated, freed_at_once;
static unsigned int most_at_once, fifo, caches;
static struct irq_work *irq;
static struct kthread_work *thread;
static struct delayed_work *delayed;
static struct kthread_worker worker;
static bool no_thread;
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

static void on_resched(void)
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

static void run_irq(void)
{
	struct irq_work *work = irq;
	unsigned long flags;

	irq = NULL;
	if (!work)
		return;
	fake_hard = true;
	local_irq_save(flags);
	work->function(work);
	local_irq_restore(flags);
	fake_hard = false;
}

static void run_thread(void)
{
	struct kthread_work *work = thread;

	thread = NULL;
	if (work)
		work->function(work);
}

static bool run_delayed(void)
{
	struct delayed_work *work = delayed;

	delayed = NULL;
	if (!work)
		return false;
	work->work.queued = false;
	freed_at_once = 0;
	work->function(&work->work);
	return true;
}

static void *get(void)
{
	void *object;

	local_irq_disable();
	object = tcps_pool_get();
	local_irq_enable();
	if (object)
		memset(object, 0x5a, SIZE);
	return object;
}

static void put(void *object)
{
	memset(object, 0x5a, SIZE);
	local_irq_disable();
	tcps_pool_put(object);
	local_irq_enable();
}

static void *held[100000];
static unsigned long holding;

static bool take(void)
{
	void *object = get();

	if (object)
		held[holding++] = object;
	return object;
}

static void give_all(void)
{
	while (holding)
		put(held[--holding]);
}

static void start(unsigned long most)
{
	assert_int_equal(tcps_pool_init(SIZE, most), 0);
}

static int setup(void **state)
{
	(void)state;
	CONFIG_PREEMPT_RT = false;
	fake_cpu = 0;
	fake_online = FAKE_CPUS;
	fake_memory = 200000;
	most_at_once = 0;
	fifo = 0;
	no_thread = false;
	shim_resched = on_resched;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	give_all();
	run_irq();
	tcps_pool_exit();
	assert_int_equal(allocated, 0);
	assert_int_equal(tcps_pool_objects(), 0);
	assert_int_equal(caches, 0);
	return 0;
}

/* The worker never runs: behind a spinner, or because every CPU has one. */
static void test_interrupt_alone_is_enough(void **state)
{
	(void)state;
	start(90000);
	while (holding < 90000) {
		if (!take())
			fail_msg("dry at %lu of 90000", holding);
		run_irq();
	}
	assert_false(take());
	assert_int_equal(tcps_pool_objects(), 90000);
	run_irq();
	assert_int_equal(allocated, 90000);
}

/* A tick late: as many as a CPU takes in a hundredth of a second. */
static void test_late_interrupt(void **state)
{
	(void)state;
	start(90000);
	while (holding < 80000) {
		if (!take())
			fail_msg("dry at %lu", holding);
		if (holding % 500 == 0)
			for (run_irq(); irq; run_irq())
				;
		if (holding % 2000 == 0)
			run_thread();
	}
}

/* In a hard interrupt nothing is allocated there, and the thread is urgent. */
static void test_realtime(void **state)
{
	(void)state;
	CONFIG_PREEMPT_RT = true;
	start(90000);
	assert_int_equal(fifo, 1);
	assert_int_equal(tcps_pool_objects(), FAKE_CPUS * READY);
	/* One CPU has all that is ready before it is starved. */
	while (take())
		run_irq();
	assert_int_equal(holding, FAKE_CPUS * READY);
	jiffies++;
	assert_false(take());
	run_irq();
	run_thread();
	while (holding < 90000) {
		if (!take())
			fail_msg("dry at %lu", holding);
		if (holding % READY == 0) {
			run_irq();
			run_thread();
		}
	}
}

/* What a CPU has asked for is everybody's, and what it gives, too. */
static void test_cpus_share(void **state)
{
	unsigned long i;

	(void)state;
	start(6000);
	while (take())
		run_irq();
	assert_int_equal(holding, 6000);
	run_thread();
	fake_cpu = 1;
	give_all();
	/* Two batches stay with the one that they were given to. */
	fake_cpu = 2;
	for (i = 0; take(); i++)
		;
	assert_in_range(i, 6000 - 6000 / 8 / FAKE_CPUS, 6000);
	fake_cpu = 1;
	while (take())
		i++;
	assert_int_equal(i, 6000);
}

/* What idle CPUs keep is a small part, however little there is. */
static void test_little_memory(void **state)
{
	unsigned long i, kept = 0;

	(void)state;
	start(1000);
	for (fake_cpu = 1; fake_cpu < FAKE_CPUS; fake_cpu++) {
		for (i = 0; i < 200; i++) {
			assert_true(take());
			run_irq();
		}
		give_all();
	}
	fake_cpu = 0;
	while (take())
		run_irq();
	kept = 1000 - holding;
	assert_true(kept <= 1000 / 8);
	assert_int_equal(tcps_pool_objects(), 1000);
}

/* No memory: asked for once in a jiffy, and had as soon as there is some. */
static void test_no_memory(void **state)
{
	(void)state;
	start(90000);
	fake_memory = 0;
	while (take())
		run_irq();
	run_thread();
	assert_false(take());
	assert_null(irq);
	jiffies++;
	assert_false(take());
	assert_non_null(irq);
	fake_memory = 100;
	run_irq();
	assert_true(take());
}

static void test_none_at_load(void **state)
{
	(void)state;
	fake_memory = 0;
	start(90000);
	assert_false(take());
	fake_memory = 90000;
	tcps_pool_refill();
	assert_true(take());
}

static void test_no_thread(void **state)
{
	(void)state;
	no_thread = true;
	assert_int_equal(tcps_pool_init(SIZE, 1000), -ENOMEM);
	assert_int_equal(caches, 0);
	no_thread = false;
	start(1000);
}

/* In a row, without the interrupt or the worker. */
static void test_refill(void **state)
{
	unsigned long i;

	(void)state;
	start(90000);
	while (holding < 80000) {
		tcps_pool_refill();
		for (i = 0; i < READY; i++)
			assert_true(take());
	}
	tcps_pool_refill();
	assert_int_equal(tcps_pool_objects(), holding + FAKE_CPUS * READY);
}

/* By halves, a batch at a time, down to what is to be ready. */
static void test_given_back(void **state)
{
	unsigned long before, rounds = 0;

	(void)state;
	start(90000);
	while (holding < 60000) {
		assert_true(take());
		run_irq();
	}
	give_all();
	run_irq();
	run_thread();
	before = tcps_pool_objects();
	assert_true(before >= 60000);
	/* The first time it was needed a moment ago. */
	assert_true(run_delayed());
	assert_int_equal(tcps_pool_objects(), before);
	assert_true(run_delayed());
	assert_in_range(tcps_pool_objects(), before / 2, before / 2 + 3000);
	while (run_delayed())
		rounds++;
	assert_in_range(rounds, 3, 30);
	assert_in_range(tcps_pool_objects(), FAKE_CPUS * READY,
			FAKE_CPUS * READY + 300);
	assert_true(most_at_once <= 64);
}

/* What is taken and given in turns stays on its CPU, and asks nobody. */
static void test_back_and_forth(void **state)
{
	unsigned int i, j;

	(void)state;
	start(90000);
	for (i = 0; i < 1000; i++) {
		for (j = 0; j < 64; j++)
			assert_true(take());
		give_all();
	}
	assert_null(irq);
	assert_int_equal(tcps_pool_objects(), FAKE_CPUS * READY);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_interrupt_alone_is_enough),
		TEST(test_late_interrupt),
		TEST(test_realtime),
		TEST(test_cpus_share),
		TEST(test_little_memory),
		TEST(test_no_memory),
		TEST(test_none_at_load),
		TEST(test_no_thread),
		TEST(test_refill),
		TEST(test_given_back),
		TEST(test_back_and_forth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
