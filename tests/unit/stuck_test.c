// SPDX-License-Identifier: GPL-2.0
/* What is told of connections that stay in a state for too long, and when. */
#include "unit.h"

#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/minmax.h>

#include "conn.h"
#include "life.h"
#include "stream_stub.h"
#include "stuck.h"
#include "uapi/tcpstates.h"
#include "verify.h"

#define SECOND		1000000000ULL
#define NEVER		(~0ULL)

/* Structures of the kernel: addresses that nothing is at. */
static const struct sock *const sk = (const struct sock *)0x1000;
static const void *const tw = (const void *)0x5000;

static const struct tcps_tuple tuple = {
	.known = TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT,
	.netns = 4026531840U,
	.lport = 80,
	.family = TCPSTATES_FAMILY_INET,
};

static const struct tcps_owner owner = {
	.known = TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID,
	.pid = 812,
	.uid = 1001,
	.comm = "java",
};

static u64 now;
static unsigned int limits[TCPSTATES_STATE_COUNT];
static struct tcpstates_record told[256];

u64 ktime_get_boottime_ns(void)
{
	return now;
}

u64 ktime_get_real_ns(void)
{
	return now + SHIM_REAL_OFFSET;
}

/* CLOSE_WAIT is too long after 60 s. */
static int setup(void **state)
{
	int ret;

	(void)state;
	now = 1000 * SECOND;
	stream_old_byte = 0xa5;
	memset(limits, 0, sizeof(limits));
	limits[TCPSTATES_CLOSE_WAIT] = 60;
	ret = tcps_conn_init(TCPS_CONN_MIB_MIN);
	tcps_stuck_watch(limits);
	tcps_verify_learn_begin();
	return ret;
}

static int teardown(void **state)
{
	(void)state;
	tcps_conn_exit();
	assert_int_equal(stream_count(), 0);
	return 0;
}

static void change_limit(u8 state, unsigned int seconds)
{
	limits[state] = seconds;
	tcps_stuck_watch(limits);
}

static struct tcps_step step(u64 cookie, u8 old, u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = sk,
		.next = new == TCPSTATES_CLOSE ? NULL : sk,
		.kind = TCPS_KIND_SOCK,
		.tuple = &tuple,
		.old = old,
		.new = new,
	};
}

/* A connection that is in @state from now on. */
static void be_in(u64 cookie, u8 state)
{
	struct tcps_step begin = step(cookie, TCPSTATES_CLOSE, state);

	assert_true(tcps_life_begin(&begin, &owner));
	stream_take();
}

static void go(u64 cookie, u8 old, u8 new)
{
	struct tcps_step next = step(cookie, old, new);

	if (new == TCPSTATES_CLOSE)
		assert_int_equal(tcps_life_close(&next), TCPS_END_RECORDED);
	else
		assert_int_equal(tcps_life_step(&next), TCPS_STEP_DONE);
	stream_take();
}

static void learn(u64 cookie, u8 state)
{
	struct tcps_step there = step(cookie, TCPSTATES_UNKNOWN, state);

	tcps_verify_learn(&there, &owner);
}

/* A pass now, whenever the next one is. */
static u64 pass_now(void)
{
	u64 due_ns = 0;

	assert_true(tcps_stuck_pass(1000, &due_ns));
	return due_ns;
}

/* A pass now, which must say that the next one is @next_ns from now. */
static unsigned int pass(u64 next_ns)
{
	u64 due_ns = 0;

	assert_true(tcps_stuck_pass(1000, &due_ns));
	assert_int_equal(due_ns, next_ns == NEVER ? NEVER : now + next_ns);
	return stream_take_all(told, TCPSTATES_EVENT_STUCK);
}

static bool is_marked(u64 cookie)
{
	return test_bit(tcps_conn_chain(cookie), tcps_conn_marks);
}

/* Which the first pass cleans up. */
static void forget_marks(void)
{
	assert_int_equal(pass(60 * SECOND), 0);
}

static void test_told_at_each_doubling(void **state)
{
	u64 begun = now;
	unsigned int age;

	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	for (age = 1; age <= 4000; age++) {
		now = begun + age * SECOND - 1;
		assert_true(pass_now() > now);
		assert_int_equal(stream_count(), 0);
		now++;
		pass_now();
		if (age != 60 && age != 120 && age != 240 && age != 480 &&
		    age != 960 && age != 1920 && age != 3840) {
			assert_int_equal(stream_count(), 0);
			continue;
		}
		assert_int_equal(stream_take_all(told, TCPSTATES_EVENT_STUCK),
				 1);
		assert_int_equal(told[0].dur_ns, age * SECOND);
	}
}

