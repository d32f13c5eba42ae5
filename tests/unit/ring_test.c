// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <pthread.h>
#include <sched.h>

#define SLOTS	8

/* Every word has the number, so that a mixture of two records is detected. */
static void fill(struct tcpstates_record *record, u64 number)
{
	u64 *words = (u64 *)record;
	unsigned int i;

	for (i = 0; i < TCPS_RECORD_WORDS; i++)
		words[i] = (number + 1) * 0x9E3779B97F4A7C15ULL + i;
}

static bool holds(const struct tcpstates_record *record, u64 number)
{
	struct tcpstates_record expected;

	fill(&expected, number);
	return !memcmp(record, &expected, sizeof(expected));
}

static void write_one(struct tcps_ring *ring)
{
	struct tcpstates_record record;
	u64 number = begin_record(ring);

	fill(&record, number);
	write_slot(ring, number, &record);
	end_record(ring, number);
}

static void write_many(struct tcps_ring *ring, unsigned int count)
{
	while (count--)
		write_one(ring);
}

static void assert_readable(const struct tcps_ring *ring, u64 number)
{
	struct tcpstates_record record, expected;
	u64 boot_ns;

	fill(&expected, number);
	assert_true(tcps_ring_read(ring, number, &record));
	assert_memory_equal(&record, &expected, sizeof(expected));
	assert_true(tcps_ring_read_time(ring, number, &boot_ns));
	assert_int_equal(boot_ns, expected.boot_ns);
}

static void assert_gone(const struct tcps_ring *ring, u64 number)
{
	struct tcpstates_record record;
	u64 boot_ns;

	assert_false(tcps_ring_read(ring, number, &record));
	assert_false(tcps_ring_read_time(ring, number, &boot_ns));
}

static void test_empty(void **state)
{
	struct tcps_ring *ring = make_ring(SLOTS, 0);

	(void)state;
	assert_int_equal(tcps_ring_settled(ring), 0);
	assert_int_equal(tcps_ring_oldest(ring), 0);
	free_ring(ring);
}

static void test_numbers_run_from_zero(void **state)
{
	struct tcps_ring *ring = make_ring(SLOTS, 0);
	struct tcpstates_record record;
	u64 i;

	(void)state;
	for (i = 0; i < 3 * SLOTS; i++) {
		fill(&record, i);
		assert_int_equal(begin_record(ring), i);
		write_slot(ring, i, &record);
		end_record(ring, i);
		assert_int_equal(tcps_ring_settled(ring), i + 1);
		assert_readable(ring, i);
	}
	free_ring(ring);
}

static void test_full_ring_holds_all(void **state)
{
	struct tcps_ring *ring = make_ring(SLOTS, 0);
	u64 i;

	(void)state;
	write_many(ring, SLOTS);
	assert_int_equal(tcps_ring_oldest(ring), 0);
	for (i = 0; i < SLOTS; i++)
		assert_readable(ring, i);
	free_ring(ring);
}

static void test_one_more_overwrites_one(void **state)
{
	struct tcps_ring *ring = make_ring(SLOTS, 0);
	u64 i;

	(void)state;
	write_many(ring, SLOTS + 1);
	assert_int_equal(tcps_ring_oldest(ring), 1);
	assert_gone(ring, 0);
	for (i = 1; i <= SLOTS; i++)
		assert_readable(ring, i);
	free_ring(ring);
}

/* A copy is spoiled as soon as the slot's next number is reserved. */
static void test_number_given_out_overwrites(void **state)
{
	struct tcps_ring *ring = make_ring(SLOTS, 0);

	(void)state;
	write_many(ring, SLOTS);
	assert_int_equal(begin_record(ring), SLOTS);
	assert_int_equal(tcps_ring_oldest(ring), 1);
	assert_gone(ring, 0);
	assert_readable(ring, 1);
	free_ring(ring);
}

static void test_wraps_many_times(void **state)
{
	struct tcps_ring *ring = make_ring(SLOTS, 0);
	u64 written = 1000 * SLOTS + 3, i;

	(void)state;
	write_many(ring, written);
	assert_int_equal(tcps_ring_oldest(ring), written - SLOTS);
	assert_gone(ring, 0);
	assert_gone(ring, SLOTS);
	assert_gone(ring, written - SLOTS - 1);
	for (i = written - SLOTS; i < written; i++)
		assert_readable(ring, i);
	free_ring(ring);
}

static void test_ring_of_one_slot(void **state)
{
	struct tcps_ring *ring = make_ring(1, 0);

	(void)state;
	write_many(ring, 2);
	assert_int_equal(tcps_ring_oldest(ring), 1);
	assert_gone(ring, 0);
	assert_readable(ring, 1);
	free_ring(ring);
}

