// SPDX-License-Identifier: GPL-2.0
/* The exporter's counts: what a stream amounts to. */
#include "unit.h"

#include <linux/kernel.h>
#include <stdbool.h>

#include "../../userspace/export/queues.h"
#include "../../userspace/export/tally.c"

#define SECOND	1000000000ULL

static struct tally *tally;

static int setup(void **state)
{
	(void)state;
	tally = malloc(sizeof(*tally));
	tally_init(tally);
	tally->sees_all = true;
	tally->limits_s[TCPSTATES_CLOSE_WAIT] = 60;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tally_free(tally);
	free(tally);
	return 0;
}

static __u64 seq;

static struct tcpstates_record record(u64 conn, u8 old, u8 new)
{
	return (struct tcpstates_record) {
		.event = TCPSTATES_EVENT_TRANSITION,
		.family = TCPSTATES_FAMILY_INET,
		.conn = conn,
		.seq = seq++,
		.old_state = old,
		.new_state = new,
		.cause = TCPSTATES_CAUSE_ACK,
		.lport = 443,
		.laddr = { 10, 0, 0, 5 },
		.known = TCPSTATES_KNOW_OWNER,
		.comm = "java",
	};
}

static bool go(u64 conn, u8 old, u8 new)
{
	struct tcpstates_record next = record(conn, old, new);

	return tally_add(tally, &next);
}

static void exists(u64 conn, u8 state, u64 age_s)
{
	struct tcpstates_record row = record(conn, 0, state);

	seq--;
	row.event = TCPSTATES_EVENT_EXISTING;
	row.known |= TCPSTATES_KNOW_DURATION;
	row.dur_ns = age_s * SECOND;
	tally_add(tally, &row);
}

static void stuck(u64 conn, u8 state)
{
	struct tcpstates_record line = record(conn, state, state);

	line.event = TCPSTATES_EVENT_STUCK;
	tally_add(tally, &line);
}

static const struct tally_group *owner(const char *comm)
{
	unsigned int i;

	for (i = 1; i < TALLY_GROUPS; i++)
		if (tally->owners[i].used &&
		    !strncmp(tally->owners[i].key.comm, comm,
			     TCPSTATES_COMM_LEN))
			return &tally->owners[i];
	fail_msg("nobody is called %s", comm);
	return NULL;
}

static void test_a_life(void **state)
{
	(void)state;
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	assert_int_equal(tally->states[TCPSTATES_SYN_SENT], 1);
	go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED);
	assert_int_equal(tally->states[TCPSTATES_SYN_SENT], 0);
	assert_int_equal(tally->states[TCPSTATES_ESTABLISHED], 1);
	assert_int_equal(owner("java")->states[TCPSTATES_ESTABLISHED], 1);
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE);
	assert_int_equal(tally->states[TCPSTATES_ESTABLISHED], 0);
	assert_int_equal(tally->states[TCPSTATES_CLOSE], 0);
	assert_int_equal(owner("java")->members, 0);
	assert_null(tally->conns);
	assert_int_equal(tally->transitions[TCPSTATES_CLOSE]
			 [TCPSTATES_SYN_SENT][TCPSTATES_CAUSE_ACK], 1);
	assert_int_equal(tally->lost, 0);
}

/* The owner changes with accept(): counted to the new one from then on. */
static void test_owner_changes(void **state)
{
	struct tcpstates_record next;

	(void)state;
	go(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV);
	next = record(7, TCPSTATES_SYN_RECV, TCPSTATES_ESTABLISHED);
	memcpy(next.comm, "worker", 7);
	tally_add(tally, &next);
	assert_int_equal(owner("java")->members, 0);
	assert_int_equal(owner("worker")->members, 1);
	next = record(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE_WAIT);
	next.known = 0;
	memset(next.comm, 0, sizeof(next.comm));
	tally_add(tally, &next);
	assert_int_equal(owner("")->states[TCPSTATES_CLOSE_WAIT], 1);
}

