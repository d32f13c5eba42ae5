/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access to the entries of one chain: to look at them, or to record something of
 * them as well. Inline: it is part of each transition.
 *
 * Context: any; from locking to unlocking, and from entering to leaving, interrupts
 * are off and the lock of the chain is held.
 */
#ifndef _TCPS_VISIT_H
#define _TCPS_VISIT_H

#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/types.h>
#include <asm/barrier.h>

#include "conn.h"
#include "stream.h"
#include "uapi/tcpstates.h"

/**
 * struct tcps_visit - access to one chain
 * @irqs: whether interrupts were off before
 * @stream: the stream of this CPU, after tcps_visit_enter()
 * @number: of the record that was begun
 * @chain: the chain that is locked
 */
struct tcps_visit {
	unsigned long irqs;
	struct tcps_stream_cpu *stream;
	u64 number;
	struct hlist_bl_head *chain;
};

/**
 * tcps_visit_lock() - lock the chain of a connection
 * @visit: what tcps_visit_unlock() needs
 * @cookie: of the connection
 */
static __always_inline void tcps_visit_lock(struct tcps_visit *visit,
					    u64 cookie)
{
	local_irq_save(visit->irqs);
	visit->chain = tcps_conn_lock(cookie);
}

static __always_inline void tcps_visit_unlock(struct tcps_visit *visit)
{
	tcps_conn_unlock(visit->chain);
	local_irq_restore(visit->irqs);
}

/**
 * tcps_visit_enter_chain() - lock a chain, and be ready to record
 * @visit: what tcps_visit_leave() needs
 * @chain: the number of the chain
 */
static __always_inline void tcps_visit_enter_chain(struct tcps_visit *visit,
						   unsigned long chain)
{
	local_irq_save(visit->irqs);
	visit->stream = tcps_stream_enter();
	visit->chain = tcps_conn_lock_chain(chain);
	/* A: the ring is entered before all that follows. Pairs with E, F and G. */
	smp_mb__after_atomic();
}

/**
 * tcps_visit_enter() - lock the chain of a connection, and be ready to record
 * @visit: what tcps_visit_leave() needs
 * @cookie: of the connection
 */
static __always_inline void tcps_visit_enter(struct tcps_visit *visit,
					     u64 cookie)
{
	tcps_visit_enter_chain(visit, tcps_conn_chain(cookie));
}

/**
 * tcps_visit_leave() - unlock the chain
 * @visit: from tcps_visit_enter() or tcps_visit_enter_chain()
 * @record: the last record that was begun and not committed yet, or NULL
 */
static __always_inline void tcps_visit_leave(struct tcps_visit *visit,
					     struct tcpstates_record *record)
{
	tcps_conn_unlock(visit->chain);
	if (record)
		tcps_stream_commit(visit->stream, visit->number);
	tcps_stream_leave(visit->stream, record);
	local_irq_restore(visit->irqs);
}

#endif /* _TCPS_VISIT_H */
