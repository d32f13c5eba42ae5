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

#include "charge.h"
#include "conn.h"
#include "life.h"
#include "pool_stub.h"
#include "reader.h"
#include "snapshot.h"
#include "stream.h"
#include "verify.h"

#define RINGS		3U
#define PLACES		96U	/* connections at a time */
#define MOST_LIVES	1000000U
#define SLOTS		16384U

/* 0: the real clock, for tests with threads. */
static u64 now;

/*
 * How coarse the clock is: readings of @now that are equal, or nanoseconds of the
 * real one.
 */
static unsigned int grain;

u64 ktime_get_boottime_ns(void)
{
	static unsigned int readings;
	struct timespec time;

	if (now)
		return ++readings % grain ? now : ++now;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (time.tv_sec * 1000000000ULL + time.tv_nsec) / grain * grain;
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
static struct tcps_user *user;

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
	grain = 1;
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
	must(!tcps_charge_init(0, TCPS_CONN_MIB_MIN));
	user = tcps_charge_open(1, false);
	must(user);
	tcps_verify_learn_begin();
	return tcps_conn_init(TCPS_CONN_MIB_MIN);
}

static int teardown(void **state)
{
	unsigned int i;

	(void)state;
	tcps_reader_end(reader);
	free(reader);
	must(!user->bytes);
	tcps_charge_close(user);
	for (i = 0; i < RINGS; i++)
		free_ring(rings[i]);
	tcps_conn_exit();
	assert_int_equal(pool_in_use, 0);
	free(lives);
	free(seen);
	return 0;
}

/*
 * In the place of stream.c: each thread is a CPU. The record is written aside,
 * over what an older one left there, and copied as write_slot() does it.
 */
static __thread unsigned int this_cpu;
static __thread struct tcps_stream_cpu stream;
static __thread struct tcpstates_record written;

struct tcps_stream_cpu *tcps_stream_enter(void)
{
	stream.cpu = this_cpu;
	tcps_ring_enter(rings[this_cpu]);
	return &stream;
}

struct tcpstates_record *tcps_stream_begin(struct tcps_stream_cpu *of,
					   u64 *number)
{
	must(of == &stream);
	memset(&written, 0xa5, sizeof(written));
	*number = tcps_ring_reserve(rings[this_cpu]);
	return &written;
}

u64 tcps_stream_real_ns(struct tcps_stream_cpu *of, u64 boot_ns)
{
	must(of == &stream);
	return boot_ns + SHIM_REAL_OFFSET;
}

void tcps_stream_commit(struct tcps_stream_cpu *of, u64 number)
{
	must(of == &stream && written.seq == number);
	write_slot(rings[this_cpu], number, &written);
	tcps_ring_commit(rings[this_cpu], number);
}

void tcps_stream_leave(struct tcps_stream_cpu *of,
		       const struct tcpstates_record *record)
{
	must(of == &stream);
	must(!record || record == &written);
	tcps_ring_leave(rings[this_cpu]);
}

/*
 * Addresses of the three structures. Nothing is at them, but sock_stub.c calls
 * them a socket's and a request's health.
 */
static const struct sock *sock_of(u64 cookie)
{
	return (const struct sock *)(uintptr_t)(cookie << 8 | 1);
}

static const struct request_sock *request_of(u64 cookie)
{
	return (const struct request_sock *)(uintptr_t)(cookie << 8 | 2);
}

static const void *minisock_of(u64 cookie)
{
	return (const void *)(uintptr_t)(cookie << 8 | 3);
}

static const struct tcps_tuple tuple = { .netns = 1 };
static const struct tcps_owner nobody;

static struct tcps_step sock_step(u64 cookie, u8 old, u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = sock_of(cookie),
		.next = new == TCPSTATES_CLOSE ? NULL : sock_of(cookie),
		.kind = TCPS_KIND_SOCK,
		.tuple = &tuple,
		.old = old,
		.new = new,
	};
}

static struct tcps_step request_step(u64 cookie, u8 old, u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = request_of(cookie),
		.next = new == TCPSTATES_CLOSE ? NULL : request_of(cookie),
		.kind = TCPS_KIND_REQUEST,
		.tuple = &tuple,
		.old = old,
		.new = new,
	};
}