static void test_stuck(void **state)
{
	(void)state;
	exists(7, TCPSTATES_CLOSE_WAIT, 59);
	exists(8, TCPSTATES_CLOSE_WAIT, 60);
	exists(9, TCPSTATES_FIN_WAIT2, 1000);
	assert_int_equal(owner("java")->stuck[TCPSTATES_CLOSE_WAIT], 1);
	assert_int_equal(owner("java")->stuck[TCPSTATES_FIN_WAIT2], 0);
	stuck(7, TCPSTATES_CLOSE_WAIT);
	stuck(7, TCPSTATES_CLOSE_WAIT);
	assert_int_equal(owner("java")->stuck[TCPSTATES_CLOSE_WAIT], 2);
	assert_int_equal(tally->stuck_events[TCPSTATES_CLOSE_WAIT], 2);
	go(7, TCPSTATES_CLOSE_WAIT, TCPSTATES_LAST_ACK);
	go(8, TCPSTATES_CLOSE_WAIT, TCPSTATES_CLOSE);
	assert_int_equal(owner("java")->stuck[TCPSTATES_CLOSE_WAIT], 0);
	assert_int_equal(owner("java")->stuck[TCPSTATES_LAST_ACK], 0);
}

/* What was there is gone, unless a row or a record says that it is there. */
static void test_rounds(void **state)
{
	(void)state;
	exists(7, TCPSTATES_ESTABLISHED, 1);
	exists(8, TCPSTATES_ESTABLISHED, 1);
	exists(9, TCPSTATES_ESTABLISHED, 1);
	tally_begin_round(tally);
	exists(7, TCPSTATES_CLOSE_WAIT, 1);
	go(8, TCPSTATES_ESTABLISHED, TCPSTATES_FIN_WAIT1);
	tally_end_round(tally);
	assert_int_equal(tally->states[TCPSTATES_ESTABLISHED], 0);
	assert_int_equal(tally->states[TCPSTATES_CLOSE_WAIT], 1);
	assert_int_equal(tally->states[TCPSTATES_FIN_WAIT1], 1);
	assert_int_equal(owner("java")->members, 2);
}

static void test_losses(void **state)
{
	struct tcpstates_record loss = { .event = TCPSTATES_EVENT_LOST,
					 .count = 10 };

	(void)state;
	assert_false(go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT));
	assert_true(tally_add(tally, &loss));
	seq += 10;
	assert_false(go(7, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED));
	assert_int_equal(tally->lost, 10);
	/* What a snapshot passes over is a gap without a word. */
	seq += 5;
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE);
	assert_int_equal(tally->lost, 15);
	/* Who does not see all has gaps that are none. */
	tally->sees_all = false;
	seq += 5;
	go(7, TCPSTATES_ESTABLISHED, TCPSTATES_CLOSE);
	assert_int_equal(tally->lost, 15);
}

static void listen_at(u64 conn, const u8 *addr, u16 port, u8 family)
{
	struct tcpstates_record row = record(conn, TCPSTATES_CLOSE,
					     TCPSTATES_LISTEN);

	memcpy(row.laddr, addr, 16);
	row.lport = port;
	row.family = family;
	tally_add(tally, &row);
}

