// SPDX-License-Identifier: GPL-2.0
/*
 * What a program sees that takes a snapshot and goes on reading: rows of what
 * was there, then what happens. Played back, they must give the truth.
 */
#include "unit.h"

#include <errno.h>
#include <pthread.h>

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "conn.h"
#include "pool_stub.h"
#include "reader.h"
#include "snapshot.h"

#define RINGS		3U
#define PLACES		96U	/* connections at a time */
#define MOST_LIVES	1000000U
#define SLOTS		16384U

/* 0: the real clock, for tests with threads. */
static u64 now;

u64 ktime_get_boottime_ns(void)
{
	struct timespec time;

	if (now)
		return ++now;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

u64 ktime_get_real_ns(void)
{
	return ktime_get_boottime_ns() + SHIM_REAL_OFFSET;
}

/* The truth about a connection; the cookie is its index. */
struct life {
	u8 state;
	bool learned;
	u64 since_ns;	/* in that state */
	u64 birth_ns;
	u64 end_ns;	/* 0 while it lives */
};

static struct life *lives;
static u64 last_cookie;
static struct tcps_ring *rings[RINGS];
static struct tcps_reader *reader;

/* What a program makes of what it reads. */
struct seen {
	u8 state;	/* 0: nothing heard yet */
	unsigned int rows;
};

static struct seen *seen;
static u64 late_rows;

static int setup(void **state)
{
	unsigned int i;

	(void)state;
	now = 1000;
	last_cookie = 0;
	late_rows = 0;
	shim_resched = NULL;
	lives = calloc(MOST_LIVES, sizeof(*lives));
	seen = calloc(MOST_LIVES, sizeof(*seen));
	must(lives && seen);
	for (i = 0; i < RINGS; i++)
		rings[i] = make_ring(SLOTS, 0);
	reader = malloc(tcps_reader_size(RINGS));
	must(reader);
	tcps_reader_init(reader, rings, RINGS, 0);
	return tcps_conn_init(TCPS_CONN_MIB_MIN);
}

static int teardown(void **state)
{
	unsigned int i;

	(void)state;
	tcps_reader_end(reader);
	free(reader);
	for (i = 0; i < RINGS; i++)
		free_ring(rings[i]);
	tcps_conn_exit();
	assert_int_equal(pool_in_use, 0);
	free(lives);
	free(seen);
	return 0;
}

static struct tcpstates_record make_record(u64 cookie, u8 old, u8 new)
{
	return (struct tcpstates_record) {
		.size = sizeof(struct tcpstates_record),
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.old_state = old,
		.new_state = new,
		.conn = cookie,
		.netns = 1,
	};
}

/* Any full socket; its address is what record_stub.c calls its health. */
static const struct sock *sock_of(u64 cookie, u8 state)
{
	if (state == TCPSTATES_CLOSE || state == TCPSTATES_SYN_RECV ||
	    state == TCPSTATES_TIME_WAIT)
		return NULL;
	return (const struct sock *)(uintptr_t)(cookie << 8 | 1);
}

/* As tcps_stream_record() does it. */
static void record(unsigned int cpu, u64 cookie, u8 old, u8 new)
{
	struct tcpstates_record record = make_record(cookie, old, new);
	struct tcps_origin origin = {
		.object = sock_of(cookie, old),
		.sk = sock_of(cookie, new),
	};
	struct life *life = &lives[cookie];

	record.cpu = cpu;
	record.seq = tcps_ring_reserve(rings[cpu]);
	tcps_conn_apply(&record, &origin);
	tcps_ring_commit(rings[cpu], record.seq, &record);
	if (!life->birth_ns)
		life->birth_ns = record.boot_ns;
	life->state = new;
	life->since_ns = record.boot_ns;
	life->learned = false;
	if (new == TCPSTATES_CLOSE)
		life->end_ns = record.boot_ns;
}

/* A step in the life of the connection at @place, or a new one there. */
static void step(unsigned int cpu, u64 *place, unsigned int random)
{
	static const u8 next[TCPSTATES_STATE_COUNT][2] = {
		[TCPSTATES_SYN_SENT] = { TCPSTATES_ESTABLISHED,
					 TCPSTATES_CLOSE },
		[TCPSTATES_SYN_RECV] = { TCPSTATES_ESTABLISHED,
					 TCPSTATES_CLOSE },
		[TCPSTATES_ESTABLISHED] = { TCPSTATES_FIN_WAIT1,
					    TCPSTATES_CLOSE_WAIT },
		[TCPSTATES_FIN_WAIT1] = { TCPSTATES_FIN_WAIT2,
					  TCPSTATES_CLOSING },
		[TCPSTATES_FIN_WAIT2] = { TCPSTATES_TIME_WAIT,
					  TCPSTATES_CLOSE },
		[TCPSTATES_CLOSING] = { TCPSTATES_TIME_WAIT, TCPSTATES_CLOSE },
		[TCPSTATES_CLOSE_WAIT] = { TCPSTATES_LAST_ACK,
					   TCPSTATES_CLOSE },
		[TCPSTATES_LAST_ACK] = { TCPSTATES_CLOSE, TCPSTATES_CLOSE },
		[TCPSTATES_TIME_WAIT] = { TCPSTATES_CLOSE, TCPSTATES_CLOSE },
		[TCPSTATES_LISTEN] = { TCPSTATES_CLOSE, TCPSTATES_CLOSE },
	};
	u64 cookie = *place;

	if (cookie && lives[cookie].state != TCPSTATES_CLOSE) {
		u8 old = lives[cookie].state;

		record(cpu, cookie, old, next[old][random & 1]);
		return;
	}
	cookie = __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED);
	must(cookie < MOST_LIVES);
	*place = cookie;
	if (random % 8 == 0)
		record(cpu, cookie, TCPSTATES_CLOSE, TCPSTATES_LISTEN);
	else if (random & 1)
		record(cpu, cookie, TCPSTATES_CLOSE, TCPSTATES_SYN_SENT);
	else
		record(cpu, cookie, TCPSTATES_LISTEN, TCPSTATES_SYN_RECV);
}

