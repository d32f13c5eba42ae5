// SPDX-License-Identifier: GPL-2.0
/* Records that a program gets from the library over mapped rings. */
#include "mapped_fixture.h"

static void test_reads_the_rings(void **state)
{
	struct tcpstates *stream;
	unsigned int i;

	(void)state;
	make_device(1024);
	put_many(1, 10);
	next_seq[1] = 10;
	stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	assert_int_equal(device.maps, 1);
	expect_nothing(stream);
	for (i = 0; i < 3000; i++) {
		put(i * 7 % RINGS);
		if (i % 700 == 699)
			for (unsigned int j = i - 699; j <= i; j++)
				expect(stream, j * 7 % RINGS);
	}
	while (next_seq[2] < device.rings[2].shared->head ||
	       next_seq[3] < device.rings[3].shared->head ||
	       next_seq[1] < device.rings[1].shared->head ||
	       next_seq[0] < device.rings[0].shared->head) {
		u64 read_so_far = next_seq[0] + next_seq[1] + next_seq[2] +
				  next_seq[3] - 10;

		expect(stream, read_so_far * 7 % RINGS);
	}
	expect_nothing(stream);
	assert_int_equal(device.reads, 0);
	tcpstates_close(stream);
	free_device();
}

/* Rings that cannot be mapped, or whose layout is unknown. */
static void test_falls_back_to_read(void **state)
{
	static const struct {
		const char *name;
		u64 map_ring, map_slots;
		u32 record_size, ring_records;
		int mmap_error;
		unsigned int flags;
	} cases[] = {
		{ "no map", 0, 0, SIZE, 64, 0, 0 },
		{ "longer records", 20480, 4096, SIZE + 8, 64, 0, 0 },
		{ "odd distance", 20481, 4096, SIZE, 64, 0, 0 },
		{ "too short", 12288, 4096, SIZE, 64, 0, 0 },
		{ "slots in the counters", 20480, 8, SIZE, 64, 0, 0 },
		{ "slots in the next ring", 20480, 24576, SIZE, 64, 0, 0 },
		{ "no power of two", 20480, 4096, SIZE, 63, 0, 0 },
		{ "too much", 1ULL << 62, 4096, SIZE, 64, 0, 0 },
		{ "not allowed", 16384, 4096, SIZE, 64, EPERM, 0 },
		{ "no memory", 16384, 4096, SIZE, 64, ENOMEM, 0 },
		{ "not wanted", 16384, 4096, SIZE, 64, 0, TCPSTATES_OPEN_READ },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct tcpstates *stream;

		print_message("# %s\n", cases[i].name);
		make_device(64);
		device.info.map_ring = cases[i].map_ring;
		device.info.map_slots = cases[i].map_slots;
		device.info.record_size = cases[i].record_size;
		device.info.ring_records = cases[i].ring_records;
		device.mmap_error = cases[i].mmap_error;
		stream = open_stream(TCPSTATES_OPEN_NONBLOCK | cases[i].flags);
		assert_int_equal(device.maps, 0);
		put(1);
		expect(stream, 1);
		assert_int_equal(device.reads, 1);
		tcpstates_close(stream);
		free_device();
	}
}

static void wake_up(void)
{
	put(3);
	device.on_wait = NULL;
}

static void test_waits(void **state)
{
	const struct tcpstates_record *record;
	struct tcpstates *stream;

	(void)state;
	make_device(64);
	stream = open_stream(0);
	device.on_wait = wake_up;
	expect(stream, 3);
	assert_int_equal(tcpstates_next(stream, &record), -1);
	assert_int_equal(errno, EINTR);
	put(0);
	expect(stream, 0);
	tcpstates_close(stream);
	free_device();
}

static void test_losses(void **state)
{
	struct tcpstates_stats stats;
	struct tcpstates *stream;
	u64 lost;

	(void)state;
	make_device(64);
	stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	put_many(1, 200);
	lost = expect_lost(stream);
	assert_in_range(lost, 136, 150);
	next_seq[1] = lost;
	while (next_seq[1] < 200)
		expect(stream, 1);
	expect_nothing(stream);
	assert_int_equal(tcpstates_stats(stream, &stats), 0);
	assert_int_equal(stats.reader_lost, lost);

	/* When the file in the kernel takes over, the count continues. */
	put_many(1, 100);
	assert_true(is_readable());
	assert_int_equal(tcpstates_snapshot(stream), 0);
	assert_true(device.is_snapshot);
	assert_int_equal(device.maps, 0);
	assert_int_equal(tcpstates_stats(stream, &stats), 0);
	assert_int_equal(stats.reader_lost, lost);
	next_seq[1] = 300;
	put(1);
	expect(stream, 1);
	put_many(1, 65);
	lost += expect_lost(stream);
	assert_int_equal(tcpstates_stats(stream, &stats), 0);
	assert_int_equal(stats.reader_lost, lost);
	tcpstates_close(stream);
	free_device();
}

