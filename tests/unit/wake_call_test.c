// SPDX-License-Identifier: GPL-2.0
/* Who is called, under which locks, and what that costs the user. */
#include "unit.h"

#include "sleeper.h"
#include "wake_call.h"
#include "wake_share.h"

#define SHORT_NS	1000
#define ENTRIES		10
#define MS		1000000ULL

bool fake_remover_waits;
unsigned int fake_removers_woken;
u64 fake_now_ns;

static struct tcps_wake_user user;
static struct tcps_sleeper sleeper;
static struct wait_queue_entry entries[ENTRIES];
static unsigned int calls[ENTRIES];
static unsigned int woken;	/* blocked readers */
static u64 call_ns;		/* what a call takes */
static bool wakes_again;	/* the next call wakes the file once more */

/* Each call: the lock of the queue is held, and not that of all users. */
static void check_locks(void)
{
	assert_true(sleeper.queue.lock.held);
	assert_false(tcps_wake_lock.held);
	assert_ptr_equal(user.called, &sleeper);
}

int woken_wake_function(struct wait_queue_entry *entry, unsigned int mode,
			int sync, void *key)
{
	(void)entry;
	(void)mode;
	(void)sync;
	(void)key;
	check_locks();
	woken++;
	return 1;
}

static int call_entry(struct wait_queue_entry *entry, unsigned int mode,
		      int sync, void *key)
{
	(void)mode;
	(void)sync;
	(void)key;
	check_locks();
	calls[entry - entries]++;
	fake_now_ns += call_ns;
	if (wakes_again) {
		wakes_again = false;
		spin_lock(&tcps_wake_lock);
		tcps_wake_call_add(&sleeper);
		spin_unlock(&tcps_wake_lock);
	}
	return 1;
}

static void init_user(void)
{
	memset(&user, 0, sizeof(user));
	INIT_LIST_HEAD(&user.calling);
	tcps_wake_share_get(&user);
}

static int setup(void **state)
{
	unsigned int i;

	(void)state;
	fake_now_ns += 1000000 * MS; /* no pause of an earlier test goes on */
	tcps_wake_lock.held = true;
	init_user();
	memset(&sleeper, 0, sizeof(sleeper));
	memset(calls, 0, sizeof(calls));
	sleeper.user = &user;
	INIT_LIST_HEAD(&sleeper.queue.head);
	INIT_LIST_HEAD(&sleeper.calling);
	INIT_LIST_HEAD(&sleeper.waiters);
	for (i = 0; i < ENTRIES; i++) {
		entries[i].func = call_entry;
		list_add_tail(&entries[i].entry, &sleeper.queue.head);
	}
	call_ns = SHORT_NS;
	fake_removers_woken = 0;
	woken = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_true(tcps_wake_lock.held);
	tcps_wake_lock.held = false;
	return 0;
}

static void expect_calls(unsigned int first, unsigned int end, unsigned int times)
{
	unsigned int i;

	for (i = first; i < end; i++)
		assert_int_equal(calls[i], times);
}

static void test_all_are_called_once(void **state)
{
	struct tcps_budget budget = { .calls = ENTRIES };

	(void)state;
	tcps_wake_call_add(&sleeper);
	tcps_wake_call_add(&sleeper);
	assert_true(tcps_wake_call_all(&user, &budget));
	expect_calls(0, ENTRIES, 1);
	assert_null(user.called);
	assert_int_equal(budget.calls_ns, ENTRIES * SHORT_NS);
	assert_int_equal(budget.longest_ns, SHORT_NS);
}

/* The rest follows with the next budget, and nobody is called twice. */
static void test_number_of_calls_is_limited(void **state)
{
	struct tcps_budget budget = { .calls = 4 };

	(void)state;
	tcps_wake_call_add(&sleeper);
	assert_false(tcps_wake_call_all(&user, &budget));
	expect_calls(0, 4, 1);
	expect_calls(4, ENTRIES, 0);
	budget.calls = ENTRIES;
	assert_true(tcps_wake_call_all(&user, &budget));
	expect_calls(0, ENTRIES, 1);
}

static void test_none_follows_a_long_call(void **state)
{
	struct tcps_budget budget = { .calls = ENTRIES };

	(void)state;
	call_ns = TCPS_WAKE_LONG_NS;
	tcps_wake_call_add(&sleeper);
	assert_false(tcps_wake_call_all(&user, &budget));
	expect_calls(0, 1, 1);
	expect_calls(1, ENTRIES, 0);
	assert_int_equal(budget.longest_ns, TCPS_WAKE_LONG_NS);
}

