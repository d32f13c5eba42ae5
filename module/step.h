/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a transition changes the entry of its connection and is recorded, for
 * life.c and for the hooks that see most of them: inline, since the members of
 * a step that is built and used in one function need no memory then.
 *
 * Context: as life.h says; everything between entering and leaving runs with
 * interrupts off and the lock of one chain held.
 */
#ifndef _TCPS_STEP_H
#define _TCPS_STEP_H

#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/types.h>
#include <asm/barrier.h>

#include "cause.h"
#include "conn.h"
#include "life.h"
#include "stream.h"
#include "stuck.h"
#include "tell.h"
#include "uninitialized.h"
#include "uapi/tcpstates.h"

/**
 * struct tcps_visit - one look at the table, with interrupts off
 * @irqs: whether they were off before
 * @stream: this CPU's, entered, if something may be recorded
 * @number: of the record that was begun
 * @chain: the chain that is locked
 */
struct tcps_visit {
	unsigned long irqs;
	struct tcps_stream_cpu *stream;
	u64 number;
	struct hlist_bl_head *chain;
};

/* Lock the chain of @cookie. */
static __always_inline void tcps_step_visit(struct tcps_visit *visit,
					    u64 cookie)
{
	local_irq_save(visit->irqs);
	visit->chain = tcps_conn_lock(cookie);
}

static __always_inline void tcps_step_unvisit(struct tcps_visit *visit)
{
	tcps_conn_unlock(visit->chain);
	local_irq_restore(visit->irqs);
}

/* The same, to record something, with a chain by its number. */
static __always_inline void tcps_step_enter_chain(struct tcps_visit *visit,
						  unsigned long chain)
{
	local_irq_save(visit->irqs);
	visit->stream = tcps_stream_enter();
	visit->chain = tcps_conn_lock_chain(chain);
	/* A: the ring is entered before all that follows. Pairs with E, F and G. */
	smp_mb__after_atomic();
}

static __always_inline void tcps_step_enter(struct tcps_visit *visit,
					    u64 cookie)
{
	tcps_step_enter_chain(visit, tcps_conn_chain(cookie));
}

/* With @record, if there is something to tell. */
static __always_inline void tcps_step_leave(struct tcps_visit *visit,
					    struct tcpstates_record *record)
{
	tcps_conn_unlock(visit->chain);
	if (record)
		tcps_stream_commit(visit->stream, visit->number);
	tcps_stream_leave(visit->stream, record);
	local_irq_restore(visit->irqs);
}

/*
 * What a structure tells of its connection and of a transition, as functions to
 * be inlined where it is known which: the members of a socket's counters, into
 * a record with its states filled in, and TCPSTATES_FLAG_*; and the cause.
 * The first adds to @known.
 */
typedef u32 (*tcps_look_t)(struct tcpstates_record *record,
			   const struct tcps_step *step, u32 *known);
typedef u8 (*tcps_ask_t)(const struct tcps_step *step,
			 const struct tcps_conn *conn);

/* Where nothing is known in advance. */
static __always_inline u32 tcps_step_look(struct tcpstates_record *record,
					  const struct tcps_step *step,
					  u32 *known)
{
	*known |= tcps_tell_health(record, step->holder, step->kind);
	return step->flags;
}

static __always_inline bool tcps_step_is_by(const struct tcps_conn *conn,
					    unsigned long by)
{
	return !conn->marked_by || conn->marked_by == by;
}

static __always_inline u8 tcps_step_ask(const struct tcps_step *step,
					const struct tcps_conn *conn)
{
	if (unlikely(conn->is_marked) && step->unless_marked &&
	    tcps_step_is_by(conn, step->by))
		return conn->mark;
	return step->ask ? tcps_cause_of_close(step->holder, step->old) :
			   step->cause;
}

static __always_inline void tcps_step_handshake(struct tcps_conn *conn,
						const struct tcps_step *step,
						u64 boot_ns)
{
	if (step->new != TCPSTATES_ESTABLISHED || !conn->begun_ns)
		return;
	conn->handshake_ns = boot_ns - conn->begun_ns;
	conn->told.known |= TCPSTATES_KNOW_HANDSHAKE;
}

/* What stood for @conn has gone, or a minisock has replaced it. */
static __always_inline void tcps_step_replace(struct tcps_conn *conn,
					      const struct tcps_step *step)
{
	/* A full socket that is replaced has its CLOSE still to come. */
	if (step->next && step->kind == TCPS_KIND_SOCK)
		conn->ghost = step->holder;
	if (step->next)
		tcps_conn_count(TCPS_COUNT_MINISOCKS_STARTED);
	else
		tcps_conn_count_end(conn->kind);
	conn->holder = step->next;
	conn->kind = step->next ? TCPS_KIND_TIMEWAIT : TCPS_KIND_OTHER;
}

/*
 * Begin a record of what @step does to @conn, and do it.
 *
 * Nothing that needs a register is worked out before the clock is read.
 */
