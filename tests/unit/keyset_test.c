// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <pthread.h>
#include <sched.h>

#include <linux/hash.h>

#include "keyset.h"

static struct tcps_keyset *make_set(u64 slots)
{
	struct tcps_keyset *set = calloc(1, sizeof(*set));

	must(set);
	set->mask = slots - 1;
	set->slots = calloc(slots, sizeof(*set->slots));
	must(set->slots);
	return set;
}

static void free_set(struct tcps_keyset *set)
{
	free(set->slots);
	free(set);
}

static u64 used_slots(const struct tcps_keyset *set)
{
	u64 i, used = 0;

	for (i = 0; i <= set->mask; i++)
		used += set->slots[i] != 0;
	return used;
}

static void test_add_and_remove(void **state)
{
	struct tcps_keyset *set = make_set(64);

	(void)state;
	assert_false(tcps_keyset_has(set, 5));
	assert_false(tcps_keyset_remove(set, 5));
	assert_true(tcps_keyset_add(set, 5));
	assert_true(tcps_keyset_has(set, 5));
	assert_false(tcps_keyset_has(set, 6));
	assert_false(tcps_keyset_remove(set, 6));
	assert_true(tcps_keyset_remove(set, 5));
	assert_false(tcps_keyset_has(set, 5));
	assert_false(tcps_keyset_remove(set, 5));
	assert_int_equal(used_slots(set), 0);
	assert_int_equal(set->overflows, 0);
	free_set(set);
}

static void test_extreme_keys(void **state)
{
	static const u64 keys[] = { 1, 1ULL << 63, ~0ULL, 0xffff888000000000ULL };
	struct tcps_keyset *set = make_set(16);
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(keys); i++)
		assert_true(tcps_keyset_add(set, keys[i]));
	for (i = 0; i < COUNT(keys); i++)
		assert_true(tcps_keyset_has(set, keys[i]));
	for (i = 0; i < COUNT(keys); i++)
		assert_true(tcps_keyset_remove(set, keys[i]));
	assert_int_equal(used_slots(set), 0);
	free_set(set);
}

static void test_smallest_set_fills_up(void **state)
{
	struct tcps_keyset *set = make_set(TCPS_KEYSET_MIN);
	u64 key;

	(void)state;
	for (key = 1; key <= TCPS_KEYSET_MIN; key++)
		assert_true(tcps_keyset_add(set, key));
	assert_false(tcps_keyset_add(set, key));
	assert_false(tcps_keyset_add(set, key + 1));
	assert_int_equal(set->overflows, 2);
	assert_false(tcps_keyset_has(set, key));
	for (key = 1; key <= TCPS_KEYSET_MIN; key++)
		assert_true(tcps_keyset_has(set, key));
	assert_true(tcps_keyset_remove(set, 7));
	assert_true(tcps_keyset_add(set, 99));
	assert_true(tcps_keyset_has(set, 99));
	free_set(set);
}

/* Keys that all begin their search in the last slot, hence wrap around. */
static void find_colliding(const struct tcps_keyset *set, u64 *keys,
			   unsigned int count)
{
	u64 key = 1;

	for (; count; key++)
		if ((hash_64(key, 32) & set->mask) == set->mask)
			keys[--count] = key;
}

static void test_collisions_leave_no_tombstone(void **state)
{
	struct tcps_keyset *set = make_set(64);
	u64 keys[TCPS_KEYSET_MIN + 1];
	unsigned int i;

	(void)state;
	find_colliding(set, keys, COUNT(keys));
	for (i = 0; i < TCPS_KEYSET_MIN; i++)
		assert_true(tcps_keyset_add(set, keys[i]));
	/* Free slots elsewhere are not searched: the cost is bounded. */
	assert_false(tcps_keyset_add(set, keys[i]));
	assert_int_equal(set->overflows, 1);

	assert_true(tcps_keyset_remove(set, keys[0]));
	for (i = 1; i < TCPS_KEYSET_MIN; i++)
		assert_true(tcps_keyset_has(set, keys[i]));
	assert_true(tcps_keyset_add(set, keys[TCPS_KEYSET_MIN]));
	for (i = 1; i <= TCPS_KEYSET_MIN; i++)
		assert_true(tcps_keyset_remove(set, keys[i]));
	assert_int_equal(used_slots(set), 0);
	free_set(set);
}

#define THREADS	4
#define REMOVERS	2	/* more could not meet on two CPUs */
#define KEYS	16ULL
#define ROUNDS	20000

