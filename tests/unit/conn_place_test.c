// SPDX-License-Identifier: GPL-2.0
/* How large the table of connections is, and which chain a connection is in. */
#include "unit.h"

#include <errno.h>

#include <linux/mm.h>
#include <linux/random.h>

#include "conn.h"
#include "pool_stub.h"
#include "uapi/tcpstates.h"

#define KEY	0x9e3779b97f4a7c15ULL

static int setup(void **state)
{
	(void)state;
	shim_random = KEY;
	return tcps_conn_init(TCPS_CONN_MIB_MIN);
}

static int teardown(void **state)
{
	(void)state;
	tcps_conn_exit();
	return 0;
}

/* The bytes of a connection, as in the ABI text. */
#define BYTES	184

static void test_bounds_of_memory(void **state)
{
	struct tcpstates_stats stats = { };
	static const unsigned int bad[] = {
		0, TCPS_CONN_MIB_MAX + 1, ~0U,
	};
	unsigned int i, mib;

	(void)state;
	assert_int_equal(sizeof(struct tcps_conn), BYTES);
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(tcps_conn_init(bad[i]), -EINVAL);
	shim_no_memory = true;
	assert_int_equal(tcps_conn_init(1), -ENOMEM);
	shim_no_memory = false;
	for (mib = 1; mib <= 64; mib *= 2) {
		assert_int_equal(tcps_conn_init(mib), 0);
		/* Memory of the chains. */
		tcps_conn_stats(&stats);
		assert_int_equal(stats.conn_bytes,
				 tcps_conn_chains() * sizeof(void *) +
				 tcps_conn_chains() / 8);
		assert_true(stats.conn_bytes <= ((u64)mib << 20) / 32);
		assert_in_range(pool_most, ((u64)mib << 20) / (BYTES + 6),
				((u64)mib << 20) / (BYTES + 5));
		assert_true(stats.conn_bytes + pool_most * BYTES <=
			    (u64)mib << 20);
		/* Chains are short when the table is full. */
		assert_true(pool_most / tcps_conn_chains() < 4);
		for (i = 1; i < 100000; i++)
			assert_true(tcps_conn_chain(i) < tcps_conn_chains());
		tcps_conn_exit();
	}
}

/* The longest chain when the connections @first, @first + @step ... are there. */
static unsigned int longest(u64 first, u64 step, unsigned int count)
{
	static unsigned int lengths[1 << 20];
	unsigned int i, most = 0;

	assert_true(tcps_conn_chains() <= COUNT(lengths));
	memset(lengths, 0, sizeof(lengths));
	for (i = 0; i < count; i++) {
		unsigned int *length =
			&lengths[tcps_conn_chain(first + i * step)];

		if (++*length > most)
			most = *length;
	}
	return most;
}

/* A table of @mib with @key. */
static void remake(unsigned int mib, u64 key)
{
	tcps_conn_exit();
	shim_random = key;
	assert_int_equal(tcps_conn_init(mib), 0);
}

/* 64 consecutive cookies are in 64 adjacent chains. */
static void test_locality(void **state)
{
	u64 row, i;

	(void)state;
	remake(32, KEY);
	for (row = 1 << 20; row < (1 << 20) + (1 << 18); row += 64) {
		unsigned long group = tcps_conn_chain(row) / 64;
		u64 seen = 0;

		for (i = 0; i < 64; i++) {
			unsigned long chain = tcps_conn_chain(row + i);

			assert_int_equal(chain / 64, group);
			seen |= 1ULL << chain % 64;
		}
		assert_int_equal(seen, ~0ULL);
	}
}

/*
 * A full table of cookies at any regular distance: no more of them collide than by
 * chance. A user who skips cookies to choose their low bits does not fill a chain.
 */
static void test_spread(void **state)
{
	static const u64 keys[] = { KEY, 3, 1ULL << 63, 0x123456789abcdefULL };
	unsigned int i, bit;

	(void)state;
	for (i = 1; i < COUNT(keys); i++) {
		/* Poor keys do harm only at distances that fit them. */
		remake(32, KEY * keys[i] ^ keys[i]);
		for (bit = 0; bit < 34; bit++) {
			assert_true(longest(1, 1ULL << bit, pool_most) < 32);
			assert_true(longest(12345678, (1ULL << bit) + 1,
					    pool_most) < 32);
		}
	}
}

static void test_key_decides(void **state)
{
	unsigned int i, same = 0;
	static unsigned long chains[1000];

	(void)state;
	remake(32, KEY);
	for (i = 0; i < COUNT(chains); i++)
		chains[i] = tcps_conn_chain(1000000 + i * 64);
	remake(32, KEY + 2);
	for (i = 0; i < COUNT(chains); i++)
		same += chains[i] == tcps_conn_chain(1000000 + i * 64);
	assert_true(same < 10);
}

/*
 * Two cookies that collide do not tell that others at the same distance do: neither
 * the next at that distance, nor another pair.
 */
static void test_a_pair_tells_nothing(void **state)
{
	unsigned int pairs = 0, on = 0, elsewhere = 0;
	u64 first, apart;

	(void)state;
	remake(1, KEY);
	for (first = 1; first < 400; first++) {
		for (apart = 64; apart < 64 * 2000; apart += 64) {
			u64 there = first * 77777;
			unsigned long chain = tcps_conn_chain(there);

			if (tcps_conn_chain(there + apart) != chain)
				continue;
			pairs++;
			on += tcps_conn_chain(there + 2 * apart) == chain;
			there += 5555555;
			elsewhere += tcps_conn_chain(there) ==
				     tcps_conn_chain(there + apart);
		}
	}
	/* By chance, one of 2048 pairs collides. */
	assert_in_range(pairs, 200, 800);
	assert_true(on < 20);
	assert_true(elsewhere < 20);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds_of_memory),
		TEST(test_locality),
		TEST(test_spread),
		TEST(test_key_decides),
		TEST(test_a_pair_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
