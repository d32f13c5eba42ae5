/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For the tests of snapshots: connections in the module's table, a model of them,
 * and a program that takes a snapshot and continues to read. What it has read must
 * agree with the model.
 */
#ifndef _TCPS_SNAPSHOT_FIXTURE_H
#define _TCPS_SNAPSHOT_FIXTURE_H

#include "unit.h"

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

/* The clock's resolution: equal readings of @now, or ns of the real clock. */
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

/* The model of a connection, with its cookie as index. */
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

/* The state of a connection, from what the program has read. */
struct seen {
	u8 state;	/* 0: nothing read yet */
	unsigned int rows;
};

static struct seen *seen;
static u64 late_rows;

static inline int setup(void **state)
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
	tcps_reader_init(reader, rings, RINGS, 0, 0);
	must(!tcps_charge_init(0, TCPS_CONN_MIB_MIN));
	user = tcps_charge_open(1, false);
	must(user);
	tcps_verify_learn_begin();
	return tcps_conn_init(TCPS_CONN_MIB_MIN);
}

static inline int teardown(void **state)
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
 * Instead of stream.c: each thread is a CPU. A record is written to @written, over
 * an older one, and then copied by write_slot().
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
 * Addresses of the three structures, where there is no memory. sock_stub.c takes
 * them for the values of a socket's and a request's health.
 */
static inline const struct sock *sock_of(u64 cookie)
{
	return (const struct sock *)(uintptr_t)(cookie << 8 | 1);
}

static inline const struct request_sock *request_of(u64 cookie)
{
	return (const struct request_sock *)(uintptr_t)(cookie << 8 | 2);
}

static inline const void *minisock_of(u64 cookie)
{
	return (const void *)(uintptr_t)(cookie << 8 | 3);
}

static const struct tcpstates_ident ident = { .netns = 1 };

static const struct tcps_step_rules rules = {
	.read_counters = tcps_step_read_counters,
};

static inline struct tcps_step sock_step(u64 cookie, u8 old, u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = sock_of(cookie),
		.next = new == TCPSTATES_CLOSE ? NULL : sock_of(cookie),
		.kind = TCPS_KIND_SOCK,
		.ident = &ident,
		.old = old,
		.new = new,
	};
}

static inline struct tcps_step request_step(u64 cookie, u8 old, u8 new)
{
	return (struct tcps_step) {
		.cookie = cookie,
		.holder = request_of(cookie),
		.next = new == TCPSTATES_CLOSE ? NULL : request_of(cookie),
		.kind = TCPS_KIND_REQUEST,
		.ident = &ident,
		.old = old,
		.new = new,
	};
}

/* The CLOSE of a socket that a minisock has replaced makes no record. */
static inline void end_replaced(u64 cookie)
{
	struct tcps_step step = sock_step(cookie, TCPSTATES_FIN_WAIT2,
					  TCPSTATES_CLOSE);

	must(tcps_step_close(&step, &rules) == TCPS_END_REPLACED);
}

/* For every second connection it comes after the end of the minisock. */
static inline bool is_replaced_slow(u64 cookie)
{
	return cookie & 1;
}

static inline void request_acts(u64 cookie, u8 old, u8 new)
{
	struct tcps_step step = request_step(cookie, old, new);

	if (new == TCPSTATES_SYN_RECV)
		must(tcps_life_begin(&step));
	else
		must(tcps_life_step(&step, &rules) == TCPS_STEP_DONE);
}

static inline void minisock_ends(u64 cookie, bool has_replaced)
{
	struct tcps_step step = {
		.cookie = cookie,
		.holder = minisock_of(cookie),
		.old = TCPSTATES_TIME_WAIT,
		.new = TCPSTATES_CLOSE,
	};

	must(tcps_life_step(&step, &rules) == TCPS_STEP_DONE);
	if (has_replaced && is_replaced_slow(cookie))
		end_replaced(cookie);
}

