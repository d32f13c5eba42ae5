// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <pthread.h>

#include <linux/ktime.h>
#include <linux/sched.h>

#include "reader.h"

#define RINGS	3
#define SLOTS	16
#define NETNS	7U

/* 0: the real clock, for tests with threads. */
static u64 now = 1;

u64 ktime_get_boottime_ns(void)
{
	struct timespec time;

	if (now)
		return now;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

u64 ktime_get_real_ns(void)
{
	return ktime_get_boottime_ns() + SHIM_REAL_OFFSET;
}

struct bench {
	struct tcps_ring *rings[RINGS];
	struct tcps_reader *reader;
};

static struct tcps_reader *new_reader(const struct bench *bench, u32 netns)
{
	struct tcps_reader *reader = malloc(tcps_reader_size(RINGS));

	must(reader);
	tcps_reader_init(reader, bench->rings, RINGS, netns);
	return reader;
}

static void set_up(struct bench *bench, u64 slots, u64 first)
{
	unsigned int i;

	now = 1;
	for (i = 0; i < RINGS; i++)
		bench->rings[i] = make_ring(slots, first);
	bench->reader = new_reader(bench, 0);
}

static void tear_down(struct bench *bench)
{
	unsigned int i;

	free(bench->reader);
	for (i = 0; i < RINGS; i++)
		free_ring(bench->rings[i]);
}

static void put_record(struct bench *bench, unsigned int cpu, u64 boot_ns,
		       u32 netns)
{
	struct tcps_ring *ring = bench->rings[cpu];
	struct tcpstates_record record = {
		.size = sizeof(record),
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.old_state = TCPSTATES_LISTEN,
		.new_state = TCPSTATES_SYN_RECV,
		.boot_ns = boot_ns,
		.real_ns = boot_ns + 1000,
		.netns = netns,
		.cpu = cpu,
	};

	record.seq = begin_record(ring);
	write_slot(ring, record.seq, &record);
	end_record(ring, record.seq);
	if (now && now < boot_ns)
		now = boot_ns;
}

static void put(struct bench *bench, unsigned int cpu, u64 boot_ns)
{
	put_record(bench, cpu, boot_ns, NETNS);
}

static void put_many(struct bench *bench, unsigned int cpu, u64 boot_ns,
		     unsigned int count)
{
	while (count--)
		put(bench, cpu, boot_ns++);
}

static void expect(struct bench *bench, unsigned int cpu, u64 boot_ns)
{
	struct tcpstates_record record;

	assert_true(tcps_reader_next(bench->reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_TRANSITION);
	assert_int_equal(record.boot_ns, boot_ns);
	assert_int_equal(record.cpu, cpu);
}

/* Returns the time of the loss. */
static u64 expect_lost(struct bench *bench, u64 count)
{
	struct tcpstates_record record, expected;

	assert_true(tcps_reader_next(bench->reader, &record));
	memset(&expected, 0, sizeof(expected));
	expected.size = sizeof(expected);
	expected.version = TCPSTATES_ABI_VERSION;
	expected.event = TCPSTATES_EVENT_LOST;
	expected.boot_ns = record.boot_ns;
	expected.real_ns = record.boot_ns + 1000;
	expected.count = count;
	assert_memory_equal(&record, &expected, sizeof(expected));
	return record.boot_ns;
}

static void expect_end(struct bench *bench)
{
	struct tcpstates_record record;

	assert_false(tcps_reader_next(bench->reader, &record));
}

static void test_empty(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	expect_end(&bench);
	expect_end(&bench);
	tear_down(&bench);
}

static void test_starts_now(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put(&bench, 0, 10);
	put_many(&bench, 1, 11, 2 * SLOTS);
	free(bench.reader);
	bench.reader = new_reader(&bench, 0);
	expect_end(&bench);
	put(&bench, 2, 90);
	put(&bench, 0, 91);
	expect(&bench, 2, 90);
	expect(&bench, 0, 91);
	expect_end(&bench);
	assert_int_equal(bench.reader->lost, 0);
	tear_down(&bench);
}

static void test_merges_by_time(void **state)
{
	static const unsigned int cpus[] = { 2, 0, 0, 1, 2, 1, 0, 2, 1, 1 };
	struct bench bench;
	unsigned int i;

	(void)state;
	set_up(&bench, SLOTS, 0);
	for (i = 0; i < COUNT(cpus); i++)
		put(&bench, cpus[i], 100 + 10 * i);
	for (i = 0; i < COUNT(cpus); i++)
		expect(&bench, cpus[i], 100 + 10 * i);
	expect_end(&bench);
	tear_down(&bench);
}

/* The order in which CPUs were written to must not matter, only the time. */
static void test_merges_whole_rings(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 2, 30, 3);
	put_many(&bench, 1, 20, 3);
	put_many(&bench, 0, 25, 1);
	expect(&bench, 1, 20);
	expect(&bench, 1, 21);
	expect(&bench, 1, 22);
	expect(&bench, 0, 25);
	expect(&bench, 2, 30);
	expect(&bench, 2, 31);
	expect(&bench, 2, 32);
	expect_end(&bench);
	tear_down(&bench);
}

static void test_equal_times(void **state)
{
	struct tcpstates_record record;
	struct bench bench;
	u64 seq[RINGS] = { 0 };
	unsigned int i;

	(void)state;
	set_up(&bench, SLOTS, 0);
	for (i = 0; i < 4; i++) {
		put(&bench, 1, 50);
		put(&bench, 0, 50);
		put(&bench, 2, 50);
	}
	/* Each once, those of one CPU as they were written. */
	for (i = 0; i < 4 * RINGS; i++) {
		assert_true(tcps_reader_next(bench.reader, &record));
		assert_int_equal(record.boot_ns, 50);
		assert_int_equal(record.seq, seq[record.cpu]++);
	}
	expect_end(&bench);
	tear_down(&bench);
}

static struct bench *slow_bench;
static unsigned int slow;
static u64 meanwhile_ns;

/* What happens while the reader waits for ring @slow, which has been entered. */
static void write_and_leave(void)
{
	shim_resched = NULL;
	put(slow_bench, (slow + 1) % RINGS, meanwhile_ns + 1);
	put(slow_bench, (slow + 2) % RINGS, meanwhile_ns);
	tcps_ring_leave(slow_bench->rings[slow]);
}

static void enter_slowly(struct bench *bench, unsigned int cpu, u64 boot_ns)
{
	slow_bench = bench;
	slow = cpu;
	meanwhile_ns = boot_ns;
	tcps_ring_enter(bench->rings[cpu]);
	shim_resched = write_and_leave;
}

/*
 * What came after the first look at a ring may have earlier company elsewhere;
 * but nobody goes to sleep on it.
 */
static void test_stops_at_the_horizon(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	/* Both had been passed. */
	put(&bench, 1, 101);
	enter_slowly(&bench, 2, 110);
	expect(&bench, 1, 101);
	assert_int_equal(bench.reader->turn_count, 0);
	assert_false(bench.reader->beyond);
	expect(&bench, 1, 110);
	expect(&bench, 0, 111);
	expect_end(&bench);

	/* One is seen by the second look and the other is not: neither comes. */
	put(&bench, 1, 121);
	enter_slowly(&bench, 1, 130);
	expect(&bench, 1, 121);
	assert_int_equal(bench.reader->turn_count, 0);
	assert_true(bench.reader->beyond);
	expect(&bench, 0, 130);
	expect(&bench, 2, 131);
	expect_end(&bench);

	/* Nothing but what the second look finds. */
	enter_slowly(&bench, 0, 140);
	expect(&bench, 2, 140);
	expect(&bench, 1, 141);
	expect_end(&bench);
	tear_down(&bench);
}

/* Many rings, of which some are busy; each record once, in order. */
#define MANY	512

static void test_many_rings(void **state)
{
	struct tcps_ring *rings[MANY];
	struct tcps_reader *reader = malloc(tcps_reader_size(MANY));
	struct tcpstates_record record;
	struct bench bench;
	u64 last_ns = 0, seq[MANY] = { 0 };
	unsigned int i, round, written = 0, last_cpu = 0;

	(void)state;
	must(reader);
	now = 1;
	srand(1);
	for (i = 0; i < MANY; i++)
		rings[i] = make_ring(64, 0);
	tcps_reader_init(reader, rings, MANY, 0);
	for (round = 1; round < 200; round++) {
		unsigned int busy = 1 + rand() % (round % 3 ? 5 : MANY);
		unsigned int some = rand() % 1000;

		while (some--) {
			unsigned int cpu = rand() % busy * 7 % MANY;

			if (rings[cpu]->shared->head - seq[cpu] == 64)
				continue;
			bench.rings[0] = rings[cpu];
			now += rand() % 2;
			put(&bench, 0, now);
			tcps_ring_slot(rings[cpu],
				       rings[cpu]->shared->head - 1)->cpu = cpu;
			written++;
		}
		while (written) {
			must(tcps_reader_next(reader, &record));
			must(record.boot_ns > last_ns ||
			     (record.boot_ns == last_ns &&
			      record.cpu >= last_cpu));
			must(record.seq == seq[record.cpu]++);
			last_ns = record.boot_ns;
			last_cpu = record.cpu;
			written--;
		}
		must(!tcps_reader_next(reader, &record));
		now++;
	}
	assert_int_equal(reader->lost, 0);
	for (i = 0; i < MANY; i++)
		free_ring(rings[i]);
	free(reader);
}

/* Records written meanwhile come after the batch, and none is skipped. */
static void test_writes_while_reading(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put(&bench, 0, 100);
	put(&bench, 1, 105);
	expect(&bench, 0, 100);
	put(&bench, 0, 110);
	put(&bench, 2, 111);
	expect(&bench, 1, 105);
	expect(&bench, 0, 110);
	put(&bench, 1, 120);
	expect(&bench, 2, 111);
	expect(&bench, 1, 120);
	expect_end(&bench);
	tear_down(&bench);
}

/*
 * Reads to the end; every record must be later than the one before. Returns
 * how many there were, and adds up losses in @lost.
 */
static u64 drain(struct bench *bench, u64 *lost)
{
	struct tcpstates_record record;
	u64 received = 0, last_ns = 0;

	while (tcps_reader_next(bench->reader, &record)) {
		assert_true(record.boot_ns >= last_ns);
		last_ns = record.boot_ns;
		if (record.event == TCPSTATES_EVENT_LOST)
			*lost += record.count;
		else
			received++;
	}
	return received;
}

/* A record that is overwritten between the look and the pass. */
static void test_spoiled_where_it_stands(void **state)
{
	const struct tcpstates_record *slot;
	struct bench bench;
	u64 lost = 0, received;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 4);
	put(&bench, 1, 102);
	assert_null(tcps_reader_peek(bench.reader));
	expect(&bench, 0, 100);
	slot = tcps_reader_peek(bench.reader);
	assert_int_equal(slot->boot_ns, 101);
	assert_ptr_equal(tcps_reader_peek(bench.reader), slot);
	assert_true(tcps_reader_take(bench.reader));
	slot = tcps_reader_peek(bench.reader);
	assert_int_equal(slot->boot_ns, 102);
	assert_int_equal(slot->cpu, 0);
	put_many(&bench, 0, 200, SLOTS);
	assert_false(tcps_reader_take(bench.reader));
	assert_null(tcps_reader_peek(bench.reader));
	lost = bench.reader->lost;
	assert_int_equal(lost, 2 + SLOTS / 8);
	assert_int_equal(expect_lost(&bench, lost), 102);
	expect(&bench, 1, 102);
	received = 3 + drain(&bench, &lost);
	assert_int_equal(received + lost, 5 + SLOTS);
	assert_int_equal(bench.reader->lost, lost);
	tear_down(&bench);
}

