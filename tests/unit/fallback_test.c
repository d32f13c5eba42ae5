// SPDX-License-Identifier: GPL-2.0
/* What is remembered of connections without an entry, and that it ends. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>

#include <linux/mm.h>

#include "fallback.h"

#define MANY	20000U

static bool early_done;

static int setup(void **state)
{
	(void)state;
	return tcps_fallback_init();
}

static int teardown(void **state)
{
	(void)state;
	tcps_fallback_exit();
	atomic_sub(atomic_read(&tcps_fallback_keys), &tcps_fallback_keys);
	return 0;
}

static void test_used_while_there_are_keys(void **state)
{
	unsigned int set;

	(void)state;
	assert_false(tcps_fallback_in_use());
	for (set = 0; set < TCPS_FALLBACK_SETS; set++) {
		assert_false(tcps_fallback_take(set, 7));
		tcps_fallback_add(set, 7);
		tcps_fallback_add(set, 7);
		assert_true(tcps_fallback_in_use());
		assert_true(tcps_fallback_has(set, 7));
		assert_true(tcps_fallback_take(set, 7));
		assert_false(tcps_fallback_has(set, 7));
		assert_false(tcps_fallback_in_use());
	}
}

static void test_sets_are_apart(void **state)
{
	unsigned int set, other;

	(void)state;
	for (set = 0; set < TCPS_FALLBACK_SETS; set++) {
		tcps_fallback_add(set, 7);
		for (other = 0; other < TCPS_FALLBACK_SETS; other++)
			assert_int_equal(tcps_fallback_has(other, 7),
					 other == set);
		assert_true(tcps_fallback_take(set, 7));
	}
}

/* A key without room is counted as such, and not as one that is there. */
static void test_overflow(void **state)
{
	unsigned int key, there = 0;

	(void)state;
	for (key = 1; key <= MANY; key++)
		tcps_fallback_add(TCPS_FALLBACK_CHILD, key);
	for (key = 1; key <= MANY; key++)
		there += tcps_fallback_has(TCPS_FALLBACK_CHILD, key);
	assert_true(there < MANY);
	assert_int_equal(tcps_fallback_overflows(), MANY - there);
	assert_int_equal(atomic_read(&tcps_fallback_keys), there);
	for (key = 1; key <= MANY; key++)
		tcps_fallback_take(TCPS_FALLBACK_CHILD, key);
	assert_false(tcps_fallback_in_use());
}

/* What was replaced before loading was complete is forgotten, and nothing else. */
static void test_loaded(void **state)
{
	unsigned int set;

	(void)state;
	for (set = 0; set < TCPS_FALLBACK_SETS; set++)
		tcps_fallback_add(set, 7);
	tcps_fallback_add(TCPS_FALLBACK_REPLACED_EARLY, 8);
	tcps_fallback_loaded();
	for (set = 0; set < TCPS_FALLBACK_SETS; set++)
		assert_int_equal(tcps_fallback_take(set, 7),
				 set != TCPS_FALLBACK_REPLACED_EARLY);
	assert_false(tcps_fallback_in_use());
	tcps_fallback_loaded();
	assert_false(tcps_fallback_in_use());
}

/* A handler: each key that it adds, it finds. */
static void *add_and_take(void *first)
{
	u64 key = (uintptr_t)first;
	unsigned int i;

	for (i = 0; i < MANY; i++, key++) {
		tcps_fallback_add(TCPS_FALLBACK_REPLACED, key);
		must(tcps_fallback_take(TCPS_FALLBACK_REPLACED, key));
	}
	return NULL;
}

static void *add_and_take_early(void *first)
{
	u64 key = (uintptr_t)first;
	unsigned int i;

	for (i = 0; i < MANY; i++, key++) {
		tcps_fallback_add(TCPS_FALLBACK_REPLACED_EARLY, key);
		tcps_fallback_take(TCPS_FALLBACK_REPLACED_EARLY, key);
	}
	WRITE_ONCE(early_done, true);
	return NULL;
}

/* Whatever runs beside it, no key is lost, and none is left behind. */
static void test_handlers_beside_loading(void **state)
{
	pthread_t threads[3];
	unsigned int i;

	(void)state;
	must(!pthread_create(&threads[0], NULL, add_and_take, (void *)1));
	must(!pthread_create(&threads[1], NULL, add_and_take,
			     (void *)(uintptr_t)(MANY + 1)));
	must(!pthread_create(&threads[2], NULL, add_and_take_early, (void *)1));
	while (!READ_ONCE(early_done))
		tcps_fallback_loaded();
	for (i = 0; i < COUNT(threads); i++)
		must(!pthread_join(threads[i], NULL));
	tcps_fallback_loaded();
	assert_false(tcps_fallback_in_use());
	assert_int_equal(tcps_fallback_overflows(), 0);
}

static void test_no_memory(void **state)
{
	(void)state;
	tcps_fallback_exit();
	shim_no_memory = true;
	assert_int_equal(tcps_fallback_init(), -ENOMEM);
	shim_no_memory = false;
	assert_int_equal(tcps_fallback_init(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_used_while_there_are_keys),
		TEST(test_sets_are_apart),
		TEST(test_loaded),
		TEST(test_handlers_beside_loading),
		TEST(test_no_memory),
		/* Last: overflows are counted for good. */
		TEST(test_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
