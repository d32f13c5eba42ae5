// SPDX-License-Identifier: GPL-2.0
/*
 * The ring on a machine with weak memory: the claims of the table of barriers at
 * the top of ring.c, and that each of these barriers is needed.
 */
#include "unit.h"

#include <linux/compiler.h>
#include <asm/barrier.h>

#include "model/model.h"

#define RUNS	20000
#define SLOTS	2
#define WRITTEN	4

/* Of the threads. */
#define WRITER	0
#define READER	1

/* Returns how many of RUNS runs have the forbidden outcome. */
static unsigned int count_faults(void (*const threads[])(void),
				 unsigned int count, void (*prepare)(void),
				 bool (*fault)(void))
{
	unsigned int faults = 0;
	u64 seed;

	for (seed = 0; seed < RUNS; seed++) {
		prepare();
		model_run(seed, threads, count);
		faults += fault();
	}
	return faults;
}

/* The machine itself: message passing and store buffering. */

static u64 data, flag, saw_data, saw_flag;
static bool with_barriers;

static void clear_variables(void)
{
	data = 0;
	flag = 0;
}

static void send(void)
{
	WRITE_ONCE(data, 1);
	if (with_barriers)
		smp_store_release(&flag, 1); /* data before flag */
	else
		WRITE_ONCE(flag, 1);
}

static void receive(void)
{
	if (with_barriers)
		saw_flag = smp_load_acquire(&flag); /* flag before data */
	else
		saw_flag = READ_ONCE(flag);
	saw_data = READ_ONCE(data);
}

static bool flag_without_data(void)
{
	return saw_flag && !saw_data;
}

static void store_data_load_flag(void)
{
	WRITE_ONCE(data, 1);
	if (with_barriers)
		smp_mb(); /* data before flag */
	saw_flag = READ_ONCE(flag);
}

static void store_flag_load_data(void)
{
	WRITE_ONCE(flag, 1);
	if (with_barriers)
		smp_mb(); /* flag before data */
	saw_data = READ_ONCE(data);
}

static bool neither_saw(void)
{
	return !saw_data && !saw_flag;
}

static void test_machine_is_weak(void **state)
{
	static void (*const passing[])(void) = { send, receive };
	static void (*const buffering[])(void) = {
		store_data_load_flag, store_flag_load_data,
	};

	(void)state;
	model_weaken(0, MODEL_NONE);
	for (with_barriers = false; ; with_barriers = true) {
		assert_int_equal(!count_faults(passing, 2, clear_variables,
					       flag_without_data),
				 with_barriers);
		assert_int_equal(!count_faults(buffering, 2, clear_variables,
					       neither_saw),
				 with_barriers);
		if (with_barriers)
			break;
	}
}

/* One ring, its writer, and a reader that looks at it a few times. */

static struct tcps_ring *ring;
static u64 times[WRITTEN];
static unsigned int spoiled, out_of_order, received;

static void fill(struct tcpstates_record *record, u64 number, u64 boot_ns)
{
	u64 *words = (u64 *)record;
	unsigned int i;

	for (i = 0; i < TCPS_RECORD_WORDS; i++)
		words[i] = number * 1000 + i;
	record->boot_ns = boot_ns;
}

static void write_records(void)
{
	struct tcpstates_record record;
	unsigned int i;

	for (i = 0; i < WRITTEN; i++) {
		u64 number, now;

		tcps_ring_enter(ring);
		smp_mb(); /* A: the entry before the clock */
		now = model_clock();
		number = tcps_ring_reserve(ring);
		times[number] = now;
		fill(&record, number, now);
		write_slot(ring, number, &record);
		tcps_ring_commit(ring, number);
		tcps_ring_leave(ring);
	}
}

/* A number below the head, which may be overwritten already or soon. */
static void read_one(u64 number)
{
	struct tcpstates_record record, expected;
	u64 boot_ns;

	if (tcps_ring_read(ring, number, &record)) {
		fill(&expected, number, times[number]);
		spoiled += memcmp(&record, &expected, sizeof(record)) != 0;
		received++;
	}
	if (tcps_ring_read_time(ring, number, &boot_ns))
		spoiled += boot_ns != times[number];
}

static u64 horizons[3], heads[3];