/* The CLOSE of the socket that a minisock has replaced tells nothing. */
static void end_ghost(u64 cookie)
{
	struct tcps_step step = sock_step(cookie, TCPSTATES_FIN_WAIT2,
					  TCPSTATES_CLOSE);

	must(tcps_life_close(&step) == TCPS_END_GHOST);
}

/* Of every second connection it comes after the minisock's end. */
static bool is_ghost_slow(u64 cookie)
{
	return cookie & 1;
}

static void request_acts(u64 cookie, u8 old, u8 new)
{
	struct tcps_step step = request_step(cookie, old, new);

	if (new == TCPSTATES_SYN_RECV)
		must(tcps_life_begin(&step, &nobody));
	else
		must(tcps_life_step(&step) == TCPS_STEP_DONE);
}

static void minisock_ends(u64 cookie, bool has_ghost)
{
	struct tcps_step step = {
		.cookie = cookie,
		.holder = minisock_of(cookie),
		.strict = true,
		.old = TCPSTATES_TIME_WAIT,
		.new = TCPSTATES_CLOSE,
	};

	must(tcps_life_step(&step) == TCPS_STEP_DONE);
	if (has_ghost && is_ghost_slow(cookie))
		end_ghost(cookie);
}

/* A minisock takes the place of the socket; false if that has no entry. */
static bool replaces(const struct tcps_step *step)
{
	if (step->old == step->new)
		return tcps_life_stay(step->cookie, step->holder, step->next,
				      step->flags);
	return tcps_life_step(step) == TCPS_STEP_DONE;
}

static void sock_is_replaced(u64 cookie, u8 old)
{
	struct tcps_step step = sock_step(cookie, old, TCPSTATES_TIME_WAIT);

	step.next = minisock_of(cookie);
	must(replaces(&step));
	if (!is_ghost_slow(cookie))
		end_ghost(cookie);
}

static void sock_acts(u64 cookie, u8 old, u8 new)
{
	struct tcps_step step = sock_step(cookie, old, new);

	if (old == TCPSTATES_CLOSE)
		must(tcps_life_begin(&step, &nobody));
	else if (new == TCPSTATES_CLOSE)
		must(tcps_life_close(&step) == TCPS_END_RECORDED);
	else
		must(tcps_life_step(&step) == TCPS_STEP_DONE);
}

/* As probe_sock.c does it. */
static void record(unsigned int cpu, u64 cookie, u8 old, u8 new)
{
	struct life *life = &lives[cookie];

	this_cpu = cpu;
	if (new == TCPSTATES_SYN_RECV ||
	    (old == TCPSTATES_SYN_RECV && new == TCPSTATES_CLOSE)) {
		request_acts(cookie, old, new);
	} else if (old == TCPSTATES_TIME_WAIT) {
		minisock_ends(cookie, !life->learned);
	} else if (new == TCPSTATES_TIME_WAIT) {
		sock_is_replaced(cookie, old);
	} else {
		if (old == TCPSTATES_SYN_RECV)
			must(tcps_life_pass(cookie, request_of(cookie),
					    sock_of(cookie)));
		sock_acts(cookie, old, new);
	}
	must(written.conn == cookie && written.new_state == new);
	if (!life->birth_ns)
		life->birth_ns = written.boot_ns;
	life->state = new;
	life->since_ns = written.boot_ns;
	life->learned = false;
	if (new == TCPSTATES_CLOSE)
		life->end_ns = written.boot_ns;
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
	struct tcps_step step = sock_step(cookie, TCPSTATES_UNKNOWN, state);

	if (state == TCPSTATES_TIME_WAIT) {
		step.holder = minisock_of(cookie);
		step.kind = TCPS_KIND_OTHER;
	}
	tcps_verify_learn(&step, &nobody);
	*place = cookie;
	lives[cookie] = (struct life) {
		.state = state,
		.learned = true,
		.since_ns = now,
		.birth_ns = now,
	};
}