/* Those called already and those left are all called for the second wake-up. */
static void test_woken_again_between(void **state)
{
	struct tcps_budget budget = { .calls = 4 };

	(void)state;
	tcps_wake_call_add(&sleeper);
	assert_false(tcps_wake_call_all(&user, &budget));
	tcps_wake_call_add(&sleeper);
	budget.calls = ENTRIES;
	assert_true(tcps_wake_call_all(&user, &budget));
	expect_calls(0, 4, 2);
	expect_calls(4, ENTRIES, 1);
}

/* The lock is free during a call, so the file may be woken by others. */
static void test_woken_again_during_a_call(void **state)
{
	struct tcps_budget budget = { .calls = ENTRIES };

	(void)state;
	wakes_again = true;
	tcps_wake_call_add(&sleeper);
	assert_false(tcps_wake_call_all(&user, &budget));
	expect_calls(0, ENTRIES, 1);
	budget.calls = ENTRIES;
	assert_true(tcps_wake_call_all(&user, &budget));
	expect_calls(0, ENTRIES, 2);
}

/* An interrupt leaves a queue whose lock is held to the work item. */
static void test_interrupt_does_not_wait(void **state)
{
	struct tcps_budget budget = { .calls = ENTRIES };

	(void)state;
	tcps_wake_call_add(&sleeper);
	sleeper.queue.lock.held = true;
	assert_false(tcps_wake_call_all(&user, &budget));
	expect_calls(0, ENTRIES, 0);
	sleeper.queue.lock.held = false;
	budget.may_wait = true;
	assert_true(tcps_wake_call_all(&user, &budget));
	expect_calls(0, ENTRIES, 1);
}

static void test_blocked_readers(void **state)
{
	struct tcps_budget budget = { .calls = ENTRIES };
	unsigned int i;

	(void)state;
	for (i = 0; i < ENTRIES; i++)
		entries[i].func = woken_wake_function;
	tcps_wake_call_add(&sleeper);
	assert_true(tcps_wake_call_all(&user, &budget));
	assert_int_equal(woken, ENTRIES);
	assert_int_equal(budget.calls_ns, 0);
}

static void test_closed_file_is_not_called(void **state)
{
	struct tcps_budget budget = { .calls = ENTRIES };

	(void)state;
	tcps_wake_call_add(&sleeper);
	tcps_wake_call_remove(&sleeper);
	assert_true(tcps_wake_call_all(&user, &budget));
	expect_calls(0, ENTRIES, 0);
}

static void test_remover_is_woken(void **state)
{
	struct tcps_budget budget = { .calls = ENTRIES };

	(void)state;
	fake_remover_waits = true;
	tcps_wake_call_add(&sleeper);
	assert_true(tcps_wake_call_all(&user, &budget));
	fake_remover_waits = false;
	assert_int_equal(fake_removers_woken, 1);
}

static void charge_call(u64 longest_ns)
{
	struct tcps_budget budget = {
		.calls_ns = longest_ns,
		.longest_ns = longest_ns,
	};

	tcps_wake_share_charge(&user, fake_now_ns, longest_ns, &budget, false);
}

static void test_long_call_makes_slow(void **state)
{
	(void)state;
	charge_call(TCPS_WAKE_LONG_NS - 1);
	assert_false(tcps_wake_share_is_slow(&user, fake_now_ns));
	charge_call(MS);
	assert_true(tcps_wake_share_is_slow(&user, fake_now_ns + 19999 * MS));
	assert_false(tcps_wake_share_is_slow(&user, fake_now_ns + 20000 * MS));
	/* And pauses for 19 times as long. */
	assert_false(tcps_wake_share_is_due(&user, fake_now_ns + 19 * MS));
	assert_true(tcps_wake_share_is_due(&user, fake_now_ns + 20 * MS));
}

/* Neither ends with the last file, for this user and those with its hash. */
static void test_closing_does_not_help(void **state)
{
	(void)state;
	charge_call(MS);
	tcps_wake_share_put(&user);
	init_user();
	user.uid = 1;
	tcps_wake_share_get(&user);
	assert_true(tcps_wake_share_is_slow(&user, fake_now_ns));
	assert_false(tcps_wake_share_is_due(&user, fake_now_ns));
	user.uid = 2;
	tcps_wake_share_get(&user);
	assert_false(tcps_wake_share_is_slow(&user, fake_now_ns));
	user.uid = 1;
	user.is_privileged = true;
	tcps_wake_share_get(&user);
	assert_false(tcps_wake_share_is_slow(&user, fake_now_ns));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_are_called_once),
		TEST(test_number_of_calls_is_limited),
		TEST(test_none_follows_a_long_call),
		TEST(test_woken_again_between),
		TEST(test_woken_again_during_a_call),
		TEST(test_interrupt_does_not_wait),
		TEST(test_blocked_readers),
		TEST(test_closed_file_is_not_called),
		TEST(test_remover_is_woken),
		TEST(test_long_call_makes_slow),
		TEST(test_closing_does_not_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