static void test_what_a_line_tells(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND + 5;
	assert_int_equal(pass(60 * SECOND - 5), 1);
	assert_int_equal(told[0].conn, 7);
	assert_int_equal(told[0].old_state, TCPSTATES_CLOSE_WAIT);
	assert_int_equal(told[0].new_state, TCPSTATES_CLOSE_WAIT);
	assert_int_equal(told[0].cause, TCPSTATES_CAUSE_UNKNOWN);
	assert_int_equal(told[0].boot_ns, now);
	assert_int_equal(told[0].real_ns, now + SHIM_REAL_OFFSET);
	assert_int_equal(told[0].dur_ns, 60 * SECOND + 5);
	assert_int_equal(told[0].pid, 812);
	assert_string_equal(told[0].comm, "java");
	assert_int_equal(told[0].netns, 4026531840U);
	assert_int_equal(told[0].lport, 80);
	assert_int_equal(told[0].flags, 0);
	assert_int_equal(told[0].known, tuple.known | owner.known |
			 TCPSTATES_KNOW_DURATION | TCPSTATES_KNOW_RTT);
	assert_int_equal(told[0].rtt_us, (uintptr_t)sk);
}

static void test_learned_is_at_least(void **state)
{
	(void)state;
	learn(7, TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].flags, TCPSTATES_FLAG_ATLEAST);
	assert_int_equal(told[0].dur_ns, 60 * SECOND);
}

static void test_nothing_after_it_has_left(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	be_in(8, TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND;
	assert_int_equal(pass(60 * SECOND), 2);
	go(7, TCPSTATES_CLOSE_WAIT, TCPSTATES_LAST_ACK);
	go(8, TCPSTATES_CLOSE_WAIT, TCPSTATES_CLOSE);
	now += 1000 * SECOND;
	assert_int_equal(pass(60 * SECOND), 0);
	assert_false(is_marked(7));
	assert_false(is_marked(8));
}

/* It begins anew, with the limit. */
static void test_comes_back(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 130 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	go(7, TCPSTATES_CLOSE_WAIT, TCPSTATES_ESTABLISHED);
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 60 * SECOND);
}

/* One line for all the doublings that were slept through. */
static void test_late(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 1000 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 1000 * SECOND);
	now += 919 * SECOND;
	assert_int_equal(pass(1 * SECOND), 0);
	now += 1 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 1920 * SECOND);
}

static void test_each_state_has_its_own_limit(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 1; i < TCPSTATES_STATE_COUNT; i++)
		limits[i] = i == TCPSTATES_CLOSE ? 0 : 10 * i;
	tcps_stuck_watch(limits);
	for (i = 1; i < TCPSTATES_STATE_COUNT; i++)
		if (limits[i])
			be_in(i, i);
	for (i = 1; i < TCPSTATES_STATE_COUNT; i++) {
		now += 10 * SECOND;
		pass_now();
		/* ESTABLISHED has the shortest, and is told again at 20, 40, 80. */
		while (stream_count()) {
			unsigned int count, j, own = 0;

			count = stream_take_all(told, TCPSTATES_EVENT_STUCK);
			for (j = 0; j < count; j++)
				own += told[j].new_state == i;
			assert_int_equal(own, limits[i] != 0);
		}
	}
}

static void test_no_limit_no_mark(void **state)
{
	(void)state;
	forget_marks();
	be_in(7, TCPSTATES_ESTABLISHED);
	be_in(8, TCPSTATES_SYN_SENT);
	learn(9, TCPSTATES_FIN_WAIT2);
	assert_false(is_marked(7) || is_marked(8) || is_marked(9));
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE_WAIT);
	learn(10, TCPSTATES_CLOSE_WAIT);
	assert_true(is_marked(7) && is_marked(10));
	/* A look takes back the mark of what has left its state. */
	go(7, TCPSTATES_CLOSE_WAIT, TCPSTATES_LAST_ACK);
	assert_int_equal(pass(60 * SECOND), 0);
	assert_false(is_marked(7));
	assert_true(is_marked(10));
}