static void test_now(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 5);
	put_many(&bench, 1, 100, 3 * SLOTS);
	expect_lost(&bench, 2 * SLOTS + SLOTS / 8);
	expect(&bench, 0, 100);
	put_many(&bench, 1, 200, 3 * SLOTS);
	tcps_reader_skip(bench.reader);
	expect_end(&bench);
	put(&bench, 2, 300);
	expect(&bench, 2, 300);
	expect_end(&bench);
	assert_int_equal(bench.reader->lost, 2 * SLOTS + SLOTS / 8);
	tear_down(&bench);
}

static void test_full_ring_loses_nothing(void **state)
{
	struct bench bench;
	u64 lost = 0;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 1, 100, SLOTS);
	assert_int_equal(drain(&bench, &lost), SLOTS);
	assert_int_equal(lost, 0);
	tear_down(&bench);
}

static void test_overrun_is_counted(void **state)
{
	struct tcpstates_record record;
	unsigned int written;
	struct bench bench;

	(void)state;
	for (written = SLOTS + 1; written < 5 * SLOTS; written++) {
		u64 lost = 0, received, loss_ns;

		set_up(&bench, SLOTS, 0);
		put_many(&bench, 1, 100, written);
		/* One loss, at its place: before all, with the next's time. */
		assert_true(tcps_reader_next(bench.reader, &record));
		assert_int_equal(record.event, TCPSTATES_EVENT_LOST);
		lost = record.count;
		loss_ns = record.boot_ns;
		assert_true(lost >= written - SLOTS);
		assert_int_equal(loss_ns, 100 + lost);
		expect(&bench, 1, loss_ns);
		received = 1 + drain(&bench, &lost);
		assert_int_equal(lost, loss_ns - 100);
		assert_int_equal(received + lost, written);
		assert_true(received >= SLOTS / 2);
		assert_int_equal(bench.reader->lost, lost);
		tear_down(&bench);
	}
}

