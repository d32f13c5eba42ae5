// SPDX-License-Identifier: GPL-2.0
/* Hash tables of the programs: the hash, and that nobody can choose its collisions. */
#include "unit.h"

#include <linux/kernel.h>

#include "../../userspace/base/hash.h"

#define CHOSEN		1000	/* elements whose unkeyed hashes agree */
#define CHOSEN_BITS	9	/* in so many bits */

/*
 * A bucket of a table that is not fuller than uthash allows has 10 elements at most
 * before uthash doubles the buckets, if the hash is uniform. 1,000 elements are then in
 * 128 buckets or more: that one has above 40 has a chance below 1e-13.
 */
#define LONGEST		40

struct element {
	u64 cookie;
	UT_hash_handle hh;
};

/* vectors_sip64 of the reference implementation: the bytes 0, 1, 2... by length. */
static void test_vectors(void **state)
{
	static const struct {
		size_t length;
		u64 hash;
	} vectors[] = {
		{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },
		{ 2, 0x0d6c8009d9a94f5a }, { 3, 0x85676696d7fb7e2d },
		{ 4, 0xcf2794e0277187b7 }, { 5, 0x18765564cd99a68d },
		{ 6, 0xcbc9466e58fee3ce }, { 7, 0xab0200f58b01d137 },
		{ 8, 0x93f5f5799a932462 }, { 9, 0x9e0082df0ba9e4b0 },
		{ 15, 0xa129ca6149be45e5 }, { 16, 0x3f2acc7f57c29bdb },
		{ 32, 0x7127512f72f27cce },
	};
	static const u64 secret[2] = { 0x0706050403020100,
					    0x0f0e0d0c0b0a0908 };
	unsigned char bytes[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		assert_true(hash_with_key(secret, bytes, vectors[i].length) ==
			    vectors[i].hash);
}

static unsigned int longest_bucket(const struct element *table)
{
	unsigned int i, longest = 0;

	for (i = 0; i < table->hh.tbl->num_buckets; i++)
		if (table->hh.tbl->buckets[i].count > longest)
			longest = table->hh.tbl->buckets[i].count;
	return longest;
}

/* Sockets of a user who keeps those whose cookies collide in uthash's own hash. */
static void test_chosen_cookies(void **state)
{
	static struct element elements[CHOSEN];
	struct element *table = NULL;
	unsigned int count = 0, hash;
	u64 cookie;

	(void)state;
	assert_int_equal(hash_init(), 0);
	for (cookie = 1; count < CHOSEN; cookie++) {
		HASH_JEN(&cookie, sizeof(cookie), hash);
		if (hash & ((1U << CHOSEN_BITS) - 1))
			continue;
		elements[count].cookie = cookie;
		HASH_ADD(hh, table, cookie, sizeof(cookie), &elements[count]);
		count++;
	}
	assert_in_range(longest_bucket(table), 1, LONGEST);
	assert_int_equal(table->hh.tbl->noexpand, 0);
	for (count = 0; count < CHOSEN; count++) {
		struct element *found;

		HASH_FIND(hh, table, &elements[count].cookie, sizeof(cookie),
			  found);
		assert_ptr_equal(found, &elements[count]);
	}
	HASH_CLEAR(hh, table);
}

/* What is known of one run of a program says nothing about the next. */
static void test_key_is_drawn(void **state)
{
	u64 cookie = 1;
	unsigned int i, same = 0, first;

	(void)state;
	assert_int_equal(hash_init(), 0);
	first = hash_bytes(&cookie, sizeof(cookie));
	for (i = 0; i < 8; i++) {
		assert_int_equal(hash_init(), 0);
		same += hash_bytes(&cookie, sizeof(cookie)) == first;
	}
	assert_in_range(same, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_chosen_cookies),
		cmocka_unit_test(test_key_is_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
