// SPDX-License-Identifier: GPL-2.0
/*
 * The library over mapped rings. The sources are included, so that the device
 * can be one in here: its rings are memory of the test, and its file in the
 * kernel has a reader of its own, as device.c has.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/ktime.h>

#include "filter.h"
#include "reader.h"

static int device_open(const char *path, int mode);
static int device_ioctl(int fd, unsigned long command, ...);
static void *device_mmap(void *address, size_t size, int protection, int flags,
			 int fd, off_t offset);
static int device_poll(struct pollfd *fds, nfds_t count, int timeout);
static ssize_t device_read(int fd, void *buffer, size_t size);

#define open	device_open
#define ioctl	device_ioctl
#define mmap	device_mmap
#define munmap	device_munmap
#define poll	device_poll
#define read	device_read

static int device_munmap(void *address, size_t size);

#include "../../userspace/lib/batch.c"
#include "../../userspace/lib/handle.c"
#include "../../userspace/lib/mapped.c"
#include "../../userspace/lib/nosnapshot.c"
#include "../../userspace/lib/open.c"

#define RINGS	4
#define SIZE	sizeof(struct tcpstates_record)

u64 ktime_get_boottime_ns(void)
{
	return 1;
}

u64 ktime_get_real_ns(void)
{
	return 1;
}

/* The device. */
static struct {
	struct tcpstates_info info;
	struct tcps_ring rings[RINGS];
	struct tcps_ring *pointers[RINGS];
	unsigned char *memory;
	size_t size;
	int mmap_error;
	unsigned int maps, reads;
	bool is_snapshot;
	/* The file in the kernel. */
	struct tcps_reader *reader;
	bool pending;
	struct tcpstates_record record;
	/* What happens while somebody waits. */
	void (*on_wait)(void);
} device;

static u64 now, next_seq[RINGS];

static void make_device(u64 records)
{
	size_t slots = 4096, stride = slots + ((records * SIZE + 4095) & ~4095UL);
	unsigned int i;

	memset(&device, 0, sizeof(device));
	memset(next_seq, 0, sizeof(next_seq));
	now = 100;
	device.info = (struct tcpstates_info) {
		.abi_version = TCPSTATES_ABI_VERSION,
		.record_size = SIZE,
		.cpus = RINGS,
		.ring_records = records,
		.map_ring = stride,
		.map_slots = slots,
	};
	device.size = RINGS * stride;
	device.memory = aligned_alloc(4096, device.size);
	must(device.memory);
	memset(device.memory, 0, device.size);
	for (i = 0; i < RINGS; i++) {
		device.rings[i].shared = (void *)(device.memory + i * stride);
		device.rings[i].slots =
			(void *)(device.memory + i * stride + slots);
		device.rings[i].mask = records - 1;
		device.rings[i].shared->records = records;
		device.pointers[i] = &device.rings[i];
	}
	device.reader = malloc(tcps_reader_size(RINGS));
	must(device.reader);
	tcps_reader_init(device.reader, device.pointers, RINGS, 0);
}

static void free_device(void)
{
	assert_int_equal(device.maps, 0);
	free(device.reader);
	free(device.memory);
}

static int device_open(const char *path, int mode)
{
	assert_string_equal(path, TCPSTATES_DEVICE);
	tcps_reader_skip(device.reader);
	return (openat)(AT_FDCWD, "/dev/null", mode);
}

static void *device_mmap(void *address, size_t size, int protection, int flags,
			 int fd, off_t offset)
{
	must(!address && protection == PROT_READ && flags == MAP_SHARED);
	must(fd >= 0 && !offset && size == device.size);
	if (device.mmap_error) {
		errno = device.mmap_error;
		return MAP_FAILED;
	}
	device.maps++;
	return device.memory;
}

static int device_munmap(void *address, size_t size)
{
	must(address == device.memory && size == device.size);
	device.maps--;
	return 0;
}

static bool is_readable(void)
{
	if (!device.pending)
		device.pending = tcps_reader_next(device.reader,
						  &device.record);
	return device.pending;
}

static ssize_t device_read(int fd, void *buffer, size_t size)
{
	size_t done = 0;

	must(fd >= 0);
	device.reads++;
	while (done + SIZE <= size && is_readable()) {
		memcpy((char *)buffer + done, &device.record, SIZE);
		device.pending = false;
		done += SIZE;
	}
	if (!done)
		errno = EAGAIN;
	return done ? (ssize_t)done : -1;
}

static int device_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	must(count == 1 && fds->events == POLLIN && timeout == -1);
	if (is_readable())
		return 1;
	if (!device.on_wait) {
		errno = EINTR;
		return -1;
	}
	device.on_wait();
	return 1;
}