static void test_overruns_of_rings_are_summed(void **state)
{
	struct tcpstates_record record;
	struct bench bench;
	u64 lost, again = 0;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 3 * SLOTS);
	put_many(&bench, 1, 200, 2 * SLOTS + 5);
	put(&bench, 2, 50);
	assert_true(tcps_reader_next(bench.reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_LOST);
	lost = record.count;
	assert_int_equal(record.boot_ns, 50);
	expect(&bench, 2, 50);
	assert_int_equal(drain(&bench, &again) + lost, 5 * SLOTS + 5);
	assert_int_equal(again, 0);
	assert_int_equal(bench.reader->lost, lost);
	tear_down(&bench);
}

/* Overtaken in the middle of a batch: told once, in its place. */
static void test_overrun_in_the_middle(void **state)
{
	struct tcpstates_record record;
	struct bench bench;
	u64 lost, again = 0, received;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 10);
	put(&bench, 1, 103);
	expect(&bench, 0, 100);
	expect(&bench, 0, 101);
	/* 2 read, 8 unread; then all slots are written anew, and one more. */
	put_many(&bench, 0, 200, SLOTS + 1);
	assert_true(tcps_reader_next(bench.reader, &record));
	assert_int_equal(record.event, TCPSTATES_EVENT_LOST);
	assert_int_equal(record.boot_ns, 103);
	lost = record.count;
	assert_true(lost >= 9);
	received = 2 + drain(&bench, &again);
	assert_int_equal(again, 0);
	assert_int_equal(received + lost, 10 + 1 + SLOTS + 1);
	tear_down(&bench);
}

