// SPDX-License-Identifier: GPL-2.0
/*
 * A walk over the kernel's hashes (learn.c) makes entries for connections that have
 * none. A minisock or request may be unlinked after the walk although its end was
 * recorded before: its entry would never end. So a second walk confirms the
 * learned entries that it finds, and the others are freed.
 *
 * An audit walks over the same hashes to find entries whose structure is gone
 * although its end was not seen. A walk may miss a structure that exists: a socket
 * is in no hash for a moment while it is bound, connected or closed, and the task
 * may be preempted there. So an entry is dropped only if two audits in a row have
 * not found its structure.
 */
#include "verify.h"

#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/list_bl.h>

#include "conn.h"
#include "step.h"
#include "stream.h"
#include "uninitialized.h"
#include "uapi/tcpstates.h"
#include "visit.h"

static bool confirming;	/* entries are confirmed, and none are made */

/*
 * Whether the full socket of @step is not the holder of the connection with its
 * cookie: a minisock has replaced it, or it is a child that is not hashed yet.
 */
static bool is_recorded_elsewhere(struct hlist_bl_head *chain,
				  const struct tcps_step *step)
{
	struct tcps_conn *conn = NULL;

	if (step->kind != TCPS_KIND_SOCK)
		return false;
	while ((conn = tcps_conn_next(chain, step->cookie, conn)))
		if (conn->replaced_sk == step->holder ||
		    conn->state == TCPSTATES_SYN_RECV)
			return true;
	return false;
}

/*
 * The entry of @holder. If no entry has that holder, @holder may be the copy of a
 * request, or the child of a join, and belong to an entry without a holder.
 */
static struct tcps_conn *find_entry(struct hlist_bl_head *chain, u64 cookie,
				    const void *holder)
{
	struct tcps_conn *conn = tcps_conn_find(chain, cookie, holder);

	if (conn)
		return conn;
	conn = tcps_conn_find(chain, cookie, NULL);
	return conn && conn->state != TCPSTATES_CLOSE ? conn : NULL;
}

/* The first walk may find an entry that it has just learned: that confirms nothing. */
static void confirm_entry(struct tcps_conn *conn)
{
	if (conn->not_found != TCPS_UNCONFIRMED || confirming)
		conn->not_found = 0;
}

static bool is_to_learn(struct hlist_bl_head *chain,
			const struct tcps_step *step)
{
	return !confirming && !is_recorded_elsewhere(chain, step);
}

/**
 * tcps_verify_found() - a structure is in one of the kernel's hashes
 * @cookie: of its connection
 * @holder: the structure
 *
 * Context: the lock of the structure's hash bucket is held.
 */
void tcps_verify_found(u64 cookie, const void *holder)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn;

	tcps_visit_lock(&visit, cookie);
	conn = find_entry(visit.chain, cookie, holder);
	if (conn)
		confirm_entry(conn);
	tcps_visit_unlock(&visit);
}

/**
 * tcps_verify_learn() - make an entry for a structure, unless it has one
 * @step: its connection; @new is the state, which is at least as old as this call
 *
 * After tcps_verify_learn_confirm() it makes no entries: the end of a structure
 * that is still linked may have been recorded already.
 *
 * Context: the lock of the structure's hash bucket is held.
 * Return: false if there was no memory for it, or no room in its chain.
 */
bool tcps_verify_learn(const struct tcps_step *step)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn, *made = NULL;
	bool wanted;

	tcps_visit_lock(&visit, step->cookie);
	conn = find_entry(visit.chain, step->cookie, step->holder);
	if (conn)
		confirm_entry(conn);
	wanted = !conn && is_to_learn(visit.chain, step);
	if (wanted)
		made = tcps_conn_make(visit.chain, step->cookie);
	if (made) {
		tcps_conn_count_start(step->kind);
		tcps_conn_begin(made, step->ident, step->family);
		made->ident.flags |= step->flags;
		made->since_ns = ktime_get_boottime_ns();
		made->state = step->new;
		made->holder = step->holder;
		made->kind = step->kind;
		made->atleast = true;
		made->not_found = TCPS_UNCONFIRMED;
		tcps_conn_note_state(visit.chain, made->state);
	}
	tcps_visit_unlock(&visit);
	return made || !wanted;
}

/**
 * tcps_verify_learn_begin() - begin to make entries
 *
 * Context: process, before anything is recorded, or when connections have been
 * missed; one walk at a time.
 */
