/* SPDX-License-Identifier: GPL-2.0 */
/* What a handle of the library consists of. */
#ifndef _TCPS_HANDLE_H
#define _TCPS_HANDLE_H

#include "batch.h"
#include "mapped.h"

/**
 * struct tcpstates - a handle
 * @fd: the open device, or -1
 * @nonblock: tcpstates_next() does not wait
 * @records: the stream out of @fd, if it is not mapped
 * @mapped: the stream out of the rings, if it is
 */
struct tcpstates {
	int fd;
	bool nonblock;
	struct tcps_batch records;
	struct tcps_mapped mapped;
};

static inline bool is_mapped(const struct tcpstates *stream)
{
	return stream->mapped.reader;
}

#endif /* _TCPS_HANDLE_H */