/* Two losses apart from each other are told apart, each exactly. */
static void test_two_overruns(void **state)
{
	struct bench bench;
	u64 lost = 0, first_lost;
	u64 received;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 2 * SLOTS);
	received = drain(&bench, &lost);
	first_lost = lost;
	assert_int_equal(received + lost, 2 * SLOTS);
	put_many(&bench, 0, 300, 2 * SLOTS);
	received += drain(&bench, &lost);
	assert_int_equal(received + lost, 4 * SLOTS);
	assert_true(lost > first_lost);
	assert_int_equal(bench.reader->lost, lost);
	tear_down(&bench);
}

static void test_ring_without_memory(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	take_slots(bench.rings[1]);
	put_many(&bench, 1, 100, 5);
	now = 200;
	assert_int_equal(expect_lost(&bench, 5), 200);
	expect_end(&bench);

	put_many(&bench, 1, 210, 2);
	put(&bench, 0, 220);
	assert_int_equal(expect_lost(&bench, 2), 220);
	expect(&bench, 0, 220);
	expect_end(&bench);
	assert_int_equal(bench.reader->lost, 7);
	tcps_reader_rewind(bench.reader);
	expect(&bench, 0, 220);
	expect_end(&bench);
	tear_down(&bench);
}

static void filter_netns(struct tcps_reader *reader, u32 netns)
{
	struct tcpstates_filter filter = { .netns = netns };

	tcps_reader_set_filter(reader, &filter);
}

