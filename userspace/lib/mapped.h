/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stream out of the rings themselves, mapped into this program's memory. The
 * merge is the module's own (reader.c, ring.c, filter.c); nothing is asked of
 * the kernel while there is something to read.
 */
#ifndef _TCPS_MAPPED_H
#define _TCPS_MAPPED_H

#include <stdbool.h>
#include <stddef.h>

#include "linux/tcpstates.h"

struct tcps_reader;
struct tcps_ring;

/**
 * struct tcps_mapped - the rings, and a place in them
 * @fd: the device; not owned
 * @memory: the map, or NULL if there is none
 * @size: of @memory
 * @rings: one for each CPU
 * @pointers: to @rings, as the reader wants them
 * @reader: the place; NULL if there is no map
 * @awaited: the kernel tells by poll() when there is more
 * @item: the record that was given out last
 */
struct tcps_mapped {
	int fd;
	void *memory;
	size_t size;
	struct tcps_ring *rings;
	struct tcps_ring **pointers;
	struct tcps_reader *reader;
	bool awaited;
	struct tcpstates_record item;
};

int tcps_mapped_init(struct tcps_mapped *mapped, int fd,
		     const struct tcpstates_info *info);
void tcps_mapped_free(struct tcps_mapped *mapped);

int tcps_mapped_next(struct tcps_mapped *mapped, bool wait,
		     const struct tcpstates_record **record);
bool tcps_mapped_buffered(const struct tcps_mapped *mapped);
void tcps_mapped_filter(struct tcps_mapped *mapped,
			const struct tcpstates_filter *filter);
void tcps_mapped_rewind(struct tcps_mapped *mapped);
unsigned long long tcps_mapped_lost(const struct tcps_mapped *mapped);

#endif /* _TCPS_MAPPED_H */
