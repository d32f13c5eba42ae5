// SPDX-License-Identifier: GPL-2.0
/* Snapshots while threads write to the rings and the table. */
#include "snapshot_fixture.h"

#include <pthread.h>

/*
 * Each writer has its ring and its connections. The reader takes a new snapshot
 * after a loss, as programs do.
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
			/* The last snapshot has to be followed to the end. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_threads),
		TEST(test_threads_with_equal_readings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