static void read_records(void)
{
	unsigned int i;
	u64 number;

	for (i = 0; i < COUNT(heads); i++) {
		horizons[i] = model_clock();
		heads[i] = tcps_ring_settled(ring);
		for (number = heads[i]; number-- > 0;)
			read_one(number);
	}
}

static void empty_ring(void)
{
	memset(ring->slots, 0, SLOTS * sizeof(*ring->slots));
	ring->shared->entered = 0;
	ring->shared->reserved = 0;
	ring->shared->head = 0;
	spoiled = 0;
	out_of_order = 0;
}

/* A record that was not complete yet must be later than the reader's clock. */
static bool wrong(void)
{
	unsigned int i;
	u64 number;

	for (i = 0; i < COUNT(heads); i++)
		for (number = heads[i]; number < WRITTEN; number++)
			out_of_order += times[number] < horizons[i];
	return spoiled || out_of_order;
}

/* Which counter a barrier is about; ANY if there is but one of its kind. */
enum counter {
	ANY,
	ENTERED,
	HEAD,
};

static unsigned int count_wrong(unsigned int weak_thread,
				enum model_operation weak_operation,
				enum counter counter)
{
	static void (*const threads[])(void) = {
		[WRITER] = write_records,
		[READER] = read_records,
	};
	unsigned int faults;

	ring = make_ring(SLOTS, 0);
	received = 0;
	model_weaken(weak_thread, weak_operation);
	if (counter == ENTERED)
		model_weaken_at(&ring->shared->entered);
	else if (counter == HEAD)
		model_weaken_at(&ring->shared->head);
	faults = count_faults(threads, COUNT(threads), empty_ring, wrong);
	free_ring(ring);
	/* Otherwise the runs have not covered their case. */
	assert_true(received > RUNS / 2);
	return faults;
}

static void test_ring_is_right(void **state)
{
	(void)state;
	assert_int_equal(count_wrong(0, MODEL_NONE, ANY), 0);
}

static void test_barrier_a_is_needed(void **state)
{
	(void)state;
	assert_int_not_equal(count_wrong(WRITER, MODEL_MB, ANY), 0);
}

static void test_barrier_b_is_needed(void **state)
{
	(void)state;
	assert_int_not_equal(count_wrong(READER, MODEL_ACQUIRE, HEAD), 0);
}

static void test_barrier_c_is_needed(void **state)
{
	(void)state;
	assert_int_not_equal(count_wrong(READER, MODEL_RMB, ANY), 0);
}

static void test_barrier_d_is_needed(void **state)
{
	(void)state;
	assert_int_not_equal(count_wrong(WRITER, MODEL_RELEASE, HEAD), 0);
}

static void test_barrier_e_is_needed(void **state)
{
	(void)state;
	assert_int_not_equal(count_wrong(READER, MODEL_MB, ANY), 0);
}

static void test_barrier_i_is_needed(void **state)
{
	(void)state;
	assert_int_not_equal(count_wrong(WRITER, MODEL_WMB, ANY), 0);
}

static void test_barrier_j_is_needed(void **state)
{
	(void)state;
	assert_int_not_equal(count_wrong(WRITER, MODEL_RELEASE, ENTERED), 0);
	assert_int_not_equal(count_wrong(READER, MODEL_ACQUIRE, ENTERED), 0);
}

/*
 * The wake-up as in stream.h, wake.c and wake_pass.c: a reader arms its file, asks
 * writers for a pass unless one is due, and looks at the ring. A writer that sees
 * the request starts the timer. The timer's pass renews the request, looks at the
 * ring, and wakes the reader if there is a new record. It restarts the timer if it
 * has met a writer at work.
 */
#define TIMER_RUNS	3

enum { NONE, RECORD, TIMER };

/* Of the threads. */
#define PASS		1
#define SLEEPER		2

static u64 lock, waiting, timer, armed, shown, woken, missed;

/* In every other run a pass is due already, for another reader. */
static void nobody_is_armed(void)
{
	static bool comes;

	empty_ring();
	lock = 0;
	comes = !comes;
	waiting = comes ? TIMER : NONE;
	timer = comes;
	armed = 0;
	shown = 0;
	woken = 0;
	missed = 0;
}

static void take_lock(void)
{
	while (model_cmpxchg(&lock, 0, 1))
		model_yield();
}

