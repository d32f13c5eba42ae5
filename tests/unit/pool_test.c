// SPDX-License-Identifier: GPL-2.0
/* Memory for connections: who gets some, when, and how much there is. */
#include "unit.h"

#include <errno.h>

#include <linux/sched.h>

#include "pool.h"
#include "pool/fake.h"

#define READY	1024UL

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
	slept_at = allocations;
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

/* Tasks of lower priority on its CPU wait for a slice and a batch, not for all. */
static void test_worker_sleeps_between_slices(void **state)
{
	(void)state;
	CONFIG_PREEMPT_RT = true;
	start(90000);
	while (take())
		;
	jiffies++;
	assert_false(take());
	run_irq();
	sleeps = 0;
	run_thread();
	assert_int_equal(tcps_pool_objects(), 2 * FAKE_CPUS * READY);
	assert_in_range(allocations_of_slice(), 0, SLICE_US + BATCH);
	assert_in_range(sleeps, FAKE_CPUS * READY / (SLICE_US + BATCH),
			FAKE_CPUS * READY / SLICE_US);
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
		TEST(test_worker_sleeps_between_slices),
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