/* A minisock replaces the socket. False if the socket has no entry. */
static inline bool replaces(const struct tcps_step *step)
{
	if (step->old == step->new)
		return tcps_life_replace(step->cookie, step->holder, step->next,
				      step->flags);
	return tcps_life_step(step, &rules) == TCPS_STEP_DONE;
}

static inline void sock_is_replaced(u64 cookie, u8 old)
{
	struct tcps_step step = sock_step(cookie, old, TCPSTATES_TIME_WAIT);

	step.next = minisock_of(cookie);
	must(replaces(&step));
	if (!is_replaced_slow(cookie))
		end_replaced(cookie);
}

static inline void sock_acts(u64 cookie, u8 old, u8 new)
{
	struct tcps_step step = sock_step(cookie, old, new);

	if (old == TCPSTATES_CLOSE)
		must(tcps_life_begin(&step));
	else if (new == TCPSTATES_CLOSE)
		must(tcps_step_close(&step, &rules) == TCPS_END_RECORDED);
	else
		must(tcps_life_step(&step, &rules) == TCPS_STEP_DONE);
}

/* Like probe_sock.c. */
static inline void record(unsigned int cpu, u64 cookie, u8 old, u8 new)
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
			must(tcps_life_set_holder(cookie, request_of(cookie),
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
static inline void step(unsigned int cpu, u64 *place, unsigned int random)
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

static inline void learn(u64 *place, u8 state)
{
	u64 cookie = ++last_cookie;
	struct tcps_step step = sock_step(cookie, TCPSTATES_UNKNOWN, state);

	if (state == TCPSTATES_TIME_WAIT) {
		step.holder = minisock_of(cookie);
		step.kind = TCPS_KIND_OTHER;
	}
	tcps_verify_learn(&step);
	*place = cookie;
	lives[cookie] = (struct life) {
		.state = state,
		.learned = true,
		.since_ns = now,
		.birth_ns = now,
	};
}

static inline void begin_snapshot(void)
{
	must(!tcps_reader_snapshot(reader, user));
	memset(seen, 0, MOST_LIVES * sizeof(*seen));
}

static inline void see_row(const struct tcpstates_record *record)
{
	struct seen *known = &seen[record->conn];

	must(!known->rows && !known->state);
	must(record->old_state == TCPSTATES_UNKNOWN);
	must(record->known & TCPSTATES_KNOW_DURATION);
	must(!record->cpu && !record->seq);
	known->rows++;
	known->state = record->new_state;
}

static inline void see_transition(const struct tcpstates_record *record, u64 moment)
{
	struct seen *known = &seen[record->conn];
	bool born = record->old_state == TCPSTATES_CLOSE ||
		    (record->old_state == TCPSTATES_LISTEN &&
		     record->new_state == TCPSTATES_SYN_RECV);

	must(record->boot_ns > moment);
	must(born ? !known->state : known->state == record->old_state);
	known->state = record->new_state;
}

static inline void see(const struct tcpstates_record *record, u64 moment)
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

/* Everything has been read: compare with the model, and count rows. */
static inline void compare(u64 moment)
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
 * Of records with equal times, that of the first CPU is returned first. So with a
 * coarse clock, a connection has to stay on its CPU to be in order.
 */
static inline void take_steps(void)
{
	while ((unsigned int)rand() % 1024 < steps_in_1024) {
		unsigned int place = rand() % PLACES;

		step((grain > 1 ? place : (unsigned int)rand()) % RINGS,
		     &places[place], rand() >> 4);
	}
}

/* Values of the connection's own structure; a minisock has none. */
static inline void check_health(const struct tcpstates_record *record)
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

/* The row of a connection that has not changed agrees with the model. */
static inline void check_quiet_row(const struct tcpstates_record *record, u64 moment)
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

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif /* _TCPS_SNAPSHOT_FIXTURE_H */
