// SPDX-License-Identifier: GPL-2.0
/*
 * Sleeping without missing anything: TCPSTATES_IOC_NOW puts the file's own
 * position, in the kernel, to this moment; then the rings are looked at once
 * more. What came before the call is seen then; what comes after it makes the
 * file readable, if it passes the filter, which the kernel has as well.
 */
#include "mapped.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "reader.h"
#include "ring.h"

static bool can_be_mapped(const struct tcpstates_info *info)
{
	return info->map_ring && info->cpus && info->ring_records &&
	       !(info->ring_records & (info->ring_records - 1)) &&
	       info->record_size == sizeof(struct tcpstates_record) &&
	       info->map_slots >= sizeof(struct tcpstates_ring) &&
	       info->map_ring >= info->map_slots +
				 (unsigned long long)info->ring_records *
				 info->record_size &&
	       info->map_ring <= SIZE_MAX / info->cpus;
}

static void place_rings(struct tcps_mapped *mapped,
			const struct tcpstates_info *info)
{
	unsigned int i;

	for (i = 0; i < info->cpus; i++) {
		char *begin = (char *)mapped->memory + i * info->map_ring;

		mapped->rings[i] = (struct tcps_ring) {
			.shared = (void *)begin,
			.slots = (void *)(begin + info->map_slots),
			.mask = info->ring_records - 1,
		};
		mapped->pointers[i] = &mapped->rings[i];
	}
}

/* Map what @info describes, from now on. 0, or -1 if that is not to be had. */
int tcps_mapped_init(struct tcps_mapped *mapped, int fd,
		     const struct tcpstates_info *info)
{
	*mapped = (struct tcps_mapped) { .fd = fd };
	if (!can_be_mapped(info))
		return -1;
	mapped->size = info->map_ring * info->cpus;
	mapped->memory = mmap(NULL, mapped->size, PROT_READ, MAP_SHARED, fd, 0);
	if (mapped->memory == MAP_FAILED) {
		mapped->memory = NULL;
		return -1;
	}
	mapped->rings = calloc(info->cpus, sizeof(*mapped->rings));
	mapped->pointers = calloc(info->cpus, sizeof(*mapped->pointers));
	mapped->reader = malloc(tcps_reader_size(info->cpus));
	if (!mapped->rings || !mapped->pointers || !mapped->reader) {
		tcps_mapped_free(mapped);
		return -1;
	}
	place_rings(mapped, info);
	tcps_reader_init(mapped->reader, mapped->pointers, info->cpus, 0);
	return 0;
}

void tcps_mapped_free(struct tcps_mapped *mapped)
{
	free(mapped->reader);
	free(mapped->pointers);
	free(mapped->rings);
	if (mapped->memory)
		munmap(mapped->memory, mapped->size);
	*mapped = (struct tcps_mapped) { .fd = -1 };
}

/* 1 when there may be more, -1 and errno. */
static int wait_for_more(struct tcps_mapped *mapped)
{
	struct pollfd ready = { .fd = mapped->fd, .events = POLLIN };

	if (poll(&ready, 1, -1) < 0)
		return -1;
	mapped->awaited = false;
	return 1;
}

/* tcpstates_next() */
int tcps_mapped_next(struct tcps_mapped *mapped, bool wait,
		     const struct tcpstates_record **record)
{
	for (;;) {
		if (tcps_reader_next(mapped->reader, &mapped->item)) {
			mapped->awaited = false;
			*record = &mapped->item;
			return 1;
		}
		if (!mapped->awaited) {
			if (ioctl(mapped->fd, TCPSTATES_IOC_NOW) < 0)
				return -1;
			mapped->awaited = true;
			continue;
		}
		if (!wait)
			return 0;
		if (wait_for_more(mapped) < 0)
			return -1;
	}
}

/* tcpstates_buffered() */
bool tcps_mapped_buffered(const struct tcps_mapped *mapped)
{
	return mapped->reader->turn_count;
}

void tcps_mapped_filter(struct tcps_mapped *mapped,
			const struct tcpstates_filter *filter)
{
	tcps_reader_set_filter(mapped->reader, filter);
}

void tcps_mapped_rewind(struct tcps_mapped *mapped)
{
	tcps_reader_rewind(mapped->reader);
	mapped->awaited = false;
}

/* Records that this place has missed so far. */
unsigned long long tcps_mapped_lost(const struct tcps_mapped *mapped)
{
	return mapped->reader->lost;
}