void tcps_verify_learn_begin(void)
{
	WRITE_ONCE(confirming, false);
	tcps_conn_set_learning(true);
}

/**
 * tcps_verify_learn_confirm() - begin the second walk, which confirms entries
 *
 * Context: process.
 */
void tcps_verify_learn_confirm(void)
{
	WRITE_ONCE(confirming, true);
}

/**
 * tcps_verify_learn_end() - free the learned entries that were not confirmed
 *
 * Context: process.
 */
void tcps_verify_learn_end(void)
{
	tcps_conn_forget();
	tcps_conn_set_learning(false);
}

static const struct tcps_step_rules rules_of_vanishing = {
	.read_counters = tcps_step_read_counters,
};

/* The record of an end that was not seen. Its time is unknown, so is the duration. */
static struct tcpstates_record *make_vanish(struct tcps_visit *visit,
					    struct tcps_conn *conn)
{
	struct tcps_step step = {
		.cookie = conn->cookie,
		.holder = conn,	/* the structure is gone */
		.old = conn->state,
		.new = TCPSTATES_CLOSE,
		.cause = TCPSTATES_CAUSE_UNSEEN,
	};
	struct tcpstates_record *record;

	record = tcps_step_make(visit, conn, &step, &rules_of_vanishing);
	record->known &= ~TCPSTATES_KNOW_DURATION;
	record->dur_ns = 0;
	record->flags &= ~TCPSTATES_FLAG_ATLEAST;
	return record;
}

/* Each audit adds one to @not_found; a transition sets it to 0. */
static bool is_to_vanish(const struct tcps_conn *conn,
			 bool (*is_alive)(u32 netns))
{
	if (conn->not_found < TCPS_NOT_FOUND_MOST || conn->not_found == TCPS_UNCONFIRMED)
		return false;
	return conn->not_found >= TCPS_NOT_FOUND_MOST_GONE ||
	       is_alive(conn->ident.netns);
}

/* One entry of a chain that is to vanish; NULL if there is none. */
static struct tcps_conn *find_vanished(struct hlist_bl_head *chain,
				       bool (*is_alive)(u32 netns))
{
	struct hlist_bl_node *node;
	struct tcps_conn *conn;

	hlist_bl_for_each_entry(conn, node, chain, node)
		if (is_to_vanish(conn, is_alive))
			return conn;
	return NULL;
}

/* Record and drop one vanished entry of a chain. False if there is none. */
static bool drop_vanished(unsigned long chain, bool (*is_alive)(u32 netns))
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcpstates_record *record = NULL;
	struct tcps_conn *conn;

	tcps_visit_enter_chain(&visit, chain);
	conn = find_vanished(visit.chain, is_alive);
	if (conn) {
		tcps_conn_count(TCPS_COUNT_VANISHED);
		if (conn->state != TCPSTATES_CLOSE)
			record = make_vanish(&visit, conn);
		conn->replaced_sk = NULL;
		tcps_step_finish(conn);
	}
	tcps_visit_leave(&visit, record);
	return conn;
}

/* Count an audit in each entry. Returns whether some may have vanished. */
static bool begin_audit(unsigned long chain)
{
	struct hlist_bl_head *head;
	struct hlist_bl_node *node;
	struct tcps_conn *conn;
	bool any = false;

	local_irq_disable();
	head = tcps_conn_lock_chain(chain);
	hlist_bl_for_each_entry(conn, node, head, node) {
		if (conn->not_found < TCPS_NOT_FOUND_MOST_GONE)
			conn->not_found++;
		any |= conn->not_found >= TCPS_NOT_FOUND_MOST;
	}
	tcps_conn_unlock(head);
	local_irq_enable();
	return any;
}

/**
 * tcps_verify_audit() - drop the vanished entries of a chain, and begin an audit
 * @chain: number of the chain
 * @is_alive: whether a network namespace exists; called with interrupts off
 *
 * An entry counts as found after tcps_verify_found() and after any transition. It
 * is dropped if TCPS_NOT_FOUND_MOST audits in a row have not found it, or
 * TCPS_NOT_FOUND_MOST_GONE if its namespace is gone: no audit walks the own hash of
 * such a namespace.
 *
 * Context: process; one call at a time.
 */
void tcps_verify_audit(unsigned long chain, bool (*is_alive)(u32 netns))
{
	if (hlist_bl_empty(&tcps_conn_heads[chain]))
		return;
	if (begin_audit(chain))
		while (drop_vanished(chain, is_alive))
			;
}
