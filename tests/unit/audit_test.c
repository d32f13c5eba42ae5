// SPDX-License-Identifier: GPL-2.0
/* When the table and the kernel's sockets are compared, and when they are not. */
#include "unit.h"

#include <errno.h>

#include "audit.h"
#include "conn.h"
#include "learn.h"
#include "pool.h"
#include "verify.h"
#include "walk.h"

/* As verify.h says: after the last record that many audits may drop something. */
#define LATE_AUDITS	TCPS_NOT_FOUND_MOST_GONE

static struct delayed_work *queued;
static bool running, short_of_memory;
static u64 now_ns, recorded;
static unsigned int walks, learned, completed;
static void (*in_walk)(void);	/* what happens beside an audit */
static char any;

u64 ktime_get_ns(void)
{
	return now_ns;
}

u64 ktime_get_boottime_ns(void)
{
	return now_ns;
}

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags,
					 int most)
{
	return (struct workqueue_struct *)&any;
}

void destroy_workqueue(struct workqueue_struct *queue)
{
	assert_null(queued);
	assert_false(running);
}

bool mod_delayed_work(struct workqueue_struct *queue, struct delayed_work *of,
		      unsigned long delay)
{
	assert_ptr_equal(queue, &any);
	assert_true(delay > 0);
	of->delay = delay;
	queued = of;
	return true;
}

bool cancel_delayed_work(struct delayed_work *of)
{
	bool was_queued = queued;

	queued = NULL;
	return was_queued;
}

static void run_queued(void)
{
	struct delayed_work *of = queued;

	assert_non_null(of);
	queued = NULL;
	running = true;
	of->function(&of->work);
	running = false;
}

/* An audit may be running: it goes on to its end first. */
bool cancel_delayed_work_sync(struct delayed_work *of)
{
	if (queued)
		run_queued();
	return cancel_delayed_work(of);
}

int param_get_uint(char *to, const struct kernel_param *param)
{
	return 0;
}

void tcps_stream_stats(struct tcpstates_stats *stats)
{
	stats->recorded = recorded;
}

void tcps_pool_refill(void)
{
}

unsigned long tcps_conn_chains(void)
{
	return 1;
}

bool tcps_conn_short(void)
{
	return short_of_memory;
}

bool tcps_conn_has_room(void)
{
	return true;
}

u64 tcps_conn_misses(void)
{
	return 0;
}

void tcps_conn_complete(u64 misses)
{
	completed++;
	short_of_memory = false;
}

void tcps_verify_audit(unsigned long chain, bool (*is_alive)(u32 netns))
{
}

void tcps_verify_found(u64 cookie, const void *holder)
{
}

int tcps_walk_begin(void)
{
	return 0;
}

void tcps_walk_end(void)
{
}

bool tcps_walk_has_netns(u32 netns)
{
	return true;
}

bool tcps_walk_run(const struct tcps_walk *walk)
{
	walks++;
	if (in_walk)
		in_walk();
	return walk->rest();
}

bool tcps_learn_walk(bool (*rest)(void))
{
	learned++;
	return rest();
}

static void set_interval(const char *text)
{
	assert_int_equal(fake_audit_s->set(text, NULL), 0);
}

static u64 audits(void)
{
	struct tcpstates_account account = { };

	tcps_audit_account(&account);
	return account.audits;
}

static int setup(void **state)
{
	(void)state;
	in_walk = NULL;
	short_of_memory = false;
	recorded++;
	set_interval("30");
	assert_null(queued);
	assert_int_equal(tcps_audit_init(), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	in_walk = NULL;
	tcps_audit_exit();
	assert_null(queued);
	/* The parameter outlives the exit function. */
	set_interval("1");
	assert_null(queued);
	return 0;
}

static void test_one_each_interval(void **state)
{
	u64 before = audits();

	(void)state;
	assert_int_equal(queued->delay, 30 * HZ);
	run_queued();
	assert_int_equal(audits(), before + 1);
	assert_int_equal(queued->delay, 30 * HZ);
	set_interval("5");
	assert_int_equal(queued->delay, 5 * HZ);
}

static void test_zero_cancels_the_next(void **state)
{
	(void)state;
	set_interval("0");
	assert_null(queued);
	set_interval("7");
	assert_int_equal(queued->delay, 7 * HZ);
}

static void stop_auditing(void)
{
	set_interval("0");
}

static void test_zero_beside_an_audit(void **state)
{
	(void)state;
	in_walk = stop_auditing;
	run_queued();
	assert_null(queued);
}

static void change_interval(void)
{
	set_interval("9");
}

static void test_change_beside_an_audit(void **state)
{
	(void)state;
	in_walk = change_interval;
	run_queued();
	assert_int_equal(queued->delay, 9 * HZ);
}

static void test_bad_interval_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(fake_audit_s->set("86401", NULL), -EINVAL);
	assert_int_equal(fake_audit_s->set("x", NULL), -EINVAL);
	assert_int_equal(queued->delay, 30 * HZ);
	set_interval("86400");
	assert_int_equal(queued->delay, 86400 * HZ);
}

/* Nothing was recorded, and no entry can still become one to be dropped. */
static void test_idle_host_is_left_alone(void **state)
{
	unsigned int i, before = walks;

	(void)state;
	for (i = 0; i <= LATE_AUDITS; i++)
		run_queued();
	assert_int_equal(walks, before + LATE_AUDITS + 1);
	for (i = 0; i < 100; i++)
		run_queued();
	assert_int_equal(walks, before + LATE_AUDITS + 1);
	recorded++;
	run_queued();
	assert_int_equal(walks, before + LATE_AUDITS + 2);
}

static void test_incomplete_table_is_no_idle_host(void **state)
{
	unsigned int i, before;

	(void)state;
	for (i = 0; i < 100; i++)
		run_queued();
	before = learned;
	short_of_memory = true;
	run_queued();
	assert_int_equal(learned, before + 1);
	assert_int_equal(completed, 1);
}

/* An audit that begins when the module is unloaded ends at its first rest. */
static void test_exit_beside_an_audit(void **state)
{
	u64 before = audits();

	assert_non_null(queued);
	tcps_audit_exit();
	assert_int_equal(audits(), before);
	setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_each_interval),
		TEST(test_zero_cancels_the_next),
		TEST(test_zero_beside_an_audit),
		TEST(test_change_beside_an_audit),
		TEST(test_bad_interval_changes_nothing),
		TEST(test_idle_host_is_left_alone),
		TEST(test_incomplete_table_is_no_idle_host),
		TEST(test_exit_beside_an_audit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
