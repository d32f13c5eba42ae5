/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a transition does to the entry of its connection, and its record: both under
 * the lock of the entry's chain, so that the entry always agrees with the stream.
 *
 * Inline, for life.c and for the hooks that see most transitions: a step that is
 * built and used in one function needs no memory, and its rules, which are constant,
 * are folded into the code.
 *
 * Context: as life.h says.
 */
#ifndef _TCPS_STEP_H
#define _TCPS_STEP_H

#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/types.h>

#include "conn.h"
#include "record.h"
#include "stream.h"
#include "uninitialized.h"
#include "uapi/tcpstates.h"
#include "visit.h"

/**
 * struct tcps_step - a transition of a connection, or a state that was found
 * @cookie: of the connection
 * @holder: the structure that changes its state
 * @next: the structure that holds the connection afterwards: NULL if none does, or
 *	the minisock that replaces @holder
 * @ident: of the connection, if it begins or has no entry
 * @flags: TCPSTATES_FLAG_* that the connection has from now on
 * @old: state before
 * @new: state after
 * @cause: TCPSTATES_CAUSE_*, where the rules have no find_cause()
 * @kind: TCPS_KIND_*, of @holder
 * @family: TCPSTATES_FAMILY_*, with @ident
 */
struct tcps_step {
	u64 cookie;
	const void *holder;
	const void *next;
	const struct tcpstates_ident *ident;
	u32 flags;
	u8 old;
	u8 new;
	u8 cause;
	u8 kind;
	u8 family;
};

/**
 * struct tcps_step_rules - what the steps of one kind have in common; constant
 * @must_match_old: the step is not made unless the connection is in its old state
 * @read_counters: writes the counters of the holder into a record whose states are
 *	filled in, and adds their TCPSTATES_KNOW_* to @known. Returns TCPSTATES_FLAG_*
 *	that the connection has from now on
 * @find_cause: returns TCPSTATES_CAUSE_*; NULL if it is the step's
 */
struct tcps_step_rules {
	bool must_match_old;
	u32 (*read_counters)(struct tcpstates_record *record,
			     const struct tcps_step *step, u32 *known);
	u8 (*find_cause)(const struct tcps_step *step,
			 const struct tcps_conn *conn);
};

/* The result of a step. */
enum tcps_stepped {
	TCPS_STEP_DONE,
	TCPS_STEP_UNTRACKED,	/* not made: there is no entry */
	TCPS_STEP_OTHER_STATE,	/* not made: the entry is not in the old state */
};

/* What the CLOSE of a full socket means. */
enum tcps_end {
	TCPS_END_RECORDED,	/* the end of its connection */
	TCPS_END_REPLACED,	/* nothing: a minisock had replaced the socket */
	TCPS_END_UNTRACKED,	/* it has no entry; others with its cookie have */
	TCPS_END_ALONE,		/* there is no entry with its cookie */
};

/* The counters of a structure of any kind; see struct tcps_step_rules. */
static __always_inline u32
tcps_step_read_counters(struct tcpstates_record *record,
			const struct tcps_step *step, u32 *known)
{
	*known |= tcps_record_counters(record, step->holder, step->kind);
	return step->flags;
}

/**
 * tcps_step_is_marked() - whether a mark tells the cause of a transition
 * @conn: the entry
 * @context: identifies the running task or softirq, as for tcps_life_mark_cause()
 *
 * Context: interrupts off, the chain of @conn locked.
 * Return: true if the cause is in @mark of the entry.
 */
static __always_inline bool tcps_step_is_marked(const struct tcps_conn *conn,
						unsigned long context)
{
	return unlikely(conn->is_marked) &&
	       (!conn->mark_context || conn->mark_context == context);
}

static __always_inline void tcps_step_handshake(struct tcps_conn *conn,
						const struct tcps_step *step,
						u64 boot_ns)
{
	if (step->new != TCPSTATES_ESTABLISHED || !conn->begun_ns)
		return;
	conn->handshake_ns = boot_ns - conn->begun_ns;
	conn->ident.known |= TCPSTATES_KNOW_HANDSHAKE;
}

/* The holder of @conn ends, or a minisock replaces it. */
static __always_inline void tcps_step_replace(struct tcps_conn *conn,
					      const struct tcps_step *step)
{
	/* A full socket that is replaced goes to CLOSE later. */
	if (step->next && step->kind == TCPS_KIND_SOCK)
		conn->replaced_sk = step->holder;
	if (step->next)
		tcps_conn_count(TCPS_COUNT_MINISOCKS_STARTED);
	else
		tcps_conn_count_end(conn->kind);
	conn->holder = step->next;
	conn->kind = step->next ? TCPS_KIND_TIMEWAIT : TCPS_KIND_OTHER;
}

/**
 * tcps_step_make() - change an entry, and write the record of that
 * @visit: from tcps_visit_enter()
 * @conn: the entry
 * @step: what happens
 * @rules: constant
 *
 * The clock is read under the lock of the chain: so durations are not negative, and
 * the times of a connection's records are in order. What needs a register is
 * calculated after that call.
 *
 * Context: interrupts off, the chain of @conn locked.
 * Return: the record, for tcps_visit_leave().
 */