static void test_large_numbers(void **state)
{
	u64 first = (1ULL << 63) - 3, i;
	struct tcps_ring *ring = make_ring(SLOTS, first);

	(void)state;
	write_many(ring, SLOTS);
	for (i = first; i < first + SLOTS; i++)
		assert_readable(ring, i);
	write_one(ring);
	assert_gone(ring, first);
	assert_int_equal(tcps_ring_oldest(ring), first + 1);
	assert_int_equal(tcps_ring_settled(ring), first + SLOTS + 1);
	free_ring(ring);
}

static void test_without_memory_all_is_lost(void **state)
{
	struct tcps_ring *ring = make_ring(SLOTS, 0);

	(void)state;
	take_slots(ring);
	write_many(ring, 3);
	assert_int_equal(tcps_ring_settled(ring), 3);
	assert_int_equal(tcps_ring_oldest(ring), 3);
	assert_gone(ring, 0);
	assert_gone(ring, 2);
	free_ring(ring);
}

struct waiter {
	struct tcps_ring *ring;
	u64 settled;
	bool returned;
};

static void *wait_settled(void *argument)
{
	struct waiter *waiter = argument;

	waiter->settled = tcps_ring_settled(waiter->ring);
	__atomic_store_n(&waiter->returned, true, __ATOMIC_RELEASE);
	return NULL;
}

static void test_settled_waits_for_the_writer(void **state)
{
	struct waiter waiter = { .ring = make_ring(SLOTS, 0) };
	struct timespec while_writing = { .tv_nsec = 30 * 1000 * 1000 };
	struct tcpstates_record record;
	pthread_t thread;
	bool returned;

	(void)state;
	write_one(waiter.ring);
	fill(&record, begin_record(waiter.ring));
	assert_int_equal(pthread_create(&thread, NULL, wait_settled, &waiter), 0);
	nanosleep(&while_writing, NULL);
	returned = __atomic_load_n(&waiter.returned, __ATOMIC_ACQUIRE);
	write_slot(waiter.ring, 1, &record);
	end_record(waiter.ring, 1);
	pthread_join(thread, NULL);
	assert_false(returned);
	assert_int_equal(waiter.settled, 2);
	free_ring(waiter.ring);
}

#define READERS	2
#define WRITTEN	300000

struct follower {
	struct tcps_ring *ring;
	u64 received;
	u64 lost;
};

static void *follow(void *argument)
{
	struct follower *follower = argument;
	struct tcpstates_record record;
	u64 next = 0, head, oldest;

	while (next < WRITTEN) {
		head = tcps_ring_settled(follower->ring);
		for (; next < head; next++) {
			if (!tcps_ring_read(follower->ring, next, &record))
				break;
			must(holds(&record, next));
			follower->received++;
		}
		oldest = tcps_ring_oldest(follower->ring);
		if (next < oldest) {
			follower->lost += oldest - next;
			next = oldest;
		}
	}
	return NULL;
}

static void test_threads_get_whole_records(void **state)
{
	struct follower followers[READERS] = { 0 };
	struct tcps_ring *ring = make_ring(SLOTS, 0);
	pthread_t threads[READERS];
	unsigned int i;

	(void)state;
	for (i = 0; i < READERS; i++) {
		followers[i].ring = ring;
		assert_int_equal(pthread_create(&threads[i], NULL, follow,
						&followers[i]), 0);
	}
	for (i = 0; i < WRITTEN; i++) {
		write_one(ring);
		if (i % 512 == 0)
			pause_some(i);
	}
	for (i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(followers[i].received + followers[i].lost,
				 WRITTEN);
		/* Otherwise the test has not covered its case. */
		assert_in_range(followers[i].received, 1, WRITTEN - 1);
	}
	free_ring(ring);
}

static void *await_slots(void *argument)
{
	struct tcps_ring *ring = argument;
	u64 boot_ns;

	while (!tcps_ring_has_slots(ring))
		sched_yield();
	must(tcps_ring_read_time(ring, 0, &boot_ns));
	must(!boot_ns);
	return NULL;
}

/* Slots are given while a reader looks, for ThreadSanitizer. */
static void test_slots_come_later(void **state)
{
	unsigned int round;
	pthread_t thread;

	(void)state;
	for (round = 0; round < 200; round++) {
		struct tcps_ring *ring = make_ring(SLOTS, 0);

		take_slots(ring);
		must(!pthread_create(&thread, NULL, await_slots, ring));
		pause_some(round);
		tcps_ring_give_slots(ring, calloc(SLOTS, sizeof(*ring->slots)));
		pthread_join(thread, NULL);
		free_ring(ring);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_numbers_run_from_zero),
		cmocka_unit_test(test_full_ring_holds_all),
		cmocka_unit_test(test_one_more_overwrites_one),
		cmocka_unit_test(test_number_given_out_overwrites),
		cmocka_unit_test(test_wraps_many_times),
		cmocka_unit_test(test_ring_of_one_slot),
		cmocka_unit_test(test_large_numbers),
		cmocka_unit_test(test_without_memory_all_is_lost),
		cmocka_unit_test(test_settled_waits_for_the_writer),
		cmocka_unit_test(test_threads_get_whole_records),
		cmocka_unit_test(test_slots_come_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
