// SPDX-License-Identifier: GPL-2.0
#include "stream_stub.h"

#include <linux/irqflags.h>

#include "conn.h"
#include "stream.h"
#include "unit.h"

#define CPU	3U

u8 stream_old_byte;

static struct tcpstates_record slot;
static unsigned int count;
static bool begun;
static u64 next_seq;

struct tcpstates_record *tcps_stream_begin(void)
{
	must(shim_irqs_off);
	must(!begun);
	begun = true;
	memset(&slot, stream_old_byte, sizeof(slot));
	slot.cpu = CPU;
	slot.seq = next_seq++;
	return &slot;
}

void tcps_stream_commit(struct tcpstates_record *record)
{
	must(shim_irqs_off);
	must(begun);
	must(record == &slot);
	/* Whoever holds the lock of the chain does not get further than here. */
	tcps_conn_unlock(tcps_conn_lock(record->conn));
	begun = false;
	count++;
}

struct tcpstates_record stream_take(void)
{
	must(!begun);
	assert_int_equal(count, 1);
	count = 0;
	assert_int_equal(slot.size, sizeof(slot));
	assert_int_equal(slot.version, TCPSTATES_ABI_VERSION);
	assert_int_equal(slot.event, TCPSTATES_EVENT_TRANSITION);
	assert_int_equal(slot.cpu, CPU);
	assert_int_equal(slot.seq, next_seq - 1);
	return slot;
}

unsigned int stream_count(void)
{
	must(!begun);
	return count;
}