static void test_limit_comes_later(void **state)
{
	(void)state;
	forget_marks();
	be_in(7, TCPSTATES_SYN_SENT);
	now += 50 * SECOND;
	change_limit(TCPSTATES_SYN_SENT, 30);
	assert_int_equal(pass(10 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 50 * SECOND);
	now += 10 * SECOND;
	assert_int_equal(pass(30 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 60 * SECOND);
}

static void test_limit_grows(void **state)
{
	(void)state;
	change_limit(TCPSTATES_CLOSE_WAIT, 1);
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 20 * SECOND;
	assert_int_equal(pass(1 * SECOND), 1);
	change_limit(TCPSTATES_CLOSE_WAIT, 60);
	assert_int_equal(pass(40 * SECOND), 0);
	now += 40 * SECOND;
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 60 * SECOND);
}

static void test_limit_shrinks(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	be_in(8, TCPSTATES_CLOSE_WAIT);
	now += 65 * SECOND;
	assert_int_equal(pass(55 * SECOND), 2);
	be_in(9, TCPSTATES_CLOSE_WAIT);
	change_limit(TCPSTATES_CLOSE_WAIT, 20);
	/* 80 is the next for those that were told at 65. */
	assert_int_equal(pass(15 * SECOND), 0);
	now += 15 * SECOND;
	assert_int_equal(pass(5 * SECOND), 2);
	now += 5 * SECOND;
	assert_int_equal(pass(20 * SECOND), 1);
	assert_int_equal(told[0].conn, 9);
}

static void test_limit_goes(void **state)
{
	(void)state;
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 600 * SECOND;
	change_limit(TCPSTATES_CLOSE_WAIT, 0);
	assert_int_equal(pass(NEVER), 0);
	assert_false(is_marked(7));
	be_in(8, TCPSTATES_CLOSE_WAIT);
	assert_false(is_marked(8));
	/* And comes back. */
	change_limit(TCPSTATES_CLOSE_WAIT, 60);
	assert_int_equal(pass(60 * SECOND), 1);
	assert_int_equal(told[0].conn, 7);
}

/* A minisock in the same state: nothing begins anew. */
static void test_minisock_takes_over(void **state)
{
	(void)state;
	change_limit(TCPSTATES_FIN_WAIT2, 30);
	be_in(7, TCPSTATES_FIN_WAIT2);
	now += 20 * SECOND;
	assert_true(tcps_life_stay(7, sk, tw, TCPSTATES_FLAG_ORPHAN));
	now += 10 * SECOND;
	assert_int_equal(pass(30 * SECOND), 1);
	assert_int_equal(told[0].dur_ns, 30 * SECOND);
	assert_int_equal(told[0].flags, TCPSTATES_FLAG_ORPHAN);
	assert_int_equal(told[0].known & TCPSTATES_KNOW_RTT, 0);
}

/* Another cookie in the chain of @cookie. */
static u64 neighbour(u64 cookie)
{
	unsigned long chain = tcps_conn_chain(cookie);

	while (tcps_conn_chain(++cookie) != chain)
		;
	return cookie;
}

/* How often @cookie is in the first @count that were told. */
static unsigned int times_told(unsigned int count, u64 cookie)
{
	unsigned int i, times = 0;

	for (i = 0; i < count; i++)
		times += told[i].conn == cookie;
	return times;
}

/* Several in one chain are all told, each once, as many as fit. */
static void test_one_chain(void **state)
{
	static u64 cookies[TCPS_CONN_CHAIN_MOST];
	unsigned int i, due = 0;

	(void)state;
	cookies[0] = 7;
	for (i = 0; i < COUNT(cookies); i++) {
		if (i)
			cookies[i] = neighbour(cookies[i - 1]);
		be_in(cookies[i], i % 4 == 2 ? TCPSTATES_ESTABLISHED :
				  TCPSTATES_CLOSE_WAIT);
		due += i % 4 != 2;
	}
	now += 60 * SECOND;
	assert_int_equal(pass(60 * SECOND), due);
	for (i = 0; i < COUNT(cookies); i++)
		assert_int_equal(times_told(due, cookies[i]), i % 4 != 2);
	now += 59 * SECOND;
	assert_int_equal(pass(1 * SECOND), 0);
}

/* A part now of @most lines; @all after it of those of the pass so far. */
static unsigned int part(unsigned int most, bool over, unsigned int all)
{
	unsigned int i, count;
	u64 due_ns = 1;

	assert_int_equal(tcps_stuck_pass(most, &due_ns), over);
	assert_int_equal(due_ns == 1, !over);
	count = stream_take_all(&told[all], TCPSTATES_EVENT_STUCK);
	assert_true(over ? count <= most : count == most);
	for (i = all; i < all + count; i++)
		assert_int_equal(told[i].boot_ns, now);
	return all + count;
}

/* Each is told once, and none is left out, however small the parts are. */
static void test_in_parts(void **state)
{
	static const unsigned int sizes[] = { 1, 7, 8, 9, 64, 200 };
	unsigned int i, size, all;
	u64 cookie;

	(void)state;
	/* Some of them in one chain. */
	for (i = 0, cookie = 100; i < 200; i++) {
		be_in(cookie, TCPSTATES_CLOSE_WAIT);
		cookie = i < 30 ? neighbour(cookie) : cookie + 1;
	}
	for (size = 0; size < COUNT(sizes); size++) {
		now += 3600 * SECOND << size;
		all = 0;
		for (i = 0; i < 200 / sizes[size]; i++) {
			all = part(sizes[size], false, all);
			now += SECOND;
		}
		all = part(sizes[size], true, all);
		assert_int_equal(all, 200);
		for (i = 0, cookie = 100; i < 200; i++) {
			assert_int_equal(times_told(200, cookie), 1);
			cookie = i < 30 ? neighbour(cookie) : cookie + 1;
		}
	}
}

/* Whoever is told late is told its age of that time, and next at a doubling. */
static void test_ages_of_parts(void **state)
{
	unsigned int i, all = 0;
	u64 begun = now;

	(void)state;
	/* Each in a chain of its own. */
	for (i = 0; i < 60; i++)
		be_in(128 + i, TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND;
	for (i = 0; i < 10; i++) {
		all = part(6, false, all);
		assert_int_equal(told[all - 1].dur_ns, now - begun);
		now += 5 * SECOND;
	}
	/* The first were told at 60 s, the last at 105. */
	assert_int_equal(part(1000, true, all), 60);
	now = begun + 119 * SECOND;
	assert_int_equal(part(1000, true, 0), 0);
	now = begun + 120 * SECOND;
	assert_int_equal(part(1000, true, 0), 60);
	now = begun + 160 * SECOND;
	assert_int_equal(part(1000, true, 0), 0);
}

/* What gets there behind the part that has been looked at: in the next pass. */
static void test_behind_the_part(void **state)
{
	u64 first = 7, second = 8, due_ns;

	(void)state;
	if (tcps_conn_chain(first) > tcps_conn_chain(second))
		swap(first, second);
	be_in(second, TCPSTATES_CLOSE_WAIT);
	be_in(neighbour(second), TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND;
	assert_int_equal(part(1, false, 0), 1);
	be_in(first, TCPSTATES_CLOSE_WAIT);
	assert_true(tcps_stuck_pass(1000, &due_ns));
	assert_int_equal(stream_take_all(told, TCPSTATES_EVENT_STUCK), 1);
	assert_int_equal(due_ns, now + 60 * SECOND);
	now += 60 * SECOND;
	assert_int_equal(pass(60 * SECOND), 3);
}

/* A limit that changes in the middle holds for all, and nobody is told twice. */
static void test_limit_changes_between_parts(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 20; i++)
		be_in(100 + i, TCPSTATES_CLOSE_WAIT);
	now += 60 * SECOND;
	assert_int_equal(part(15, false, 0), 15);
	be_in(1, TCPSTATES_SYN_SENT);
	now += SECOND;
	change_limit(TCPSTATES_SYN_SENT, 1);
	assert_int_equal(part(1000, true, 15), 21);
	for (i = 0; i < 20; i++)
		assert_int_equal(times_told(21, 100 + i), 1);
}

/*
 * Readers have eight parts to read them in. A pass takes a small share of a CPU in
 * any case, and comes ten times in a second at most.
 */
static void test_pace(void **state)
{
	unsigned int records;

	(void)state;
	for (records = 64; records <= 4194304; records *= 2)
		assert_int_equal(8 * tcps_stuck_part(records), records);
	assert_int_equal(tcps_stuck_pause_ns(false, 0, 0), 50000000);
	assert_int_equal(tcps_stuck_pause_ns(false, 0, 1000), 52000000);
	assert_int_equal(tcps_stuck_pause_ns(false, 0, 1000000), 2050000000);
	assert_int_equal(tcps_stuck_pause_ns(true, 0, 1000), 100000000);
	assert_int_equal(tcps_stuck_pause_ns(true, 0, 1000000), 2050000000);
	assert_int_equal(tcps_stuck_pause_ns(false, SECOND, 1000), 32 * SECOND);
	assert_int_equal(tcps_stuck_pause_ns(true, SECOND, 1000), 32 * SECOND);
}

/* A century; the next line comes after 128 years. */
static void test_long_age(void **state)
{
	(void)state;
	change_limit(TCPSTATES_CLOSE_WAIT, 31536000);
	be_in(7, TCPSTATES_CLOSE_WAIT);
	now += 100ULL * 31536000 * SECOND;
	assert_int_equal(pass(31536000 * SECOND), 1);
	assert_int_equal(pass(31536000 * SECOND), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_told_at_each_doubling),
		TEST(test_what_a_line_tells),
		TEST(test_learned_is_at_least),
		TEST(test_nothing_after_it_has_left),
		TEST(test_comes_back),
		TEST(test_late),
		TEST(test_each_state_has_its_own_limit),
		TEST(test_no_limit_no_mark),
		TEST(test_limit_comes_later),
		TEST(test_limit_grows),
		TEST(test_limit_shrinks),
		TEST(test_limit_goes),
		TEST(test_minisock_takes_over),
		TEST(test_one_chain),
		TEST(test_in_parts),
		TEST(test_ages_of_parts),
		TEST(test_behind_the_part),
		TEST(test_limit_changes_between_parts),
		TEST(test_pace),
		TEST(test_long_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