static void begin_snapshot(void)
{
	must(!tcps_reader_snapshot(reader, user));
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

/*
 * At equal times the first CPU's record goes first: what happens to a connection
 * is in order only if it stays with its CPU then.
 */
static void take_steps(void)
{
	while ((unsigned int)rand() % 1024 < steps_in_1024) {
		unsigned int place = rand() % PLACES;

		step((grain > 1 ? place : (unsigned int)rand()) % RINGS,
		     &places[place], rand() >> 4);
	}
}

/* That of its own structure, and none of a minisock. */
static void check_health(const struct tcpstates_record *record)
{
	u64 cookie = record->conn;

	if (record->new_state == TCPSTATES_TIME_WAIT) {
		must(!(record->known & (TCPSTATES_KNOW_RTT |
					TCPSTATES_KNOW_RETRANS)));
	} else if (record->new_state == TCPSTATES_SYN_RECV) {
		must(record->known == (TCPSTATES_KNOW_DURATION |
				       TCPSTATES_KNOW_RETRANS));
		must(record->retrans == (u32)(uintptr_t)request_of(cookie));
	} else {
		must(record->known & TCPSTATES_KNOW_RTT);
		must(!(record->known & TCPSTATES_KNOW_RETRANS));
		must(record->rtt_us == (u32)(uintptr_t)sock_of(cookie));
	}
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
	must(!user->bytes);
}

/*
 * Transitions happen between the steps of the walk, few or many for each.
 * Some were there before the module.
 */
static void play_back(void)
{
	unsigned int round, i;

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

static void test_play_back(void **state)
{
	(void)state;
	play_back();
}

/* The moment, transitions and the walk get the same readings of the clock. */
static void test_equal_readings(void **state)
{
	(void)state;
	grain = 2;
	play_back();
	late_rows = 0;
	grain = 50;
	play_back();
	late_rows = 0;
	grain = 3000;
	play_back();
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
	struct tcpstates_filter filter = { };
	u64 two[2] = { 0, 0 };
	struct tcpstates_record record;

	(void)state;
	step(0, &two[0], 1);
	step(0, &two[1], 8);
	filter.new_states = 1U << TCPSTATES_LISTEN;
	tcps_reader_set_filter(reader, &filter);
	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.conn, two[1]);
	assert_false(tcps_reader_next(reader, &record));

	/* What lies in a foreign namespace is nobody's business. */
	filter.new_states = 0;
	reader->netns = 2;
	tcps_reader_set_filter(reader, &filter);
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

/* A new connection in a chain. */
static u64 connect_in_chain(unsigned long chain)
{
	u64 place = 0;

	while (tcps_conn_chain(last_cookie + 1) != chain)
		last_cookie++;
	step(0, &place, 1);
	return place;
}

/* Reads to the end; how many of each. */
static void count_items(unsigned int *rows, unsigned int *lost)
{
	struct tcpstates_record record;

	*rows = 0;
	*lost = 0;
	while (tcps_reader_next(reader, &record)) {
		if (record.event == TCPSTATES_EVENT_LOST)
			*lost += record.count;
		else
			*rows += record.event == TCPSTATES_EVENT_EXISTING;
	}
}

static void test_no_memory(void **state)
{
	unsigned int rows, lost, i;
	struct tcpstates_record record;

	(void)state;
	shim_no_memory = true;
	assert_int_equal(tcps_reader_snapshot(reader, user), -ENOMEM);
	shim_no_memory = false;
	assert_null(reader->snapshot);
	assert_int_equal(user->bytes, 0);

	connect_in_chain(0);
	for (i = 0; i < 20; i++)
		connect_in_chain(1);

	/* None for the list. */
	begin_snapshot();
	shim_no_memory = true;
	count_items(&rows, &lost);
	shim_no_memory = false;
	assert_int_equal(rows, 0);
	assert_int_equal(lost, 21);

	/* More in one chain than there is room for, which cannot grow. */
	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	shim_no_memory = true;
	count_items(&rows, &lost);
	shim_no_memory = false;
	assert_int_equal(rows, 16);
	assert_int_equal(lost, 4);

	begin_snapshot();
	count_items(&rows, &lost);
	assert_int_equal(rows, 21);
	assert_int_equal(lost, 0);
}

/* What a user may not have is told like what there is no memory for. */
static void test_no_share(void **state)
{
	void *blocks[64];
	unsigned int rows, lost, i;
	const u64 share = (1U << 20) / 4;

	(void)state;
	must(!tcps_charge_init(1, TCPS_CONN_MIB_MIN));
	for (i = 0; i < 1000; i++)
		step(0, &(u64){ 0 }, 1);
	for (i = 0; i < COUNT(blocks); i++) {
		blocks[i] = tcps_charge_alloc(user, share / COUNT(blocks));
		assert_non_null(blocks[i]);
	}
	assert_int_equal(tcps_reader_snapshot(reader, user), -ENOMEM);
	for (i = 0; i < 4; i++)
		tcps_charge_free(user, blocks[i], share / COUNT(blocks));
	begin_snapshot();
	count_items(&rows, &lost);
	assert_true(rows > 0);
	assert_true(lost > 0);
	assert_int_equal(rows + lost, 1000);
	assert_int_equal(user->bytes, share * (COUNT(blocks) - 4) / COUNT(blocks));
	for (i = 4; i < COUNT(blocks); i++)
		tcps_charge_free(user, blocks[i], share / COUNT(blocks));
}

/*
 * The table's width costs nothing, nor does what is not given. While the walk
 * lasts each row costs, and at its end nothing is left, without any record.
 */
static void test_memory(void **state)
{
	const struct tcpstates_filter nothing = { .conn = 1ULL << 40 };
	struct tcpstates_record record;
	unsigned int i, rows, lost;
	u64 before;

	(void)state;
	for (i = 0; i < 3000; i++)
		step(0, &(u64){ 0 }, 1);
	begin_snapshot();
	before = user->bytes;
	assert_true(before <= 8192);
	for (i = 0; i < 3000; i++)
		assert_true(tcps_reader_next(reader, &record));
	assert_in_range(user->bytes - before, 3000 * 16, 3000 * 16 + 8192);
	assert_false(tcps_reader_next(reader, &record));
	assert_int_equal(user->bytes, 0);
	assert_null(reader->snapshot);

	/* What is not given is not noted, nor given later. */
	tcps_reader_set_filter(reader, &nothing);
	begin_snapshot();
	shim_no_memory = true;
	count_items(&rows, &lost);
	shim_no_memory = false;
	assert_int_equal(rows + lost, 0);
	assert_int_equal(user->bytes, 0);
}

/* One that has passed the end by a record needs it no more. */
static void test_memory_goes_with_a_record(void **state)
{
	u64 two[2] = { 0, 0 };
	struct tcpstates_record record;

	(void)state;
	step(0, &two[0], 1);
	begin_snapshot();
	assert_true(tcps_reader_next(reader, &record));
	assert_true(user->bytes > 0);
	reader->snapshot->chain = tcps_conn_chains();
	/* The walk ends before these. */
	must(!tcps_snapshot_next(reader->snapshot, &record));
	step(1, &two[1], 1);
	step(1, &two[1], 1);
	assert_true(tcps_reader_next(reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_TRANSITION);
	assert_int_equal(user->bytes, 0);
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

static void play_with_threads(void)
{
	unsigned int snapshots = 0, since = 0;
	struct tcpstates_record record;
	pthread_t threads[RINGS];
	bool ended = false;
	uintptr_t i;
	u64 moment;

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

static void test_threads(void **state)
{
	(void)state;
	play_with_threads();
}

static void test_threads_with_equal_readings(void **state)
{
	(void)state;
	grain = 20000;
	play_with_threads();
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_play_back),
		TEST(test_equal_readings),
		TEST(test_nothing_there),
		TEST(test_passes_over_the_past),
		TEST(test_again_in_the_middle),
		TEST(test_filter_holds_for_rows),
		TEST(test_loss_after_a_row),
		TEST(test_no_memory),
		TEST(test_no_share),
		TEST(test_memory),
		TEST(test_memory_goes_with_a_record),
		TEST(test_threads),
		TEST(test_threads_with_equal_readings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
