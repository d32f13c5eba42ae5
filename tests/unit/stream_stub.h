/* SPDX-License-Identifier: GPL-2.0 */
/* In the place of the module's stream.c: the last records, to look at. */
#ifndef _STREAM_STUB_H
#define _STREAM_STUB_H

#include <linux/types.h>

#include "uapi/tcpstates.h"

/* What the place of a record holds before, in every byte. */
extern u8 stream_old_byte;

/* The transition since the last call; there must be one and no more. */
struct tcpstates_record stream_take(void);

/* Those of @event since then, up to eight; there must be no others. */
unsigned int stream_take_all(struct tcpstates_record records[], u8 event);

/* How many there are since then. */
unsigned int stream_count(void);

#endif /* _STREAM_STUB_H */