static void test_filter(void **state)
{
	struct bench bench;
	u64 lost = 0;

	(void)state;
	set_up(&bench, SLOTS, 0);
	filter_netns(bench.reader, 8);
	put(&bench, 0, 100);
	put_record(&bench, 1, 101, 8);
	put(&bench, 2, 102);
	put_record(&bench, 0, 103, 8);
	expect(&bench, 1, 101);
	expect(&bench, 0, 103);
	expect_end(&bench);

	/* A loss counts what any filter would have hidden. */
	put_many(&bench, 1, 200, 2 * SLOTS);
	assert_int_equal(drain(&bench, &lost), 0);
	assert_in_range(lost, SLOTS, 2 * SLOTS - 1);
	tear_down(&bench);
}

static void test_filter_cannot_widen_netns(void **state)
{
	static const u32 filters[] = { 0, NETNS, 8 };
	struct bench bench;
	unsigned int i;

	(void)state;
	set_up(&bench, SLOTS, 0);
	free(bench.reader);
	bench.reader = new_reader(&bench, NETNS);
	for (i = 0; i < COUNT(filters); i++) {
		u64 time = 100 * (i + 1);

		filter_netns(bench.reader, filters[i]);
		put_record(&bench, 0, time, 8);
		put_record(&bench, 1, time + 1, NETNS);
		put_record(&bench, 2, time + 2, 0);
		if (filters[i] != 8)
			expect(&bench, 1, time + 1);
		expect_end(&bench);
	}
	tear_down(&bench);
}

static void test_rewind(void **state)
{
	struct bench bench;
	unsigned int round;
	u64 lost = 0;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put_many(&bench, 0, 100, 3 * SLOTS);
	put_many(&bench, 1, 110, 4);
	free(bench.reader);
	bench.reader = new_reader(&bench, 0);
	expect_end(&bench);
	for (round = 0; round < 3; round++) {
		tcps_reader_rewind(bench.reader);
		assert_int_equal(drain(&bench, &lost), SLOTS + 4);
		assert_int_equal(lost, 0);
	}
	tear_down(&bench);
}

static void test_rewind_forgets_untold_losses(void **state)
{
	struct tcpstates_record record;
	struct bench bench;
	u64 lost = 0;

	(void)state;
	set_up(&bench, SLOTS, 0);
	put(&bench, 1, 90);
	put_many(&bench, 0, 100, SLOTS);
	expect(&bench, 1, 90);
	put_many(&bench, 0, 200, SLOTS);
	/* The loss has been noticed: the record it stands before is held. */
	assert_true(tcps_reader_next(bench.reader, &record));
	tcps_reader_rewind(bench.reader);
	assert_int_equal(drain(&bench, &lost), SLOTS + 1);
	assert_int_equal(lost, 0);
	tear_down(&bench);
}