struct rival {
	struct tcps_keyset *set;
	pthread_barrier_t *start;
	unsigned int *arrived;
	unsigned int index;
	u64 won;
};

static void run_rivals(struct tcps_keyset *set, void *(*work)(void *),
		       struct rival *rivals, unsigned int count)
{
	pthread_t threads[THREADS];
	pthread_barrier_t start;
	unsigned int arrived = 0, i;

	must(!pthread_barrier_init(&start, NULL, count));
	for (i = 0; i < count; i++) {
		rivals[i] = (struct rival) {
			.set = set,
			.start = &start,
			.arrived = &arrived,
			.index = i,
		};
		must(!pthread_create(&threads[i], NULL, work, &rivals[i]));
	}
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
}

/* All meet, without sleep, so that they are as close as threads can be. */
static void meet(struct rival *rival)
{
	unsigned int round = __atomic_add_fetch(rival->arrived, 1,
						__ATOMIC_ACQ_REL);
	unsigned int all = (round + REMOVERS - 1) / REMOVERS * REMOVERS;
	unsigned int looks = 0;

	while (__atomic_load_n(rival->arrived, __ATOMIC_ACQUIRE) < all)
		if (++looks % 1000 == 0)
			sched_yield();
}

/* Each puts its half of the keys in, then all remove all in one order. */
static void *remove_same(void *argument)
{
	struct rival *rival = argument;
	u64 key, round;

	for (round = 0; round < ROUNDS; round++) {
		for (key = 1 + rival->index; key <= KEYS; key += REMOVERS)
			must(tcps_keyset_add(rival->set, key));
		meet(rival);
		for (key = 1; key <= KEYS; key++)
			rival->won += tcps_keyset_remove(rival->set, key);
		meet(rival);
	}
	return NULL;
}

static void test_one_of_many_removers_wins(void **state)
{
	struct tcps_keyset *set = make_set(64);
	struct rival rivals[REMOVERS];
	u64 won = 0;
	unsigned int i;

	(void)state;
	run_rivals(set, remove_same, rivals, REMOVERS);
	for (i = 0; i < REMOVERS; i++)
		won += rivals[i].won;
	assert_int_equal(won, ROUNDS * KEYS);
	assert_int_equal(used_slots(set), 0);
	free_set(set);
}

/* Together they fill the smallest set, over and over, to the last slot. */
static void *fill_together(void *argument)
{
	struct rival *rival = argument;
	u64 first = 1 + rival->index, key, round;

	for (round = 0; round < ROUNDS / 10; round++) {
		pthread_barrier_wait(rival->start);
		for (key = first; key <= TCPS_KEYSET_MIN; key += THREADS)
			must(tcps_keyset_add(rival->set, key));
		pthread_barrier_wait(rival->start);
		for (key = first; key <= TCPS_KEYSET_MIN; key += THREADS)
			must(tcps_keyset_has(rival->set, key));
		for (key = first; key <= TCPS_KEYSET_MIN; key += THREADS)
			rival->won += tcps_keyset_remove(rival->set, key);
	}
	return NULL;
}

static void test_adders_do_not_overwrite_each_other(void **state)
{
	struct tcps_keyset *set = make_set(TCPS_KEYSET_MIN);
	struct rival rivals[THREADS];
	unsigned int i;

	(void)state;
	run_rivals(set, fill_together, rivals, THREADS);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(rivals[i].won,
				 ROUNDS / 10 * TCPS_KEYSET_MIN / THREADS);
	assert_int_equal(used_slots(set), 0);
	assert_int_equal(set->overflows, 0);
	free_set(set);
}

static void test_clear(void **state)
{
	struct tcps_keyset *set = make_set(64);
	u64 key;

	(void)state;
	assert_int_equal(tcps_keyset_clear(set), 0);
	for (key = 1; key <= 10; key++)
		assert_true(tcps_keyset_add(set, key));
	assert_true(tcps_keyset_remove(set, 3));
	assert_int_equal(tcps_keyset_clear(set), 9);
	assert_int_equal(used_slots(set), 0);
	free_set(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_remove),
		cmocka_unit_test(test_extreme_keys),
		cmocka_unit_test(test_smallest_set_fills_up),
		cmocka_unit_test(test_collisions_leave_no_tombstone),
		cmocka_unit_test(test_one_of_many_removers_wins),
		cmocka_unit_test(test_adders_do_not_overwrite_each_other),
		cmocka_unit_test(test_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