static void learn(u64 *place, u8 state)
{
	u64 cookie = ++last_cookie;
	struct tcpstates_record record =
		make_record(cookie, TCPSTATES_UNKNOWN, state);

	assert_true(tcps_conn_learn(&record, sock_of(cookie, state)));
	*place = cookie;
	lives[cookie] = (struct life) {
		.state = state,
		.learned = true,
		.since_ns = record.boot_ns,
		.birth_ns = record.boot_ns,
	};
}

static void begin_snapshot(void)
{
	must(!tcps_reader_snapshot(reader));
	memset(seen, 0, MOST_LIVES * sizeof(*seen));
}

static void see_row(const struct tcpstates_record *record)
{
	struct seen *known = &seen[record->conn];

	must(!known->rows && !known->state);
	must(record->old_state == TCPSTATES_UNKNOWN);
	must(record->known & TCPSTATES_KNOW_DURATION);
	must(!record->cpu && !record->seq);
	known->rows++;
	known->state = record->new_state;
}

static void see_transition(const struct tcpstates_record *record, u64 moment)
{
	struct seen *known = &seen[record->conn];
	bool born = record->old_state == TCPSTATES_CLOSE ||
		    (record->old_state == TCPSTATES_LISTEN &&
		     record->new_state == TCPSTATES_SYN_RECV);

	must(record->boot_ns > moment);
	must(born ? !known->state : known->state == record->old_state);
	known->state = record->new_state;
}

static void see(const struct tcpstates_record *record, u64 moment)
{
	switch (record->event) {
	case TCPSTATES_EVENT_EXISTING:
		late_rows += record->boot_ns != moment;
		see_row(record);
		break;
	case TCPSTATES_EVENT_TRANSITION:
		see_transition(record, moment);
		break;
	default:
		must(false);
	}
}

/* All has been read: who knows what of whom, and who was introduced. */
static void compare(u64 moment)
{
	u64 cookie;

	for (cookie = 1; cookie <= last_cookie; cookie++) {
		const struct life *life = &lives[cookie];
		bool was_there = life->birth_ns <= moment &&
				 (!life->end_ns || life->end_ns > moment);
		bool told = was_there || life->birth_ns > moment;

		must(seen[cookie].rows == was_there);
		must(seen[cookie].state == (told ? life->state : 0));
	}
}

static u64 places[PLACES];
static unsigned int steps_in_1024;

static void take_steps(void)
{
	while ((unsigned int)rand() % 1024 < steps_in_1024)
		step(rand() % RINGS, &places[rand() % PLACES], rand() >> 4);
}

/* That of its own socket, and of none where none stands for it. */
static void check_health(const struct tcpstates_record *record)
{
	const struct sock *sk = sock_of(record->conn, record->new_state);

	must(!(record->known & TCPSTATES_KNOW_RTT) == !sk);
	must(record->rtt_us == (u32)(uintptr_t)sk);
}

