// SPDX-License-Identifier: GPL-2.0
/*
 * The library's way to read the rings themselves. Its source is included, so
 * that mmap(), ioctl() and poll() are those of a device in here, whose rings are
 * memory of the test's.
 */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static void *device_mmap(void *address, size_t size, int protection, int flags,
			 int fd, long offset);
static int device_munmap(void *address, size_t size);
static int device_ioctl(int fd, unsigned long command, ...);
static int device_poll(struct pollfd *fds, unsigned long count, int timeout);

#define mmap			device_mmap
#define munmap			device_munmap
#define ioctl			device_ioctl
#define poll			device_poll

#include "../../userspace/lib/mapped.c"
#include "../../userspace/lib/nosnapshot.c"

#define FD		7
#define CPUS		3U
#define SLOTS		8U
#define SIZE		sizeof(struct tcpstates_record)
#define SLOTS_AT	4096U
#define STRIDE		(SLOTS_AT + SLOTS * SIZE)

/* The device. */
static struct {
	char *memory;
	struct tcps_ring rings[CPUS];
	unsigned int maps;
	bool refuses;
	unsigned int nows;
	unsigned int polls;
	int poll_error;
	void (*when_asked)(void);	/* while the program asks or waits */
} device;

static const struct tcpstates_info offered = {
	.abi_version = TCPSTATES_ABI_VERSION,
	.record_size = SIZE,
	.cpus = CPUS,
	.ring_records = SLOTS,
	.map_ring = STRIDE,
	.map_slots = SLOTS_AT,
};

/* Only a loss of which nothing survived is told with it. */
u64 ktime_get_real_ns(void)
{
	return 1000;
}

u64 ktime_get_boottime_ns(void)
{
	return 0;
}

static void *device_mmap(void *address, size_t size, int protection, int flags,
			 int fd, long offset)
{
	assert_null(address);
	assert_int_equal(size, CPUS * STRIDE);
	assert_int_equal(protection, PROT_READ);
	assert_int_equal(flags, MAP_SHARED);
	assert_int_equal(fd, FD);
	assert_int_equal(offset, 0);
	if (device.refuses) {
		errno = EPERM;
		return MAP_FAILED;
	}
	device.maps++;
	return device.memory;
}

static int device_munmap(void *address, size_t size)
{
	assert_ptr_equal(address, device.memory);
	assert_int_equal(size, CPUS * STRIDE);
	device.maps--;
	return 0;
}

static void something_happens(void)
{
	void (*happens)(void) = device.when_asked;

	device.when_asked = NULL;
	if (happens)
		happens();
}

static int device_ioctl(int fd, unsigned long command, ...)
{
	assert_int_equal(fd, FD);
	assert_int_equal(command, TCPSTATES_IOC_NOW);
	device.nows++;
	something_happens();
	return 0;
}

static int device_poll(struct pollfd *fds, unsigned long count, int timeout)
{
	assert_int_equal(fds->fd, FD);
	assert_int_equal(fds->events, POLLIN);
	assert_int_equal(count, 1);
	assert_int_equal(timeout, -1);
	device.polls++;
	something_happens();
	errno = device.poll_error;
	return device.poll_error ? -1 : 1;
}

