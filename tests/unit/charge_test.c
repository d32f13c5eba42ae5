// SPDX-License-Identifier: GPL-2.0
/* Limits of the memory of open files, also with threads. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>

#include <linux/mm.h>

#include "charge.h"

#define MIB		0x100000ULL
#define MOST		(4 * MIB)
#define SHARE		(MOST / 4)
#define BLOCK		4096U

static int setup(void **state)
{
	(void)state;
	shim_no_memory = false;
	return tcps_charge_init(MOST / MIB, 32);
}

static struct tcpstates_account account_now(void)
{
	struct tcpstates_account account = { };

	tcps_charge_stats(&account);
	return account;
}

static struct tcps_user *open_as(u32 uid, bool privileged)
{
	struct tcps_user *user = tcps_charge_open(uid, privileged);

	must(user);
	return user;
}

/* Returns the number of blocks that @user gets, linked by their first word. */
static unsigned int take_all(struct tcps_user *user, void **blocks)
{
	unsigned int count = 0;
	void **block;

	while ((block = tcps_charge_alloc(user, BLOCK))) {
		*block = *blocks;
		*blocks = block;
		count++;
	}
	return count;
}

static void give_back(struct tcps_user *user, void *blocks)
{
	while (blocks) {
		void *next = *(void **)blocks;

		tcps_charge_free(user, blocks, BLOCK);
		blocks = next;
	}
}

static int teardown(void **state)
{
	struct tcpstates_account account = account_now();

	(void)state;
	assert_int_equal(account.files, 0);
	assert_int_equal(account.files_bytes, 0);
	return 0;
}

static u64 chosen(unsigned int mib, unsigned int conn_mib)
{
	must(!tcps_charge_init(mib, conn_mib));
	must(account_now().files_bytes_max >> 20 == tcps_charge_mib());
	must(account_now().files_bytes_user_max ==
	     account_now().files_bytes_max / 4);
	return account_now().files_bytes_max;
}

/* Of a machine with 1 GiB. */
static void test_bounds(void **state)
{
	(void)state;
	assert_int_equal(chosen(0, 32), 32 * MIB);
	assert_int_equal(chosen(0, 1024), 512 * MIB);
	assert_int_equal(chosen(0, 65536), 32768 * MIB);
	assert_int_equal(chosen(1, 65536), MIB);
	assert_int_equal(chosen(TCPS_FILES_MIB_MAX, 1), 65536 * MIB);
	assert_int_equal(tcps_charge_init(TCPS_FILES_MIB_MAX + 1, 1), -EINVAL);
}

/* Shares of one user, of all users, and the rest for root. */
static void test_shares(void **state)
{
	struct tcps_user *users[5], *root = open_as(0, true);
	void *blocks[5] = { }, *of_root = NULL;
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(users); i++) {
		users[i] = open_as(i, false);
		assert_int_equal(take_all(users[i], &blocks[i]),
				 i < 3 ? SHARE / BLOCK : 0);
	}
	assert_int_equal(account_now().files_refused, 5);
	assert_int_equal(take_all(root, &of_root), SHARE / BLOCK);
	assert_int_equal(account_now().files_bytes, MOST);

	for (i = 0; i < COUNT(users); i++) {
		give_back(users[i], blocks[i]);
		blocks[i] = NULL;
	}
	assert_int_equal(take_all(root, &of_root), 3 * SHARE / BLOCK);
	assert_int_equal(take_all(users[4], &blocks[4]), 0);
	give_back(root, of_root);
	assert_int_equal(take_all(users[4], &blocks[4]), SHARE / BLOCK);
	give_back(users[4], blocks[4]);
	for (i = 0; i < COUNT(users); i++)
		tcps_charge_close(users[i]);
	tcps_charge_close(root);
}