static void test_large_numbers(void **state)
{
	u64 first = (1ULL << 63) - SLOTS - 2, lost = 0, received, next;
	struct bench bench;
	unsigned int i;

	(void)state;
	set_up(&bench, SLOTS, first);
	for (i = 0; i < 4 * SLOTS; i++) {
		put(&bench, i % RINGS, (1ULL << 63) - 8 + i);
		expect(&bench, i % RINGS, (1ULL << 63) - 8 + i);
	}
	expect_end(&bench);
	put_many(&bench, 1, 1ULL << 63 | 1000, 3 * SLOTS);
	received = drain(&bench, &lost);
	assert_int_equal(received + lost, 3 * SLOTS);

	/* A reader that has slept for ages. */
	next = bench.rings[0]->shared->head;
	bench.rings[0]->shared->reserved += 1ULL << 62;
	bench.rings[0]->shared->head = bench.rings[0]->shared->reserved;
	put_many(&bench, 0, now + 1, SLOTS);
	lost = 0;
	received = drain(&bench, &lost);
	assert_int_equal(received + lost, bench.rings[0]->shared->head - next);
	assert_true(lost >= 1ULL << 62);
	tear_down(&bench);
}

static void test_size(void **state)
{
	(void)state;
	assert_int_equal(tcps_reader_size(0), sizeof(struct tcps_reader));
	assert_int_equal(tcps_reader_size(3),
			 sizeof(struct tcps_reader) +
			 3 * sizeof(struct tcps_cursor) +
			 3 * sizeof(struct tcps_turn));
}

/*
 * With threads. Every record tells its ring, its number and its time, and
 * carries a sum of them, so that a reader can check it without the writer.
 */
#define READERS		2
#define PER_WRITER	60000

static u64 sum(const struct tcpstates_record *record)
{
	return (record->boot_ns ^ record->seq << 40 ^ record->cpu) *
	       0x9E3779B97F4A7C15ULL;
}

struct writer {
	struct tcps_ring *ring;
	unsigned int cpu;
};

static void *write_records(void *argument)
{
	struct writer *writer = argument;
	u64 i;

	for (i = 0; i < PER_WRITER; i++) {
		struct tcpstates_record record = {
			.event = TCPSTATES_EVENT_TRANSITION,
			.cpu = writer->cpu,
		};

		record.seq = begin_record(writer->ring);
		record.boot_ns = ktime_get_boottime_ns();
		record.conn = sum(&record);
		record.dur_ns = ~record.conn;
		write_slot(writer->ring, record.seq, &record);
		end_record(writer->ring, record.seq);
		if (i % 64 == 0)
			pause_some(i * RINGS + writer->cpu);
	}
	return NULL;
}

struct follower {
	struct tcps_reader *reader;
	u64 received;
	u64 lost;
	u64 disorder;
};

static void *follow(void *argument)
{
	struct follower *follower = argument;
	u64 next[RINGS] = { 0 }, last_ns = 0, gaps = 0;
	struct tcpstates_record record;
	unsigned int i;

	while (follower->received + follower->lost < RINGS * PER_WRITER) {
		if (!tcps_reader_next(follower->reader, &record))
			continue;
		follower->disorder += record.boot_ns < last_ns;
		last_ns = record.boot_ns;
		if (record.event == TCPSTATES_EVENT_LOST) {
			must(record.count);
			follower->lost += record.count;
			continue;
		}
		must(record.event == TCPSTATES_EVENT_TRANSITION);
		must(record.cpu < RINGS);
		must(record.conn == sum(&record));
		must(record.dur_ns == ~record.conn);
		must(record.seq >= next[record.cpu]);
		gaps += record.seq - next[record.cpu];
		next[record.cpu] = record.seq + 1;
		/* A gap is never seen before it is told. */
		must(gaps <= follower->lost);
		follower->received++;
	}
	for (i = 0; i < RINGS; i++)
		gaps += PER_WRITER - next[i];
	must(gaps == follower->lost);
	return NULL;
}