/* A CPU that comes up later, and one whose ring has no memory. */
static void test_rings_without_slots(void **state)
{
	struct tcpstates *stream;

	(void)state;
	make_device(64);
	device.rings[1].shared->records = 0;
	device.rings[2].shared->records = 0;
	stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	put(0);
	expect(stream, 0);
	device.rings[1].shared->records = 64;
	put(1);
	put_many(2, 3);
	put(0);
	assert_int_equal(expect_lost(stream), 3);
	expect(stream, 1);
	expect(stream, 0);
	expect_nothing(stream);
	tcpstates_close(stream);
	free_device();
}

static void test_filter_and_rewind(void **state)
{
	struct tcpstates_filter filter = {
		.new_states = 1U << TCPSTATES_LISTEN
	};
	struct tcpstates *stream;

	(void)state;
	make_device(1024);
	put(0);
	stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	put_many(1, 300);
	put_at(2, TCPSTATES_LISTEN, 0);
	put(1);
	next_seq[1] = 0;
	expect(stream, 1);
	assert_int_equal(tcpstates_set_filter(stream, &filter), 0);
	assert_true(tcpstates_buffered(stream));
	expect(stream, 2);
	expect_nothing(stream);
	put(1);
	expect_nothing(stream);
	assert_int_equal(tcpstates_rewind(stream), 0);
	assert_true(tcpstates_buffered(stream));
	next_seq[2] = 0;
	expect(stream, 2);
	expect_nothing(stream);

	/* Records that the last filter hid do not come back. */
	put(1);
	memset(&filter, 0, sizeof(filter));
	assert_int_equal(tcpstates_set_filter(stream, &filter), 0);
	next_seq[1] = 302;
	expect(stream, 1);
	expect_nothing(stream);
	filter.lport_min = 1;
	assert_int_equal(tcpstates_set_filter(stream, &filter), -1);
	put(1);
	expect(stream, 1);
	expect_nothing(stream);
	tcpstates_close(stream);
	free_device();
}

/*
 * The promise of tcpstates_fd(): if nothing is buffered, the file is readable if and
 * only if there is a record. With batches of all sizes.
 */
static void test_readable_is_the_truth(void **state)
{
	const struct tcpstates_record *record;
	struct tcpstates *stream;
	unsigned int i, checked[2] = { 0 };
	u64 received = 0, written = 0;

	(void)state;
	srand(1);
	make_device(1024);
	stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	for (i = 0; i < 20000; i++) {
		unsigned int some = rand() % 4 ? rand() % 3 : rand() % 600;
		unsigned int reads = rand() % 300;

		if (i % 16 == 0)
			some = 256 * (rand() % 3);
		if (written + some - received > 1000)
			some = 0;
		written += some;
		while (some--)
			put(rand() % RINGS);
		while (reads--) {
			if (!tcpstates_buffered(stream)) {
				bool readable = is_readable();

				checked[readable]++;
				assert_int_equal(readable, written > received);
			}
			if (!tcpstates_next(stream, &record))
				break;
			must(record->event == TCPSTATES_EVENT_TRANSITION);
			must(record->seq == next_seq[record->cpu]++);
			received++;
		}
	}
	assert_true(checked[0] > 100 && checked[1] > 100);
	tcpstates_close(stream);
	free_device();
}

/* For a profiler, to measure the cost of a record. Not a test. */
static int drain(unsigned int count)
{
	const struct tcpstates_record *record;
	struct tcpstates *stream;

	make_device(131072);
	stream = open_stream(TCPSTATES_OPEN_NONBLOCK);
	put_many(0, count);
	while (tcpstates_next(stream, &record) > 0)
		;
	tcpstates_close(stream);
	free_device();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_the_rings),
		cmocka_unit_test(test_falls_back_to_read),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_rings_without_slots),
		cmocka_unit_test(test_filter_and_rewind),
		cmocka_unit_test(test_readable_is_the_truth),
	};

	if (argc == 2)
		return drain(atoi(argv[1]));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