static void test_listeners(void **state)
{
	static const u8 any[16], own[16] = { 10, 0, 0, 5 };
	struct tcpstates_record next;
	struct tally_group *group;

	(void)state;
	listen_at(1, own, 443, TCPSTATES_FAMILY_INET);
	listen_at(2, any, 443, TCPSTATES_FAMILY_INET);
	listen_at(3, any, 80, TCPSTATES_FAMILY_INET6);
	go(7, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV);
	next = record(0, 0, 0);
	group = tally_listener(tally, &next);
	assert_int_equal(group->states[TCPSTATES_SYN_RECV], 1);
	assert_int_equal(group->states[TCPSTATES_LISTEN], 1);
	/* By the listener of any address, and of both families. */
	next = record(8, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV);
	next.laddr[3] = 6;
	tally_add(tally, &next);
	assert_int_equal(tally->listeners[2].states[TCPSTATES_SYN_RECV], 1);
	next = record(9, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV);
	next.lport = 80;
	tally_add(tally, &next);
	assert_int_equal(tally->listeners[3].states[TCPSTATES_SYN_RECV], 1);
	next = record(9, TCPSTATES_SYN_RECV, TCPSTATES_CLOSE);
	next.cause = TCPSTATES_CAUSE_OVERFLOW;
	tally_add(tally, &next);
	assert_int_equal(tally->listeners[3].overflows, 1);
	/* From a port that nobody listens at. */
	next = record(10, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	next.lport = 50000;
	tally_add(tally, &next);
	assert_int_equal(tally->listeners[TALLY_OTHER].members, 0);
}

#define OWN_NETNS	4026531840U

static struct tcpstates_record listener_in(u64 conn, __u32 netns)
{
	struct tcpstates_record next = record(conn, TCPSTATES_CLOSE,
					      TCPSTATES_LISTEN);

	next.netns = netns;
	return next;
}

/* A listener at the same address in another network namespace is another one. */
static void test_listener_of_another_netns(void **state)
{
	struct tcpstates_record own = listener_in(1, OWN_NETNS);
	struct tcpstates_record other = listener_in(2, OWN_NETNS + 1);
	struct tcpstates_record third = listener_in(3, OWN_NETNS + 2);
	struct tcpstates_record half = record(4, TCPSTATES_LISTEN,
					      TCPSTATES_SYN_RECV);

	(void)state;
	tally->own_netns = OWN_NETNS;
	half.netns = OWN_NETNS + 1;
	tally_add(tally, &own);
	tally_add(tally, &other);
	tally_add(tally, &third);
	tally_add(tally, &half);
	assert_int_equal(tally_listener(tally, &own)->members, 1);
	assert_false(tally_listener(tally, &own)->key.is_foreign);
	/* All other namespaces count as one, so that the number of series is bounded. */
	assert_int_equal(tally_listener(tally, &other)->members, 3);
	assert_true(tally_listener(tally, &other)->key.is_foreign);
	assert_ptr_equal(tally_listener(tally, &other),
			 tally_listener(tally, &third));
}

/* As the rule TcpAcceptQueueFull in userspace/fleet/alerts.yml. */
static bool raises_alert(const struct metrics_queue *queue)
{
	return queue->length > 0.9 * queue->limit;
}

static void expect_same_alert(const struct metrics_queue *first,
			      const struct metrics_queue *second)
{
	struct metrics_queue queues[2];
	size_t count = 0;

	queues_add(queues, &count, first);
	queues_add(queues, &count, second);
	assert_int_equal(count, 1);
	assert_int_equal(raises_alert(queues),
			 raises_alert(first) || raises_alert(second));
}

/* No other listener of its group hides a full queue, or makes one look full. */
static void test_fullest_queue(void **state)
{
	static const unsigned int limits[] = { 0, 1, 5, 7, 19, 4096, ~0U };
	enum { LIMITS = ARRAY_SIZE(limits) };
	struct metrics_queue queues[3 * LIMITS], apart[2];
	size_t count = 0, i, j;

	(void)state;
	for (i = 0; i < LIMITS; i++) {
		queues[i] = (struct metrics_queue) { .limit = limits[i] };
		queues[LIMITS + i] = (struct metrics_queue) {
			.limit = limits[i], .length = limits[i] / 10 * 9 };
		queues[2 * LIMITS + i] = (struct metrics_queue) {
			.limit = limits[i], .length = limits[i] + 1ULL };
	}
	for (i = 0; i < 3 * LIMITS; i++)
		for (j = 0; j < 3 * LIMITS; j++)
			expect_same_alert(&queues[i], &queues[j]);
	queues[1].listener = 1;
	queues_add(apart, &count, &queues[0]);
	queues_add(apart, &count, &queues[1]);
	assert_int_equal(count, 2);
}

/* As many as there are, each counts somewhere, and places are used again. */
static void test_bounds(void **state)
{
	unsigned long long members = 0;
	struct tcpstates_record next;
	unsigned int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		next = record(i, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
		snprintf(next.comm, sizeof(next.comm), "name%u", i);
		tally_add(tally, &next);
	}
	for (i = 0; i < TALLY_GROUPS; i++)
		members += tally->owners[i].members;
	assert_int_equal(members, 1000);
	assert_int_equal(tally->owners[TALLY_OTHER].members,
			 1000 - TALLY_GROUPS + 1);
	for (i = 0; i < 1000; i++) {
		next = record(i, TCPSTATES_SYN_SENT, TCPSTATES_CLOSE);
		snprintf(next.comm, sizeof(next.comm), "name%u", i);
		tally_add(tally, &next);
	}
	go(7, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	assert_int_equal(owner("java")->members, 1);
}

static void test_histograms(void **state)
{
	struct tcpstates_record next = record(7, TCPSTATES_SYN_RECV,
					      TCPSTATES_ESTABLISHED);
	unsigned int i;
	unsigned long long all = 0;

	(void)state;
	next.known |= TCPSTATES_KNOW_HANDSHAKE | TCPSTATES_KNOW_DURATION;
	next.handshake_ns = 100000;	/* just in the first bucket */
	next.dur_ns = 100001;		/* just not */
	tally_add(tally, &next);
	assert_int_equal(tally->handshakes[1].counts[0], 1);
	assert_int_equal(tally->handshakes[1].sum_ns, 100000);
	assert_int_equal(tally->durations[TCPSTATES_SYN_RECV].counts[1], 1);
	next.handshake_ns = ~0ULL / 2;
	next.old_state = TCPSTATES_SYN_SENT;
	tally_add(tally, &next);
	assert_int_equal(tally->handshakes[0].counts[TALLY_BUCKETS - 1], 1);
	for (i = 0; i < TALLY_BUCKETS; i++)
		all += tally->handshakes[0].counts[i];
	assert_int_equal(all, 1);
	for (i = 1; i < TALLY_BUCKETS - 1; i++) {
		assert_true(tally_handshake_bounds[i] >
			    tally_handshake_bounds[i - 1]);
		assert_true(tally_duration_bounds[i] >
			    tally_duration_bounds[i - 1]);
	}
}

static void expect_sum(unsigned long long s, unsigned int ns)
{
	assert_true(tally->handshakes[1].sum_s == s);
	assert_int_equal(tally->handshakes[1].sum_ns, ns);
}

/* More than 64 bits of nanoseconds have room for, to the last one. */
static void test_sum_does_not_wrap(void **state)
{
	struct tcpstates_record next = record(7, TCPSTATES_SYN_RECV,
					      TCPSTATES_ESTABLISHED);
	unsigned int i;

	(void)state;
	next.known |= TCPSTATES_KNOW_HANDSHAKE;
	next.handshake_ns = ~0ULL;
	tally_add(tally, &next);
	expect_sum(18446744073, 709551615);
	next.handshake_ns = 1;
	tally_add(tally, &next);
	expect_sum(18446744073, 709551616);
	next.handshake_ns = 290448384;
	tally_add(tally, &next);
	expect_sum(18446744074, 0);
	next.handshake_ns = ~0ULL;
	for (i = 0; i < 1000; i++)
		tally_add(tally, &next);
	expect_sum(18446744074 + 18446744073709, 551615000);
}

/* Unknown, without a name, and called as what stands for either: four owners. */
static void test_owners_without_a_name(void **state)
{
	struct tcpstates_record next = record(1, TCPSTATES_CLOSE,
					      TCPSTATES_SYN_SENT);
	unsigned int i, owners = 0;

	(void)state;
	next.known = 0;
	tally_add(tally, &next);
	next.known = TCPSTATES_KNOW_OWNER;
	memset(next.comm, 0, sizeof(next.comm));
	next.conn = 2;
	tally_add(tally, &next);
	strcpy(next.comm, "(unknown)");
	next.conn = 3;
	tally_add(tally, &next);
	/* What is behind the end of a name is none of it. */
	memcpy(next.comm, "(unknown)\0x", 11);
	next.conn = 4;
	tally_add(tally, &next);
	for (i = 1; i < TALLY_GROUPS; i++)
		owners += tally->owners[i].used;
	assert_int_equal(owners, 3);
	assert_int_equal(owner("(unknown)")->members, 2);
}

/* Numbers that this version does not know are no index. */
static void test_strange_records(void **state)
{
	struct tcpstates_record next;
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		next = record(7, i, TCPSTATES_ESTABLISHED);
		tally_add(tally, &next);
		next = record(7, TCPSTATES_ESTABLISHED, i);
		tally_add(tally, &next);
		next = record(7, 1, 1);
		next.cause = i;
		tally_add(tally, &next);
		next = record(7, 1, 1);
		next.event = i;
		next.cpu = ~0U;
		tally_add(tally, &next);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_life),
		TEST(test_owner_changes),
		TEST(test_stuck),
		TEST(test_rounds),
		TEST(test_losses),
		TEST(test_listeners),
		TEST(test_listener_of_another_netns),
		TEST(test_fullest_queue),
		TEST(test_bounds),
		TEST(test_histograms),
		TEST(test_sum_does_not_wrap),
		TEST(test_owners_without_a_name),
		TEST(test_strange_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