static void run_threads(u64 slots, struct follower followers[READERS])
{
	pthread_t threads[RINGS + READERS];
	struct writer writers[RINGS];
	struct bench bench;
	unsigned int i;

	set_up(&bench, slots, 0);
	now = 0;
	for (i = 0; i < READERS; i++) {
		followers[i] = (struct follower) {
			.reader = new_reader(&bench, 0),
		};
		must(!pthread_create(&threads[RINGS + i], NULL, follow,
				     &followers[i]));
	}
	for (i = 0; i < RINGS; i++) {
		writers[i] = (struct writer) { bench.rings[i], i };
		must(!pthread_create(&threads[i], NULL, write_records,
				     &writers[i]));
	}
	for (i = 0; i < RINGS + READERS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < READERS; i++) {
		assert_int_equal(followers[i].received + followers[i].lost,
				 RINGS * PER_WRITER);
		assert_int_equal(followers[i].lost, followers[i].reader->lost);
		assert_int_equal(followers[i].disorder, 0);
		free(followers[i].reader);
	}
	tear_down(&bench);
}

bool shim_signal_pending;

/* A signal ends a search, which is not the same as finding nothing. */
static void test_signal(void **state)
{
	const struct tcpstates_filter filter = { .conn = 1 };
	struct tcpstates_record record;
	struct bench bench;
	unsigned int calls;

	(void)state;
	set_up(&bench, 4096, 0);
	tcps_reader_set_filter(bench.reader, &filter);
	put_many(&bench, 0, 10, 3 * TCPS_READER_LOOKS);
	shim_signal_pending = true;
	for (calls = 0; calls < 3; calls++)
		assert_int_equal(tcps_reader_next(bench.reader, &record),
				 TCPS_FOUND_SIGNAL);
	/* A search goes on where it has ended, and a short one is finished. */
	assert_int_equal(tcps_reader_next(bench.reader, &record),
			 TCPS_FOUND_NOTHING);
	shim_signal_pending = false;
	assert_int_equal(tcps_reader_next(bench.reader, &record),
			 TCPS_FOUND_NOTHING);
	tear_down(&bench);
}

/* What need not be looked at is neither read nor lost, nor gone back to. */
static void test_pass(void **state)
{
	const u64 to[RINGS] = { 2 * SLOTS }, back[RINGS] = { SLOTS };
	struct bench bench;

	(void)state;
	set_up(&bench, SLOTS, 0);
	expect_end(&bench);
	put_many(&bench, 0, 10, 3 * SLOTS);
	tcps_reader_pass(bench.reader, to);
	tcps_reader_pass(bench.reader, back);
	expect(&bench, 0, 10 + 2 * SLOTS);
	assert_int_equal(bench.reader->lost, 0);
	tear_down(&bench);
}

static void test_threads_and_small_rings(void **state)
{
	struct follower followers[READERS];
	u64 lost = 0;
	unsigned int i;

	(void)state;
	run_threads(16, followers);
	for (i = 0; i < READERS; i++) {
		assert_true(followers[i].received > 0);
		lost += followers[i].lost;
	}
	/* Else the test has not tried what it is for. */
	assert_true(lost > 0);
}

static void test_threads_and_large_rings(void **state)
{
	struct follower followers[READERS];
	unsigned int i;

	(void)state;
	run_threads(65536, followers);
	for (i = 0; i < READERS; i++)
		assert_int_equal(followers[i].lost, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_starts_now),
		cmocka_unit_test(test_merges_by_time),
		cmocka_unit_test(test_merges_whole_rings),
		cmocka_unit_test(test_equal_times),
		cmocka_unit_test(test_stops_at_the_horizon),
		cmocka_unit_test(test_many_rings),
		cmocka_unit_test(test_spoiled_where_it_stands),
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_writes_while_reading),
		cmocka_unit_test(test_full_ring_loses_nothing),
		cmocka_unit_test(test_overrun_is_counted),
		cmocka_unit_test(test_overruns_of_rings_are_summed),
		cmocka_unit_test(test_overrun_in_the_middle),
		cmocka_unit_test(test_two_overruns),
		cmocka_unit_test(test_ring_without_memory),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_cannot_widen_netns),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_rewind_forgets_untold_losses),
		cmocka_unit_test(test_large_numbers),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_threads_and_small_rings),
		cmocka_unit_test(test_threads_and_large_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
