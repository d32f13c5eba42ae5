// SPDX-License-Identifier: GPL-2.0
#include "stream_stub.h"

#include <linux/irqflags.h>
#include <linux/ktime.h>

#include "conn.h"
#include "stream.h"
#include "unit.h"

#define CPU	3U
#define KEPT	256U

u8 stream_old_byte;

static struct tcps_stream_cpu stream = { .cpu = CPU };
static struct tcpstates_record slots[KEPT], *slot;
static unsigned int count;
static bool entered, begun, committed;
static u64 next_seq;

struct tcps_stream_cpu *tcps_stream_enter(void)
{
	must(shim_irqs_off);
	must(!entered);
	entered = true;
	return &stream;
}

struct tcpstates_record *tcps_stream_begin(struct tcps_stream_cpu *of,
					   u64 *number)
{
	must(shim_irqs_off);
	must(entered && !begun && of == &stream);
	begun = true;
	must(count < KEPT);
	slot = &slots[count];
	memset(slot, stream_old_byte, sizeof(*slot));
	*number = next_seq;
	return slot;
}

u64 tcps_stream_real_ns(struct tcps_stream_cpu *of, u64 boot_ns)
{
	must(begun && of == &stream);
	return boot_ns + SHIM_REAL_OFFSET;
}

void tcps_stream_commit(struct tcps_stream_cpu *of, u64 number)
{
	must(shim_irqs_off);
	must(begun && of == &stream);
	must(number == next_seq);
	next_seq++;
	begun = false;
	committed = true;
	count++;
}

void tcps_stream_leave(struct tcps_stream_cpu *of,
		       const struct tcpstates_record *record)
{
	must(shim_irqs_off);
	must(entered && !begun && of == &stream);
	must(record == (committed ? slot : NULL));
	/* Deadlocks if the lock of the chain is still held. */
	if (record)
		tcps_conn_unlock(tcps_conn_lock(record->conn));
	entered = false;
	committed = false;
}

unsigned int stream_take_all(struct tcpstates_record records[], u8 event)
{
	unsigned int i, taken = count;

	must(!entered);
	for (i = 0; i < taken; i++) {
		assert_int_equal(slots[i].size, sizeof(*slot));
		assert_int_equal(slots[i].version, TCPSTATES_ABI_VERSION);
		assert_int_equal(slots[i].event, event);
		assert_int_equal(slots[i].cpu, CPU);
		assert_int_equal(slots[i].seq, next_seq - taken + i);
		records[i] = slots[i];
	}
	count = 0;
	return taken;
}

struct tcpstates_record stream_take(void)
{
	struct tcpstates_record records[KEPT];

	assert_int_equal(stream_take_all(records, TCPSTATES_EVENT_TRANSITION),
			 1);
	return records[0];
}

unsigned int stream_count(void)
{
	must(!entered);
	return count;
}