static int device_ioctl(int fd, unsigned long command, ...)
{
	struct tcpstates_filter *filter;
	struct tcpstates_stats *stats;
	va_list arguments;
	void *argument;

	must(fd >= 0);
	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	switch (command) {
	case TCPSTATES_IOC_GET_INFO:
		memcpy(argument, &device.info, sizeof(device.info));
		break;
	case TCPSTATES_IOC_GET_STATS:
		stats = argument;
		stats->reader_lost = device.reader->lost;
		break;
	case TCPSTATES_IOC_SET_FORMAT:
		break;
	case TCPSTATES_IOC_SET_FILTER:
		filter = argument;
		if (tcps_filter_check(filter)) {
			errno = EINVAL;
			return -1;
		}
		tcps_reader_set_filter(device.reader, filter);
		device.pending &= tcps_filter_match(filter, &device.record);
		break;
	case TCPSTATES_IOC_REWIND:
		tcps_reader_rewind(device.reader);
		device.pending = false;
		break;
	case TCPSTATES_IOC_SNAPSHOT:
		/* Without rows. */
		device.is_snapshot = true;
		tcps_reader_skip(device.reader);
		device.pending = false;
		break;
	case TCPSTATES_IOC_NOW:
		tcps_reader_skip(device.reader);
		device.pending = false;
		break;
	default:
		must(false);
	}
	return 0;
}

static u64 sum(const struct tcpstates_record *record)
{
	return (record->boot_ns ^ record->seq << 40 ^ record->cpu) *
	       0x9E3779B97F4A7C15ULL;
}

static void put_at(unsigned int cpu, u8 new_state, u64 boot_ns)
{
	struct tcps_ring *ring = &device.rings[cpu];
	struct tcpstates_record record = {
		.size = SIZE,
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.new_state = new_state,
		.cpu = cpu,
	};

	record.seq = begin_record(ring);
	record.boot_ns = boot_ns ? boot_ns :
		__atomic_add_fetch(&now, 1, __ATOMIC_SEQ_CST);
	record.conn = sum(&record);
	record.inode = ~record.conn;
	write_slot(ring, record.seq, &record);
	end_record(ring, record.seq);
}

static void put(unsigned int cpu)
{
	put_at(cpu, TCPSTATES_CLOSE, 0);
}

static void put_many(unsigned int cpu, unsigned int count)
{
	while (count--)
		put(cpu);
}

static struct tcpstates *open_stream(unsigned int flags)
{
	struct tcpstates *stream = tcpstates_open(NULL, flags);

	assert_non_null(stream);
	return stream;
}

static void expect(struct tcpstates *stream, unsigned int cpu)
{
	const struct tcpstates_record *record;

	assert_int_equal(tcpstates_next(stream, &record), 1);
	assert_int_equal(record->event, TCPSTATES_EVENT_TRANSITION);
	assert_int_equal(record->cpu, cpu);
	assert_int_equal(record->conn, sum(record));
	assert_int_equal(record->seq, next_seq[cpu]++);
}

static u64 expect_lost(struct tcpstates *stream)
{
	const struct tcpstates_record *record;

	assert_int_equal(tcpstates_next(stream, &record), 1);
	assert_int_equal(record->event, TCPSTATES_EVENT_LOST);
	return record->count;
}

static void expect_nothing(struct tcpstates *stream)
{
	const struct tcpstates_record *record = NULL;

	assert_false(tcpstates_buffered(stream));
	assert_false(is_readable());
	assert_int_equal(tcpstates_next(stream, &record), 0);
	assert_null(record);
	assert_false(tcpstates_buffered(stream));
	assert_false(is_readable());
}

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

/* What the module does not offer, or offers in a way that is not known. */
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

	/* The kernel's file misses nothing, nor more, when it takes over. */
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

/* A CPU that comes up later, and one that never gets memory. */
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

	/* What the last filter hid and nobody has read is not come back to. */
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
 * The promise of tcpstates_fd(): if nothing is buffered, then the file is
 * readable if and only if there is something. Batches of all sizes.
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

/* With threads: writers that overtake the reader, or do not. */
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
	/* Else the test has not tried what it is for. */
	assert_in_range(run_threads(16), 1, RINGS * PER_WRITER - 1);
}

static void test_threads_and_large_rings(void **state)
{
	(void)state;
	assert_int_equal(run_threads(65536), 0);
}

/* For a profiler: what one more record costs. Not a test by itself. */
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
		cmocka_unit_test(test_threads_and_small_rings),
		cmocka_unit_test(test_threads_and_large_rings),
	};

	if (argc == 2)
		return drain(atoi(argv[1]));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
