/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mmap() of the rings, read-only: those of all possible CPUs one after the other,
 * each with its page of counters and then its slots.
 *
 * Context: process.
 */
#ifndef _TCPS_MAP_H
#define _TCPS_MAP_H

#include <linux/mm.h>
#include <linux/types.h>

struct vm_area_struct;

/* Offset of the slots from the beginning of a ring. */
#define TCPS_MAP_SLOTS	PAGE_SIZE

u64 tcps_map_stride(void);
int tcps_map(struct vm_area_struct *vma);

#endif /* _TCPS_MAP_H */