/* The rows of what has not changed are as that said. */
static void check_quiet_row(const struct tcpstates_record *record, u64 moment)
{
	const struct life *life = &lives[record->conn];

	if (record->event != TCPSTATES_EVENT_EXISTING ||
	    life->since_ns > moment)
		return;
	must(record->boot_ns == moment);
	must(record->real_ns == moment + SHIM_REAL_OFFSET);
	must(record->new_state == life->state);
	must(record->dur_ns == moment - life->since_ns);
	must(!(record->flags & TCPSTATES_FLAG_ATLEAST) == !life->learned);
	check_health(record);
}

static void play(unsigned int live)
{
	struct tcpstates_record record;
	u64 moment;

	begin_snapshot();
	moment = reader->snapshot->moment_ns;
	shim_resched = take_steps;
	while (live) {
		take_steps();
		if (tcps_reader_next(reader, &record)) {
			check_quiet_row(&record, moment);
			see(&record, moment);
			live -= record.event == TCPSTATES_EVENT_TRANSITION;
		}
	}
	shim_resched = NULL;
	while (tcps_reader_next(reader, &record))
		see(&record, moment);
	compare(moment);
}

/*
 * Transitions happen between the steps of the walk, few or many for each.
 * Some were there before the module.
 */
static void test_play_back(void **state)
{
	unsigned int round, i;

	(void)state;
	srand(1);
	memset(places, 0, sizeof(places));
	for (i = 0; i < PLACES / 2; i++)
		learn(&places[i], i % 2 ? TCPSTATES_ESTABLISHED :
					  TCPSTATES_TIME_WAIT);
	for (round = 0; round < 60; round++) {
		steps_in_1024 = 1U << round % 10;
		play(100);
	}
	/* Else the test has not tried what it is for. */
	assert_true(late_rows > 100);
}

static void test_nothing_there(void **state)
{
	struct tcpstates_record record;

	(void)state;
	begin_snapshot();
	assert_false(tcps_reader_next(reader, &record));
	assert_false(tcps_reader_next(reader, &record));
}

/* What has not been read yet was before, a loss as well. */
static void test_passes_over_the_past(void **state)
{
	u64 place = 0, moment;
	struct tcpstates_record record;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3 * SLOTS; i++)
		step(0, &place, 1);
	begin_snapshot();
	moment = reader->snapshot->moment_ns;
	while (tcps_reader_next(reader, &record))
		see(&record, moment);
	compare(moment);
	step(1, &place, 1);
	assert_true(tcps_reader_next(reader, &record));
	see(&record, moment);
	compare(moment);
}

/* A snapshot in the middle of another, and a rewind in the middle. */
static void test_again_in_the_middle(void **state)
{
	u64 two[2] = { 0, 0 };
	struct tcpstates_record record;

	(void)state;
	step(0, &two[0], 1);
	step(1, &two[1], 1);
	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	begin_snapshot();
	see_row((assert_true(tcps_reader_next(reader, &record)), &record));
	see_row((assert_true(tcps_reader_next(reader, &record)), &record));
	assert_false(tcps_reader_next(reader, &record));

	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_EXISTING);
	tcps_reader_rewind(reader);
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_TRANSITION);
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_TRANSITION);
	assert_false(tcps_reader_next(reader, &record));
}

static void test_filter_holds_for_rows(void **state)
{
	u64 two[2] = { 0, 0 };
	struct tcpstates_record record;

	(void)state;
	step(0, &two[0], 1);
	step(0, &two[1], 8);
	reader->filter.new_states = 1U << TCPSTATES_LISTEN;
	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.conn, two[1]);
	assert_false(tcps_reader_next(reader, &record));

	/* What lies in a foreign namespace is nobody's business. */
	reader->filter.new_states = 0;
	reader->netns = 2;
	begin_snapshot();
	assert_false(tcps_reader_next(reader, &record));
}

static u64 first, second;	/* connections of the next test */
static unsigned int reached;

static void change_both(void)
{
	if (reached++)
		return;
	record(0, first, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED);
	record(1, second, TCPSTATES_SYN_SENT, TCPSTATES_ESTABLISHED);
}

/* Not in the chain that is copied first. */
static u64 connection_for_later(void)
{
	u64 place;

	do {
		place = 0;
		step(2, &place, 1);
	} while (!tcps_conn_chain(place));
	return place;
}

