// SPDX-License-Identifier: GPL-2.0
/* The library over mapped rings while threads write to them. */
#include "mapped_fixture.h"

#include <pthread.h>

#define PER_WRITER	60000

static void *write_records(void *argument)
{
	unsigned int cpu = (uintptr_t)argument, i;

	for (i = 0; i < PER_WRITER; i++) {
		put(cpu);
		if (i % 64 == 0)
			pause_some(i * RINGS + cpu);
	}
	return NULL;
}

static u64 follow(struct tcpstates *stream)
{
	const struct tcpstates_record *record;
	u64 received = 0, lost = 0, last_ns = 0, gaps = 0;
	unsigned int i;

	memset(next_seq, 0, sizeof(next_seq));
	while (received + lost < RINGS * PER_WRITER) {
		int ret = tcpstates_next(stream, &record);

		must(ret >= 0);
		if (!ret)
			continue;
		must(record->boot_ns >= last_ns);
		last_ns = record->boot_ns;
		if (record->event == TCPSTATES_EVENT_LOST) {
			must(record->count);
			lost += record->count;
			continue;
		}
		must(record->event == TCPSTATES_EVENT_TRANSITION);
		must(record->cpu < RINGS);
		must(record->conn == sum(record));
		must(record->inode == ~record->conn);
		must(record->seq >= next_seq[record->cpu]);
		gaps += record->seq - next_seq[record->cpu];
		next_seq[record->cpu] = record->seq + 1;
		must(gaps <= lost);
		received++;
	}
	for (i = 0; i < RINGS; i++)
		gaps += PER_WRITER - next_seq[i];
	must(gaps == lost);
	return lost;
}

static u64 run_threads(u64 records)
{
	pthread_t threads[RINGS];
	struct tcpstates *stream;
	struct tcpstates_stats stats;
	uintptr_t i;
	u64 lost;

	make_device(records);
	stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	for (i = 0; i < RINGS; i++)
		must(!pthread_create(&threads[i], NULL, write_records,
				     (void *)i));
	lost = follow(stream);
	for (i = 0; i < RINGS; i++)
		pthread_join(threads[i], NULL);
	must(!tcpstates_stats(stream, &stats));
	must(stats.reader_lost == lost);
	tcpstates_close(stream);
	free_device();
	return lost;
}

static void test_threads_and_small_rings(void **state)
{
	(void)state;
	/* Otherwise the test has not covered its case. */
	assert_in_range(run_threads(16), 1, RINGS * PER_WRITER - 1);
}

static void test_threads_and_large_rings(void **state)
{
	(void)state;
	assert_int_equal(run_threads(65536), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_and_small_rings),
		cmocka_unit_test(test_threads_and_large_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
