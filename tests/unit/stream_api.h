/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In the place of the module's stream.h, whose guard it takes: what records is
 * a test's business. Included before all else (-include).
 */
#ifndef _TCPS_STREAM_H
#define _TCPS_STREAM_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

struct tcps_stream_cpu {
	u32 cpu;
};

struct tcps_stream_cpu *tcps_stream_enter(void);
struct tcpstates_record *tcps_stream_begin(struct tcps_stream_cpu *stream,
					   u64 *number);
u64 tcps_stream_real_ns(struct tcps_stream_cpu *stream, u64 boot_ns);
void tcps_stream_commit(struct tcps_stream_cpu *stream, u64 number);
void tcps_stream_leave(struct tcps_stream_cpu *stream,
		       const struct tcpstates_record *record);

#endif /* _TCPS_STREAM_H */
