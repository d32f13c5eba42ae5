/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stream: one ring for each CPU, the moment of recording, and the wake-up
 * of readers. Everything that happens on the hot path after a transition has
 * been understood.
 *
 * Context: process, where nothing else is said.
 */
#ifndef _TCPS_STREAM_H
#define _TCPS_STREAM_H

#include <linux/types.h>
#include <linux/wait.h>

struct tcps_ring;
struct tcpstates_record;
struct tcpstates_stats;

#define TCPS_STREAM_RECORDS_MIN		64U
#define TCPS_STREAM_RECORDS_MAX		4194304U

/* Microseconds between two wake-ups at least; may change at any time. */
extern unsigned int tcps_stream_batch_us;

int tcps_stream_init(unsigned int records);
void tcps_stream_exit(void);

/* Writers: any context but NMI and hard interrupt, with interrupts off. */
struct tcpstates_record *tcps_stream_begin(void);
void tcps_stream_commit(struct tcpstates_record *record);

/* Readers. Context: process. */
struct tcps_ring *const *tcps_stream_rings(void);
unsigned int tcps_stream_ring_count(void);
unsigned int tcps_stream_ring_records(void);
wait_queue_head_t *tcps_stream_queue(void);
void tcps_stream_arm(void);
void tcps_stream_stats(struct tcpstates_stats *stats);

#endif /* _TCPS_STREAM_H */
