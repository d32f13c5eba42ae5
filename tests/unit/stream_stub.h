/* SPDX-License-Identifier: GPL-2.0 */
/* Replaces the module's stream.c: keeps the last records for tests. */
#ifndef _STREAM_STUB_H
#define _STREAM_STUB_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

/* Every byte of the memory that a record is written to. */
extern u8 stream_old_byte;

/* The only transition since the last call. */
struct tcpstates_record stream_take(void);

/* All records since the last call, which must be of @event; returns how many. */
unsigned int stream_take_all(struct tcpstates_record records[], u8 event);

/* The number of records since the last call of these. */
unsigned int stream_count(void);

#endif /* _STREAM_STUB_H */