static __always_inline struct tcpstates_record *
tcps_step_make(struct tcps_visit *visit, struct tcps_conn *conn,
	       const struct tcps_step *step,
	       const struct tcps_step_rules *rules)
{
	struct tcpstates_record *record = tcps_stream_begin(visit->stream,
							    &visit->number);
	u64 boot_ns = ktime_get_boottime_ns(), dur_ns = 0;
	u32 known = 0;

	tcps_step_handshake(conn, step, boot_ns);
	tcps_record_fill(record, conn, TCPSTATES_EVENT_TRANSITION);
	record->old_state = step->old;
	record->new_state = step->new;
	record->boot_ns = boot_ns;
	record->real_ns = tcps_stream_real_ns(visit->stream, boot_ns);
	record->seq = visit->number;
	record->cpu = visit->stream->cpu;
	conn->ident.flags |= rules->read_counters(record, step, &known);
	record->flags = conn->ident.flags;
	if (likely(conn->state == step->old)) {
		dur_ns = boot_ns - conn->since_ns;
		known |= TCPSTATES_KNOW_DURATION;
		if (unlikely(conn->atleast))
			record->flags |= TCPSTATES_FLAG_ATLEAST;
	}
	record->dur_ns = dur_ns;
	record->known = conn->ident.known | known;
	record->cause = rules->find_cause ? rules->find_cause(step, conn) :
					    step->cause;

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
	conn->not_found = 0;
	conn->stuck_s = 0;
	tcps_conn_note_state(visit->chain, conn->state);
	return record;
}

/**
 * tcps_step_finish() - end an entry whose connection is in CLOSE
 * @conn: the entry; it stays while the CLOSE of a replaced socket is to come
 *
 * Context: interrupts off, the chain of @conn locked.
 */
static __always_inline void tcps_step_finish(struct tcps_conn *conn)
{
	conn->holder = NULL;
	conn->kind = TCPS_KIND_OTHER;
	if (!conn->replaced_sk)
		tcps_conn_free(conn);
}

/*
 * A child may leave SYN_RECV before it is known to have taken its request's place:
 * if the hook for that is missing, or in MPTCP.
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
 * tcps_step_go() - record a transition of a connection that has an entry
 * @step: the transition
 * @rules: constant
 *
 * Context: as life.h says.
 * Return: whether it was recorded, or why not.
 */
static __always_inline enum tcps_stepped
tcps_step_go(const struct tcps_step *step, const struct tcps_step_rules *rules)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcpstates_record *record;
	struct tcps_conn *conn;

	tcps_visit_enter(&visit, step->cookie);
	conn = tcps_step_find(visit.chain, step);
	if (unlikely(!conn)) {
		tcps_visit_leave(&visit, NULL);
		return TCPS_STEP_UNTRACKED;
	}
	if (rules->must_match_old && unlikely(conn->state != step->old)) {
		tcps_visit_leave(&visit, NULL);
		return TCPS_STEP_OTHER_STATE;
	}
	record = tcps_step_make(&visit, conn, step, rules);
	if (!step->next)
		tcps_step_finish(conn);
	tcps_visit_leave(&visit, record);
	return TCPS_STEP_DONE;
}

/* Consume the pending CLOSE of @sk; true if a minisock had replaced it. */
static inline bool tcps_step_take_replaced(struct hlist_bl_head *chain,
					   u64 cookie, const void *sk)
{
	struct tcps_conn *conn = NULL;

	while ((conn = tcps_conn_next(chain, cookie, conn))) {
		if (conn->replaced_sk != sk)
			continue;
		conn->replaced_sk = NULL;
		if (conn->state == TCPSTATES_CLOSE)
			tcps_conn_free(conn);
		return true;
	}
	return false;
}

/**
 * tcps_step_close() - record that a full socket goes to CLOSE, if that ends its
 *	connection
 * @step: the transition
 * @rules: constant
 *
 * Context: as life.h says.
 * Return: what the CLOSE means.
 */
static __always_inline enum tcps_end
tcps_step_close(const struct tcps_step *step,
		const struct tcps_step_rules *rules)
{
	struct tcps_visit tcps_uninitialized visit;
	enum tcps_end end = TCPS_END_REPLACED;
	struct tcpstates_record *record;
	struct tcps_conn *conn;

	tcps_visit_enter(&visit, step->cookie);
	conn = tcps_conn_find(visit.chain, step->cookie, step->holder);
	if (conn) {
		record = tcps_step_make(&visit, conn, step, rules);
		tcps_step_finish(conn);
		tcps_visit_leave(&visit, record);
		return TCPS_END_RECORDED;
	}
	if (!tcps_step_take_replaced(visit.chain, step->cookie, step->holder))
		end = tcps_conn_next(visit.chain, step->cookie, NULL) ?
		      TCPS_END_UNTRACKED : TCPS_END_ALONE;
	tcps_visit_leave(&visit, NULL);
	return end;
}

#endif /* _TCPS_STEP_H */
