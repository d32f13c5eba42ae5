// SPDX-License-Identifier: GPL-2.0
/* A merge while threads write to its rings. */
#include "merge_fixture.h"

#include <pthread.h>

/*
 * Every record has a checksum of its ring, number and time, so that a reader can
 * check it without the writer.
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
	struct tcps_merge *merge;
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
		if (!tcps_merge_next(follower->merge, &record))
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
		/* A loss is reported before the gap is seen. */
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
			.merge = new_merge(&bench, 0),
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
		assert_int_equal(followers[i].lost, followers[i].merge->lost);
		assert_int_equal(followers[i].disorder, 0);
		free(followers[i].merge);
	}
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
	/* Otherwise the test has not covered its case. */
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
		cmocka_unit_test(test_threads_and_small_rings),
		cmocka_unit_test(test_threads_and_large_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