static void drop_lock(void)
{
	smp_store_release(&lock, 0); /* what it protects before it */
}

static void tell_of_record(void)
{
	take_lock();
	if (READ_ONCE(waiting) == RECORD) {
		WRITE_ONCE(waiting, TIMER);
		WRITE_ONCE(timer, 1);
	}
	drop_lock();
}

static void write_and_tell(void)
{
	unsigned int i;
	u64 number;

	for (i = 0; i < WRITTEN; i++) {
		tcps_ring_enter(ring);
		smp_mb(); /* A: the entry before the look whether readers wait */
		number = tcps_ring_reserve(ring);
		tcps_ring_commit(ring, number);
		tcps_ring_leave(ring);
		if (READ_ONCE(waiting) == RECORD)
			tell_of_record();
	}
}

static void pass(void)
{
	u64 head;

	WRITE_ONCE(timer, 0);
	WRITE_ONCE(waiting, RECORD);
	smp_mb(); /* G: the request before the look at the ring */
	if (tcps_ring_is_entered(ring)) {
		WRITE_ONCE(waiting, TIMER);
		WRITE_ONCE(timer, 1);
	}
	head = tcps_ring_head(ring);
	if (READ_ONCE(armed) && head > READ_ONCE(shown)) {
		WRITE_ONCE(armed, 0);
		WRITE_ONCE(woken, 1);
	}
	WRITE_ONCE(shown, head);
	if (!READ_ONCE(armed))
		WRITE_ONCE(waiting, NONE);
}

static void run_timer(void)
{
	unsigned int i;

	for (i = 0; i < TIMER_RUNS; i++) {
		take_lock();
		if (READ_ONCE(timer))
			pass();
		drop_lock();
	}
}

static void look_and_sleep(void)
{
	take_lock();
	WRITE_ONCE(shown, tcps_ring_head(ring));
	WRITE_ONCE(armed, 1);
	if (READ_ONCE(waiting) == NONE)
		WRITE_ONCE(waiting, RECORD);
	drop_lock();
	smp_mb(); /* F: the request before the look at the ring */
	missed = WRITTEN - tcps_ring_settled(ring);
}

/* A timer that has been started but has not run yet will run. */
static bool sleeps_on_a_record(void)
{
	return missed && !woken && !timer;
}

static unsigned int count_sleepers(unsigned int weak_thread,
				   enum model_operation weak_operation)
{
	static void (*const threads[])(void) = {
		[WRITER] = write_and_tell,
		[PASS] = run_timer,
		[SLEEPER] = look_and_sleep,
	};
	unsigned int faults;

	ring = make_ring(SLOTS, 0);
	model_weaken(weak_thread, weak_operation);
	faults = count_faults(threads, COUNT(threads), nobody_is_armed,
			      sleeps_on_a_record);
	free_ring(ring);
	return faults;
}

static void test_wakeup_is_right(void **state)
{
	(void)state;
	assert_int_equal(count_sleepers(0, MODEL_NONE), 0);
}

static void test_barrier_a_is_needed_to_wake(void **state)
{
	(void)state;
	assert_int_not_equal(count_sleepers(WRITER, MODEL_MB), 0);
}

static void test_barrier_g_is_needed(void **state)
{
	(void)state;
	assert_int_not_equal(count_sleepers(PASS, MODEL_MB), 0);
}

/* And E after it, which would do for F as well. */
static void test_barrier_f_is_needed(void **state)
{
	(void)state;
	assert_int_not_equal(count_sleepers(SLEEPER, MODEL_MB), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine_is_weak),
		cmocka_unit_test(test_ring_is_right),
		cmocka_unit_test(test_barrier_a_is_needed),
		cmocka_unit_test(test_barrier_b_is_needed),
		cmocka_unit_test(test_barrier_c_is_needed),
		cmocka_unit_test(test_barrier_d_is_needed),
		cmocka_unit_test(test_barrier_e_is_needed),
		cmocka_unit_test(test_barrier_i_is_needed),
		cmocka_unit_test(test_barrier_j_is_needed),
		cmocka_unit_test(test_wakeup_is_right),
		cmocka_unit_test(test_barrier_a_is_needed_to_wake),
		cmocka_unit_test(test_barrier_g_is_needed),
		cmocka_unit_test(test_barrier_f_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
