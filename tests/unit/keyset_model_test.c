// SPDX-License-Identifier: GPL-2.0
/* The set on a machine with weak memory, which finds every narrow race. */
#include "unit.h"

#include "keyset.h"
#include "model/model.h"

#define RUNS	20000

static u64 slots[TCPS_KEYSET_MIN];
static struct tcps_keyset set = { .slots = slots, .mask = COUNT(slots) - 1 };
static unsigned int won;

static void start_with(unsigned int keys)
{
	memset(slots, 0, sizeof(slots));
	for (set.overflows = 0; keys; keys--)
		slots[keys] = keys;
	won = 0;
}

static unsigned int used_slots(void)
{
	unsigned int i, used = 0;

	for (i = 0; i < COUNT(slots); i++)
		used += slots[i] != 0;
	return used;
}

static void remove_3(void)
{
	won += tcps_keyset_remove(&set, 3);
}

static void test_one_of_many_removers_wins(void **state)
{
	static void (*const threads[])(void) = { remove_3, remove_3, remove_3 };
	u64 seed;

	(void)state;
	for (seed = 0; seed < RUNS; seed++) {
		start_with(5);
		model_run(seed, threads, COUNT(threads));
		assert_int_equal(won, 1);
		assert_int_equal(used_slots(), 4);
		assert_int_equal(slots[3], 0);
	}
}

static void add_21(void)
{
	won += tcps_keyset_add(&set, 21);
}

static void add_22(void)
{
	won += tcps_keyset_add(&set, 22);
}

/* Two find the same free slot, while a third frees another. */
static void test_adders_do_not_overwrite_each_other(void **state)
{
	static void (*const threads[])(void) = { add_21, add_22, remove_3 };
	u64 seed;

	(void)state;
	for (seed = 0; seed < RUNS; seed++) {
		start_with(TCPS_KEYSET_MIN - 2);
		model_run(seed, threads, COUNT(threads));
		assert_int_equal(won, 3);
		assert_int_equal(used_slots(), TCPS_KEYSET_MIN - 1);
		assert_int_equal(set.overflows, 0);
	}
}

static void add_and_remove_21(void)
{
	won += tcps_keyset_add(&set, 21);
	won += tcps_keyset_remove(&set, 21);
}

static void add_and_remove_22(void)
{
	won += tcps_keyset_add(&set, 22);
	won += tcps_keyset_remove(&set, 22);
}

/* Who has added a key finds it again, wherever the others leave gaps. */
static void test_keys_are_found_again(void **state)
{
	static void (*const threads[])(void) = {
		add_and_remove_21, add_and_remove_22, remove_3,
	};
	u64 seed;

	(void)state;
	for (seed = 0; seed < RUNS; seed++) {
		start_with(TCPS_KEYSET_MIN - 2);
		model_run(seed, threads, COUNT(threads));
		assert_int_equal(won, 5);
		assert_int_equal(used_slots(), TCPS_KEYSET_MIN - 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_many_removers_wins),
		cmocka_unit_test(test_adders_do_not_overwrite_each_other),
		cmocka_unit_test(test_keys_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
