/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module's rings, mapped, to be read without a system call for each batch. It
 * does not wait for records.
 */
#ifndef _TCPS_MAPPED_H
#define _TCPS_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "linux/tcpstates.h"

struct tcps_mapped;

struct tcps_mapped *tcps_mapped_make(int fd, const struct tcpstates_info *info);
void tcps_mapped_free(struct tcps_mapped *mapped);

ssize_t tcps_mapped_read(struct tcps_mapped *mapped,
			 struct tcpstates_record *records, size_t room);
bool tcps_mapped_buffered(const struct tcps_mapped *mapped);
void tcps_mapped_filter(struct tcps_mapped *mapped,
			const struct tcpstates_filter *filter);
void tcps_mapped_rewind(struct tcps_mapped *mapped);
__u64 tcps_mapped_lost(const struct tcps_mapped *mapped);

#endif /* _TCPS_MAPPED_H */
