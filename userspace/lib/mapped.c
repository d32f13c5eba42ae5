// SPDX-License-Identifier: GPL-2.0
/*
 * The module's merge (merge.c), compiled into the library, over the module's rings
 * as mmap() of the device gives them. So the order of records is defined once.
 *
 * The file has a position of its own in the kernel, which poll() uses. Whenever
 * nothing is left here, that position is moved to now, and the rings are looked at
 * once more. So when tcps_mapped_buffered() is false and no record is at hand, the
 * file is readable if and only if there is something to read here: earlier records
 * were found by the last look or did not match, and the kernel reports later ones.
 */
#include "mapped.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "filter.h"
#include "merge.h"
#include "ring.h"

/**
 * struct tcps_mapped - mapped rings and a position in them
 * @fd: the device; not owned
 * @memory: the rings
 * @size: bytes of @memory
 * @rings: where each of them is
 * @pointers: to each of @rings
 * @merge: the position
 * @has_next: @next has been read and not been given
 * @next: an item
 */
struct tcps_mapped {
	int fd;
	unsigned char *memory;
	size_t size;
	struct tcps_ring *rings;
	struct tcps_ring **pointers;
	struct tcps_merge *merge;
	bool has_next;
	struct tcpstates_record next;
};

/* Whether the layout of the rings is one that this library knows. */
static bool is_known(const struct tcpstates_info *info)
{
	__u64 page = sysconf(_SC_PAGESIZE), size;

	if (!info->map_ring || !info->cpus || !info->ring_records ||
	    info->record_size != sizeof(struct tcpstates_record) ||
	    info->ring_records & (info->ring_records - 1))
		return false;
	if (info->map_ring % page ||
	    info->map_slots % sizeof(__u64) ||
	    info->map_slots < sizeof(struct tcpstates_ring) ||
	    info->map_slots > info->map_ring)
		return false;
	size = (__u64)info->ring_records * info->record_size;
	return size <= info->map_ring - info->map_slots &&
	       !__builtin_mul_overflow(info->map_ring, info->cpus, &size) &&
	       size <= SIZE_MAX;
}

static void find_rings(struct tcps_mapped *mapped,
		       const struct tcpstates_info *info)
{
	unsigned int i;

	for (i = 0; i < info->cpus; i++) {
		unsigned char *ring = mapped->memory + i * info->map_ring;

		mapped->rings[i] = (struct tcps_ring) {
			.shared = (struct tcpstates_ring *)ring,
			.slots = (struct tcpstates_record *)
				 (ring + info->map_slots),
			.mask = info->ring_records - 1,
		};
		mapped->pointers[i] = &mapped->rings[i];
	}
}

/* In the library, signals do not end a search. */
static bool has_item(struct tcps_mapped *mapped,
		     struct tcpstates_record *record)
{
	return tcps_merge_next(mapped->merge, record) == TCPS_FOUND_ITEM;
}

/* Fetch the next item, if there is one. */
static bool fetch_next(struct tcps_mapped *mapped)
{
	if (!mapped->has_next)
		mapped->has_next = has_item(mapped, &mapped->next);
	return mapped->has_next;
}

/*
 * Nothing is left: move the file's position to this one, then fetch the next item
 * if there is one by now. 0, or -1 and errno.
 */
static int catch_up(struct tcps_mapped *mapped)
{
	if (ioctl(mapped->fd, TCPSTATES_IOC_NOW) < 0)
		return -1;
	fetch_next(mapped);
	return 0;
}

/* Starts at this moment. NULL and errno if the rings cannot be mapped. */
struct tcps_mapped *tcps_mapped_make(int fd, const struct tcpstates_info *info)
{
	struct tcps_mapped *mapped;

	if (!is_known(info)) {
		errno = ENODEV;
		return NULL;
	}
	mapped = calloc(1, sizeof(*mapped));
	if (!mapped)
		return NULL;
	mapped->fd = fd;
	mapped->size = info->map_ring * info->cpus;
	mapped->memory = mmap(NULL, mapped->size, PROT_READ, MAP_SHARED, fd, 0);
	if (mapped->memory == MAP_FAILED)
		goto err_free;
	mapped->rings = calloc(info->cpus, sizeof(*mapped->rings));
	mapped->pointers = calloc(info->cpus, sizeof(*mapped->pointers));
	mapped->merge = malloc(tcps_merge_size(info->cpus));
	if (!mapped->rings || !mapped->pointers || !mapped->merge)
		goto err_free;
	find_rings(mapped, info);
	tcps_merge_init(mapped->merge, mapped->pointers, info->cpus, 0, 0);
	if (catch_up(mapped))
		goto err_free;
	return mapped;

err_free:
	tcps_mapped_free(mapped); /* takes unfinished ones */
	return NULL;
}

void tcps_mapped_free(struct tcps_mapped *mapped)
{
	int error = errno;

	if (!mapped)
		return;
	if (mapped->memory != MAP_FAILED)
		munmap(mapped->memory, mapped->size);
	free(mapped->rings);
	free(mapped->pointers);
	free(mapped->merge);
	free(mapped);
	errno = error;
}

/* Returns as many records as there are and fit. */
static size_t take_records(struct tcps_mapped *mapped,
			   struct tcpstates_record *records, size_t room)
{
	const struct tcpstates_record *slot;
	size_t count = 0;

	if (room && mapped->has_next) {
		mapped->has_next = false;
		records[count++] = mapped->next;
	}
	while (count < room) {
		size_t run = tcps_merge_copy(mapped->merge, &records[count],
					     room - count);

		if (run) {
			count += run;
			continue;
		}
		slot = tcps_merge_peek(mapped->merge);
		if (slot) {
			tcps_ring_copy(slot, &records[count]);
			count += tcps_merge_take(mapped->merge);
		} else if (has_item(mapped, &records[count])) {
			count++;
		} else {
			break;
		}
	}
	return count;
}

/* Returns the number of records that were read; -1 and errno. */
ssize_t tcps_mapped_read(struct tcps_mapped *mapped,
			 struct tcpstates_record *records, size_t room)
{
	size_t count = 0;

	do {
		count += take_records(mapped, records + count, room - count);
		if ((count < room || !fetch_next(mapped)) && catch_up(mapped))
			return count ? (ssize_t)count : -1;
	} while (count < room && mapped->has_next);
	return count;
}

/* Whether tcps_mapped_read() returns a record without a system call. */
bool tcps_mapped_buffered(const struct tcps_mapped *mapped)
{
	return mapped->has_next;
}

/* The kernel has accepted @filter and applied it to the file. */
void tcps_mapped_filter(struct tcps_mapped *mapped,
			const struct tcpstates_filter *filter)
{
	tcps_merge_set_filter(mapped->merge, filter);
	if (mapped->has_next)
		mapped->has_next = tcps_filter_match(filter, &mapped->next);
	if (!fetch_next(mapped))
		catch_up(mapped);
}

/* The file in the kernel has been rewound. */
void tcps_mapped_rewind(struct tcps_mapped *mapped)
{
	mapped->has_next = false;
	tcps_merge_rewind(mapped->merge);
	if (!fetch_next(mapped))
		catch_up(mapped);
}

/* Number of records lost. */
__u64 tcps_mapped_lost(const struct tcps_mapped *mapped)
{
	return mapped->merge->lost;
}
