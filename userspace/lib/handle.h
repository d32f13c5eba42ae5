/* SPDX-License-Identifier: GPL-2.0 */
/* What a handle of the library consists of. */
#ifndef _TCPS_HANDLE_H
#define _TCPS_HANDLE_H

#include "batch.h"

/**
 * struct tcpstates - a handle
 * @fd: the open device, or -1
 * @records: the stream out of @fd
 * @lost: what mapped rings have missed that @fd has not, once they are not read
 *	any more
 */
struct tcpstates {
	int fd;
	struct tcps_batch records;
	__u64 lost;
};

#endif /* _TCPS_HANDLE_H */
