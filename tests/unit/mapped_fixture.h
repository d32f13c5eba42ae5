/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The library over mapped rings. Its sources are included, so that the device is
 * one of the test's: its rings are memory of the test, and its file in the kernel
 * has a position of its own.
 */
#ifndef _TCPS_MAPPED_FIXTURE_H
#define _TCPS_MAPPED_FIXTURE_H

#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/ktime.h>

#include "filter.h"
#include "merge.h"

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
	struct tcps_merge *merge;
	bool pending;
	struct tcpstates_record record;
	/* Called while poll() waits. */
	void (*on_wait)(void);
} device;

static u64 now, next_seq[RINGS];

static inline void make_device(u64 records)
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
	device.merge = malloc(tcps_merge_size(RINGS));
	must(device.merge);
	tcps_merge_init(device.merge, device.pointers, RINGS, 0, 0);
}

static inline void free_device(void)
{
	assert_int_equal(device.maps, 0);
	free(device.merge);
	free(device.memory);
}

static inline int device_open(const char *path, int mode)
{
	assert_string_equal(path, TCPSTATES_DEVICE);
	tcps_merge_skip(device.merge);
	return (openat)(AT_FDCWD, "/dev/null", mode);
}

static inline void *device_mmap(void *address, size_t size, int protection, int flags,
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

static inline int device_munmap(void *address, size_t size)
{
	must(address == device.memory && size == device.size);
	device.maps--;
	return 0;
}

static inline bool is_readable(void)
{
	if (!device.pending)
		device.pending = tcps_merge_next(device.merge,
						 &device.record);
	return device.pending;
}

static inline ssize_t device_read(int fd, void *buffer, size_t size)
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

static inline int device_poll(struct pollfd *fds, nfds_t count, int timeout)
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

static inline int device_ioctl(int fd, unsigned long command, ...)
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
		stats->reader_lost = device.merge->lost;
		break;
	case TCPSTATES_IOC_SET_FORMAT:
		break;
	case TCPSTATES_IOC_SET_FILTER:
		filter = argument;
		if (tcps_filter_check(filter)) {
			errno = EINVAL;
			return -1;
		}
		tcps_merge_set_filter(device.merge, filter);
		device.pending &= tcps_filter_match(filter, &device.record);
		break;
	case TCPSTATES_IOC_REWIND:
		tcps_merge_rewind(device.merge);
		device.pending = false;
		break;
	case TCPSTATES_IOC_SNAPSHOT:
		/* It has no rows here. */
		device.is_snapshot = true;
		tcps_merge_skip(device.merge);
		device.pending = false;
		break;
	case TCPSTATES_IOC_NOW:
		tcps_merge_skip(device.merge);
		device.pending = false;
		break;
	default:
		must(false);
	}
	return 0;
}

static inline u64 sum(const struct tcpstates_record *record)
{
	return (record->boot_ns ^ record->seq << 40 ^ record->cpu) *
	       0x9E3779B97F4A7C15ULL;
}

static inline void put_at(unsigned int cpu, u8 new_state, u64 boot_ns)
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

static inline void put(unsigned int cpu)
{
	put_at(cpu, TCPSTATES_CLOSE, 0);
}

static inline void put_many(unsigned int cpu, unsigned int count)
{
	while (count--)
		put(cpu);
}

static inline struct tcpstates *open_stream(unsigned int flags)
{
	struct tcpstates *stream = tcpstates_open(NULL, flags);

	assert_non_null(stream);
	return stream;
}

static inline void expect(struct tcpstates *stream, unsigned int cpu)
{
	const struct tcpstates_record *record;

	assert_int_equal(tcpstates_next(stream, &record), 1);
	assert_int_equal(record->event, TCPSTATES_EVENT_TRANSITION);
	assert_int_equal(record->cpu, cpu);
	assert_int_equal(record->conn, sum(record));
	assert_int_equal(record->seq, next_seq[cpu]++);
}

static inline u64 expect_lost(struct tcpstates *stream)
{
	const struct tcpstates_record *record;

	assert_int_equal(tcpstates_next(stream, &record), 1);
	assert_int_equal(record->event, TCPSTATES_EVENT_LOST);
	return record->count;
}

static inline void expect_nothing(struct tcpstates *stream)
{
	const struct tcpstates_record *record = NULL;

	assert_false(tcpstates_buffered(stream));
	assert_false(is_readable());
	assert_int_equal(tcpstates_next(stream, &record), 0);
	assert_null(record);
	assert_false(tcpstates_buffered(stream));
	assert_false(is_readable());
}

#endif /* _TCPS_MAPPED_FIXTURE_H */
