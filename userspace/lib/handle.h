/* SPDX-License-Identifier: GPL-2.0 */
/* A handle of the library. */
#ifndef _TCPS_HANDLE_H
#define _TCPS_HANDLE_H

#include "batch.h"

/**
 * struct tcpstates - a handle
 * @fd: the open device, or -1
 * @records: the stream out of @fd
 * @lost: records lost while the rings were mapped, beyond those that @fd counts;
 *	set when they are unmapped
 */
struct tcpstates {
	int fd;
	struct tcps_batch records;
	__u64 lost;
};

#endif /* _TCPS_HANDLE_H */