static __always_inline struct tcpstates_record *
tcps_step_make(struct tcps_visit *visit, struct tcps_conn *conn,
	       const struct tcps_step *step, tcps_look_t look, tcps_ask_t ask)
{
	struct tcpstates_record *record = tcps_stream_begin(visit->stream,
							    &visit->number);
	u64 boot_ns = ktime_get_boottime_ns(), dur_ns = 0;
	u32 known = 0;

	tcps_step_handshake(conn, step, boot_ns);
	tcps_tell(record, conn, TCPSTATES_EVENT_TRANSITION);
	record->old_state = step->old;
	record->new_state = step->new;
	record->boot_ns = boot_ns;
	record->real_ns = tcps_stream_real_ns(visit->stream, boot_ns);
	record->seq = visit->number;
	record->cpu = visit->stream->cpu;
	conn->told.flags |= look(record, step, &known);
	record->flags = conn->told.flags;
	if (likely(conn->state == step->old)) {
		dur_ns = boot_ns - conn->since_ns;
		known |= TCPSTATES_KNOW_DURATION;
		if (unlikely(conn->atleast))
			record->flags |= TCPSTATES_FLAG_ATLEAST;
	}
	record->dur_ns = dur_ns;
	record->known = conn->told.known | known;
	record->cause = ask(step, conn);

	if (likely(step->next == step->holder)) {
		conn->holder = step->holder;
		conn->kind = step->kind;
	} else {
		tcps_step_replace(conn, step);
	}
	conn->since_ns = boot_ns;
	conn->state = step->new;
	conn->mark = TCPSTATES_CAUSE_UNKNOWN;
	conn->is_marked = false;
	conn->atleast = false;
	conn->has_child = false;
	conn->unmet = 0;
	conn->stuck_s = 0;
	tcps_stuck_note(visit->chain, conn->state);
	return record;
}

/* The connection is over, and so is its entry unless a ghost is left. */
static __always_inline void tcps_step_finish(struct tcps_conn *conn)
{
	conn->holder = NULL;
	conn->kind = TCPS_KIND_OTHER;
	if (!conn->ghost)
		tcps_conn_free(conn);
}

/*
 * A child makes its first step before it is known that it has taken over, if
 * the hook for that is missing, or MPTCP goes a way of its own.
 */
static __always_inline struct tcps_conn *
tcps_step_find(struct hlist_bl_head *chain, const struct tcps_step *step)
{
	struct tcps_conn *conn;

	conn = tcps_conn_find(chain, step->cookie, step->holder);
	if (likely(conn) || step->old != TCPSTATES_SYN_RECV ||
	    step->kind != TCPS_KIND_SOCK)
		return conn;
	while ((conn = tcps_conn_next(chain, step->cookie, conn))) {
		if (conn->state != TCPSTATES_SYN_RECV)
			continue;
		if (tcps_conn_is_request(conn->kind))
			tcps_conn_count(TCPS_COUNT_REQUESTS_DONE);
		return conn;
	}
	return NULL;
}

/**
 * tcps_step_go() - a connection goes on
 * @step: what happens to it
 * @look: how it is doing
 * @ask: why
 *
 * Return: what became of it.
 */
static __always_inline enum tcps_stepped
tcps_step_go(const struct tcps_step *step, tcps_look_t look, tcps_ask_t ask)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcpstates_record *record;
	struct tcps_conn *conn;

	tcps_step_enter(&visit, step->cookie);
	conn = tcps_step_find(visit.chain, step);
	if (unlikely(!conn)) {
		tcps_step_leave(&visit, NULL);
		return TCPS_STEP_STRANGE;
	}
	if (step->strict && unlikely(conn->state != step->old)) {
		tcps_step_leave(&visit, NULL);
		return TCPS_STEP_ELSEWHERE;
	}
	record = tcps_step_make(&visit, conn, step, look, ask);
	if (!step->next)
		tcps_step_finish(conn);
	tcps_step_leave(&visit, record);
	return TCPS_STEP_DONE;
}

/* Whether @sk is a ghost; if so, it is none any more. */
static inline bool tcps_step_lay_ghost(struct hlist_bl_head *chain, u64 cookie,
				       const void *sk)
{
	struct tcps_conn *conn = NULL;

	while ((conn = tcps_conn_next(chain, cookie, conn))) {
		if (conn->ghost != sk)
			continue;
		conn->ghost = NULL;
		if (conn->state == TCPSTATES_CLOSE)
			tcps_conn_free(conn);
		return true;
	}
	return false;
}

/**
 * tcps_step_close() - a full socket goes to CLOSE
 * @step: what would happen if it stands for its connection
 * @look: how it is doing
 *
 * Return: what it was.
 */
static __always_inline enum tcps_end
tcps_step_close(const struct tcps_step *step, tcps_look_t look)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcpstates_record *record;
	enum tcps_end end = TCPS_END_GHOST;
	struct tcps_conn *conn;

	tcps_step_enter(&visit, step->cookie);
	conn = tcps_conn_find(visit.chain, step->cookie, step->holder);
	if (conn) {
		record = tcps_step_make(&visit, conn, step, look,
					tcps_step_ask);
		tcps_step_finish(conn);
		tcps_step_leave(&visit, record);
		return TCPS_END_RECORDED;
	}
	if (!tcps_step_lay_ghost(visit.chain, step->cookie, step->holder))
		end = tcps_conn_next(visit.chain, step->cookie, NULL) ?
		      TCPS_END_STRANGE : TCPS_END_ALONE;
	tcps_step_leave(&visit, NULL);
	return end;
}

#endif /* _TCPS_STEP_H */