static int setup(void **state)
{
	unsigned int i;

	(void)state;
	memset(&device, 0, sizeof(device));
	device.memory = calloc(CPUS, STRIDE);
	must(device.memory);
	for (i = 0; i < CPUS; i++) {
		char *begin = device.memory + i * STRIDE;

		device.rings[i] = (struct tcps_ring) {
			.shared = (void *)begin,
			.slots = (void *)(begin + SLOTS_AT),
			.mask = SLOTS - 1,
		};
		device.rings[i].shared->records = SLOTS;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(device.maps, 0);
	free(device.memory);
	return 0;
}

static void put_record(unsigned int cpu, u64 boot_ns, u16 lport)
{
	struct tcpstates_record record = {
		.size = SIZE,
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.boot_ns = boot_ns,
		.cpu = cpu,
		.known = TCPSTATES_KNOW_LPORT,
		.lport = lport,
	};
	struct tcps_ring *ring = &device.rings[cpu];

	record.seq = begin_record(ring);
	write_slot(ring, record.seq, &record);
	end_record(ring, record.seq);
}

static void put(unsigned int cpu, u64 boot_ns)
{
	put_record(cpu, boot_ns, 80);
}

static void expect(struct tcps_mapped *mapped, unsigned int cpu, u64 boot_ns)
{
	const struct tcpstates_record *record;

	assert_int_equal(tcps_mapped_next(mapped, false, &record), 1);
	assert_int_equal(record->event, TCPSTATES_EVENT_TRANSITION);
	assert_int_equal(record->cpu, cpu);
	assert_int_equal(record->boot_ns, boot_ns);
}

static void expect_nothing(struct tcps_mapped *mapped)
{
	const struct tcpstates_record *record = NULL;

	assert_int_equal(tcps_mapped_next(mapped, false, &record), 0);
	assert_null(record);
}

static void open_map(struct tcps_mapped *mapped)
{
	assert_int_equal(tcps_mapped_init(mapped, FD, &offered), 0);
	assert_int_equal(device.maps, 1);
}

static void test_in_order_of_time(void **state)
{
	struct tcps_mapped mapped;

	(void)state;
	put(0, 5);
	open_map(&mapped);
	expect_nothing(&mapped);
	put(2, 10);
	put(0, 12);
	put(1, 11);
	put(0, 13);
	expect(&mapped, 2, 10);
	assert_true(tcps_mapped_buffered(&mapped));
	expect(&mapped, 1, 11);
	expect(&mapped, 0, 12);
	expect(&mapped, 0, 13);
	assert_false(tcps_mapped_buffered(&mapped));
	expect_nothing(&mapped);
	tcps_mapped_rewind(&mapped);
	expect(&mapped, 0, 5);
	expect(&mapped, 2, 10);
	tcps_mapped_free(&mapped);
}

static void test_losses(void **state)
{
	const struct tcpstates_record *record;
	struct tcps_mapped mapped;
	u64 i;

	(void)state;
	open_map(&mapped);
	for (i = 0; i < 3 * SLOTS; i++)
		put(1, 100 + i);
	assert_int_equal(tcps_mapped_next(&mapped, false, &record), 1);
	assert_int_equal(record->event, TCPSTATES_EVENT_LOST);
	assert_int_equal(record->count + 100, record->boot_ns);
	assert_int_equal(tcps_mapped_lost(&mapped), record->count);
	for (i = record->boot_ns; i < 100 + 3 * SLOTS; i++)
		expect(&mapped, 1, i);
	expect_nothing(&mapped);
	tcps_mapped_free(&mapped);
}

static void test_filter(void **state)
{
	struct tcpstates_filter filter = { .lport_min = 443, .lport_max = 443 };
	struct tcps_mapped mapped;

	(void)state;
	open_map(&mapped);
	tcps_mapped_filter(&mapped, &filter);
	put(0, 1);
	put_record(1, 2, 443);
	put(1, 3);
	expect(&mapped, 1, 2);
	expect_nothing(&mapped);
	tcps_mapped_free(&mapped);
}

/* A CPU without memory: its slots must not be touched, what it had is lost. */
static void test_ring_without_slots(void **state)
{
	const struct tcpstates_record *record;
	struct tcps_mapped mapped;

	(void)state;
	open_map(&mapped);
	device.rings[2].shared->records = 0;
	put(2, 1);
	put(2, 2);
	put(0, 3);
	assert_int_equal(tcps_mapped_next(&mapped, false, &record), 1);
	assert_int_equal(record->event, TCPSTATES_EVENT_LOST);
	assert_int_equal(record->count, 2);
	expect(&mapped, 0, 3);
	tcps_mapped_free(&mapped);
}

static void one_more(void)
{
	put(0, 50);
}

/* The kernel is asked once, when there is nothing, and not while there is. */
static void test_asks_when_there_is_nothing(void **state)
{
	struct tcps_mapped mapped;

	(void)state;
	open_map(&mapped);
	put(0, 1);
	put(0, 2);
	expect(&mapped, 0, 1);
	expect(&mapped, 0, 2);
	assert_int_equal(device.nows, 0);
	expect_nothing(&mapped);
	assert_int_equal(device.nows, 1);
	expect_nothing(&mapped);
	assert_int_equal(device.nows, 1);
	put(0, 3);
	expect(&mapped, 0, 3);
	expect_nothing(&mapped);
	assert_int_equal(device.nows, 2);
	assert_int_equal(device.polls, 0);
	tcps_mapped_free(&mapped);
}

/* What comes while the kernel is asked is not slept over. */
static void test_looks_once_more(void **state)
{
	struct tcps_mapped mapped;

	(void)state;
	open_map(&mapped);
	device.when_asked = one_more;
	expect(&mapped, 0, 50);
	assert_int_equal(device.nows, 1);
	tcps_mapped_free(&mapped);
}

static void test_waits(void **state)
{
	const struct tcpstates_record *record;
	struct tcps_mapped mapped;

	(void)state;
	open_map(&mapped);
	expect_nothing(&mapped);
	device.when_asked = one_more;
	assert_int_equal(tcps_mapped_next(&mapped, true, &record), 1);
	assert_int_equal(record->boot_ns, 50);
	assert_int_equal(device.polls, 1);
	device.poll_error = EINTR;
	errno = 0;
	assert_int_equal(tcps_mapped_next(&mapped, true, &record), -1);
	assert_int_equal(errno, EINTR);
	device.poll_error = 0;
	device.when_asked = one_more;
	assert_int_equal(tcps_mapped_next(&mapped, true, &record), 1);
	tcps_mapped_free(&mapped);
}

static void expect_refused(const struct tcpstates_info *info)
{
	struct tcps_mapped mapped;

	assert_int_equal(tcps_mapped_init(&mapped, FD, info), -1);
	assert_null(mapped.reader);
	tcps_mapped_free(&mapped);
}

/* Nothing is mapped that would be read beyond its end. */
static void test_layouts_that_cannot_be(void **state)
{
	struct tcpstates_info info;

	(void)state;
#define REFUSE(member, value) \
	do { \
		info = offered; \
		info.member = (value); \
		expect_refused(&info); \
	} while (0)
	REFUSE(map_ring, 0);
	REFUSE(map_ring, STRIDE - 1);
	REFUSE(map_ring, SIZE_MAX / 2);
	REFUSE(map_slots, 0);
	REFUSE(map_slots, sizeof(struct tcpstates_ring) - 1);
	REFUSE(map_slots, SLOTS_AT + 1);
	REFUSE(cpus, 0);
	REFUSE(ring_records, 0);
	REFUSE(ring_records, SLOTS - 1);
	REFUSE(ring_records, 2 * SLOTS);
	REFUSE(record_size, SIZE + 8);
	assert_int_equal(device.maps, 0);
}

static void test_mmap_fails(void **state)
{
	(void)state;
	device.refuses = true;
	expect_refused(&offered);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_order_of_time),
		TEST(test_losses),
		TEST(test_filter),
		TEST(test_ring_without_slots),
		TEST(test_asks_when_there_is_nothing),
		TEST(test_looks_once_more),
		TEST(test_waits),
		TEST(test_layouts_that_cannot_be),
		TEST(test_mmap_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