/* The record is lost before which a row has just been given. */
static void test_loss_after_a_row(void **state)
{
	struct tcpstates_record item;
	u64 other = 0;
	unsigned int i;

	(void)state;
	first = connection_for_later();
	second = connection_for_later();
	reached = 0;
	begin_snapshot();
	shim_resched = change_both;
	assert_true(tcps_reader_next(reader, &item));
	shim_resched = NULL;
	assert_int_equal(item.event, TCPSTATES_EVENT_EXISTING);
	assert_int_equal(item.conn, first);
	for (i = 0; i < SLOTS + 1; i++)
		step(0, &other, 1);
	assert_true(tcps_reader_next(reader, &item));
	assert_int_equal(item.event, TCPSTATES_EVENT_LOST);
	assert_true(tcps_reader_next(reader, &item));
	assert_int_equal(item.event, TCPSTATES_EVENT_EXISTING);
	assert_int_equal(item.conn, second);
	assert_int_equal(item.new_state, TCPSTATES_SYN_SENT);
	assert_true(tcps_reader_next(reader, &item));
	assert_int_equal(item.event, TCPSTATES_EVENT_TRANSITION);
	assert_int_equal(item.conn, second);
}

static void test_no_memory(void **state)
{
	unsigned int rows = 0, lost = 0, count = 0, i;
	struct tcpstates_record record;
	u64 place;

	(void)state;
	shim_no_memory = true;
	assert_int_equal(tcps_reader_snapshot(reader), -ENOMEM);
	shim_no_memory = false;
	assert_null(reader->snapshot);

	/* More in one chain than there is room for, which cannot grow. */
	for (i = 0; count < 20; i++) {
		place = last_cookie + 1;
		if (tcps_conn_chain(place)) {
			last_cookie++;
			continue;
		}
		place = 0;
		step(0, &place, 1);
		count++;
	}
	begin_snapshot();
	shim_no_memory = true;
	while (tcps_reader_next(reader, &record)) {
		if (record.event == TCPSTATES_EVENT_LOST)
			lost += record.count;
		else
			rows++;
	}
	shim_no_memory = false;
	assert_int_equal(rows, 16);
	assert_int_equal(lost, 4);

	rows = 0;
	begin_snapshot();
	while (tcps_reader_next(reader, &record))
		rows++;
	assert_int_equal(rows, 20);
}

/*
 * With threads: each writer has its ring and its connections. The reader plays
 * back, and begins anew after a loss, as programs do.
 */
#define PER_WRITER	40000U

static void *write_steps(void *argument)
{
	unsigned int cpu = (uintptr_t)argument, i, seed = cpu;
	u64 mine[PLACES] = { 0 };

	for (i = 0; i < PER_WRITER; i++) {
		step(cpu, &mine[rand_r(&seed) % PLACES], rand_r(&seed) >> 4);
		if (i % 32 == 0)
			pause_some(i * RINGS + cpu);
	}
	return NULL;
}

static bool all_written(void)
{
	unsigned int i;
	u64 written = 0;

	for (i = 0; i < RINGS; i++)
		written += tcps_ring_settled(rings[i]);
	return written == RINGS * PER_WRITER;
}

static void test_threads(void **state)
{
	unsigned int snapshots = 0, since = 0;
	struct tcpstates_record record;
	pthread_t threads[RINGS];
	bool ended = false;
	uintptr_t i;
	u64 moment;

	(void)state;
	now = 0;
	for (i = 0; i < RINGS; i++)
		must(!pthread_create(&threads[i], NULL, write_steps,
				     (void *)i));
	for (;;) {
		if (!snapshots || (!ended && since > 500)) {
			begin_snapshot();
			moment = reader->snapshot->moment_ns;
			snapshots++;
			since = 0;
		}
		if (tcps_reader_next(reader, &record)) {
			since++;
			if (record.event == TCPSTATES_EVENT_LOST)
				since = 1U << 31;
			else
				see(&record, moment);
			/* The last snapshot sees all to the end. */
			if (record.event == TCPSTATES_EVENT_LOST)
				ended = false;
			continue;
		}
		if (ended)
			break;
		ended = all_written();
	}
	for (i = 0; i < RINGS; i++)
		pthread_join(threads[i], NULL);
	compare(moment);
	assert_true(snapshots > 1);
	print_message("# %u snapshots, %llu late rows\n", snapshots,
		      (unsigned long long)late_rows);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_play_back),
		TEST(test_nothing_there),
		TEST(test_passes_over_the_past),
		TEST(test_again_in_the_middle),
		TEST(test_filter_holds_for_rows),
		TEST(test_loss_after_a_row),
		TEST(test_no_memory),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