/* Files of one user id are one user; with and without privilege, two. */
static void test_who_is_who(void **state)
{
	struct tcps_user *user = open_as(7, false);

	(void)state;
	assert_ptr_equal(open_as(7, false), user);
	assert_ptr_not_equal(open_as(7, true), user);
	assert_int_equal(user->files, 2);
	assert_int_equal(account_now().files, 3);
	/* A user that exists needs no memory. */
	shim_no_memory = true;
	assert_ptr_equal(tcps_charge_open(7, false), user);
	assert_null(tcps_charge_open(8, false));
	shim_no_memory = false;
	assert_int_equal(account_now().files, 4);
	tcps_charge_close(tcps_charge_open(7, true));
	tcps_charge_close(user);
	tcps_charge_close(user);
	assert_int_equal(user->files, 1);
	tcps_charge_close(open_as(7, true));
	tcps_charge_close(user);
	assert_int_equal(account_now().files, 1);
	user = open_as(7, true);
	tcps_charge_close(user);
	tcps_charge_close(user);
}

/* Charges are rounded up like allocations; failed ones are not charged. */
static void test_cost(void **state)
{
	struct tcps_user *user = open_as(7, false);
	u64 refused = account_now().files_refused;
	void *memory;

	(void)state;
	memory = tcps_charge_alloc(user, 4097);
	assert_non_null(memory);
	assert_int_equal(user->bytes, 8192);
	assert_int_equal(account_now().files_bytes, 8192);
	shim_no_memory = true;
	assert_null(tcps_charge_alloc(user, 100));
	shim_no_memory = false;
	assert_int_equal(user->bytes, 8192);
	assert_int_equal(account_now().files_refused, refused);
	assert_null(tcps_charge_alloc(user, SIZE_MAX / 2));
	assert_int_equal(account_now().files_refused, refused + 1);
	tcps_charge_free(user, memory, 4097);
	tcps_charge_free(user, NULL, 4097);
	assert_int_equal(user->bytes, 0);
	tcps_charge_close(user);
}

/*
 * Several threads of one user allocate as much as they get and free it, and never
 * exceed the limits.
 */
#define THREADS		8U
#define ROUNDS		300U

static u64 most_seen;

static void *come_and_go(void *argument)
{
	uintptr_t number = (uintptr_t)argument;
	unsigned int round, got;

	for (round = 0; round < ROUNDS; round++) {
		struct tcps_user *user = open_as(number % 5, !(number % 5));
		void *blocks = NULL;

		got = take_all(user, &blocks);
		must(got <= (number % 5 ? SHARE : MOST) / BLOCK);
		must(account_now().files_bytes <= MOST);
		__atomic_fetch_add(&most_seen, got, __ATOMIC_RELAXED);
		if (round % 16 == 0)
			pause_some(round * THREADS + number);
		give_back(user, blocks);
		tcps_charge_close(user);
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];
	uintptr_t i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		must(!pthread_create(&threads[i], NULL, come_and_go,
				     (void *)i));
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(most_seen > 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Memory that is allocated elsewhere counts like any other. */
static void test_reserved(void **state)
{
	u64 refused = account_now().files_refused;
	struct tcps_user *user = open_as(1, false);
	unsigned int i;

	(void)state;
	assert_true(tcps_charge_reserve(user, 100));
	assert_int_equal(account_now().files_bytes, 128);
	for (i = 1; i < SHARE / 128; i++)
		assert_true(tcps_charge_reserve(user, 128));
	assert_false(tcps_charge_reserve(user, 1));
	assert_null(tcps_charge_alloc(user, 1));
	assert_int_equal(account_now().files_refused, refused + 2);
	tcps_charge_release(user, 100);
	assert_true(tcps_charge_reserve(user, 128));
	for (i = 0; i < SHARE / 128; i++)
		tcps_charge_release(user, 128);
	assert_int_equal(account_now().files_bytes, 0);
	tcps_charge_close(user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bounds),
		TEST(test_shares),
		TEST(test_who_is_who),
		TEST(test_cost),
		TEST(test_threads),
		TEST(test_reserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
