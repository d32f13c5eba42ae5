// SPDX-License-Identifier: GPL-2.0
/*
 * What the table holds, compared with what the kernel has.
 *
 * A walk over the kernel's hashes (learn.c) makes entries for connections that
 * have none. A minisock or request whose end was recorded before the walk came,
 * but which is unlinked after it, would be learned and never end: so a second walk
 * confirms what the first has learned, and the rest is freed.
 *
 * The other way round, an audit walks over the same hashes to find entries that
 * no structure of the kernel belongs to any more, since its end was not seen. It is
 * no error if a walk does not meet a structure that lives: a socket is in no hash
 * for a moment when it is bound, connected or closed, and a task may be preempted
 * there. So only what two audits in a row have not met is dropped.
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

static bool confirming;	/* what is not known must not be learned any more */

/*
 * Whether the full socket of @step does not stand for what its cookie says: it
 * has been replaced, or has not taken over yet.
 */
static bool is_told_already(struct hlist_bl_head *chain,
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
 * The entry that @holder belongs to. It may be the copy of a request, or a child
 * that joins a connection, which its next step will show.
 */
static struct tcps_conn *find_met(struct hlist_bl_head *chain, u64 cookie,
				  const void *holder)
{
	struct tcps_conn *conn = tcps_conn_find(chain, cookie, holder);

	if (conn)
		return conn;
	conn = tcps_conn_find(chain, cookie, NULL);
	return conn && conn->state != TCPSTATES_CLOSE ? conn : NULL;
}

/* It is met; the walk that has learned it meets it once more at most. */
static void confirm_entry(struct tcps_conn *conn)
{
	if (conn->not_found != TCPS_UNCONFIRMED || confirming)
		conn->not_found = 0;
}

static bool is_to_learn(struct hlist_bl_head *chain,
			const struct tcps_step *step)
{
	return !confirming && !is_told_already(chain, step);
}

/**
 * tcps_verify_meet() - a structure is in one of the kernel's hashes
 * @cookie: of its connection
 * @holder: the structure
 *
 * Context: the lock of the structure's hash bucket is held.
 */
void tcps_verify_meet(u64 cookie, const void *holder)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn;

	tcps_visit_lock(&visit, cookie);
	conn = find_met(visit.chain, cookie, holder);
	if (conn)
		confirm_entry(conn);
	tcps_visit_unlock(&visit);
}

/**
 * tcps_verify_learn() - a connection is there
 * @step: in which state (@new), since now at the latest
 *
 * After tcps_verify_learn_confirm() it only confirms what is known: a connection whose
 * end was recorded while it was still linked must not come back.
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
	conn = find_met(visit.chain, step->cookie, step->holder);
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
 * tcps_verify_learn_begin() - begin to learn
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
 * tcps_verify_learn_confirm() - learn nothing new, but confirm what was learned
 *
 * Context: process.
 */
void tcps_verify_learn_confirm(void)
{
	WRITE_ONCE(confirming, true);
}

/**
 * tcps_verify_learn_end() - forget what was learned and not confirmed
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

/*
 * The kernel has @conn no more, and its end was not seen: when it was, is not
 * known.
 */
static struct tcpstates_record *make_vanish(struct tcps_visit *visit,
					    struct tcps_conn *conn)
{
	struct tcps_step step = {
		.cookie = conn->cookie,
		.holder = conn,	/* what stood for it must not be looked at */
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

/*
 * Audits are numbered by each entry's @not_found. An entry that the last audits have
 * not met is to be dropped; it was in no transition since, as that begins anew.
 */
static bool is_to_vanish(const struct tcps_conn *conn,
			 bool (*is_alive)(u32 netns))
{
	if (conn->not_found < TCPS_UNMET_MOST || conn->not_found == TCPS_UNCONFIRMED)
		return false;
	return conn->not_found >= TCPS_UNMET_MOST_GONE ||
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

/* Drop one entry of a chain that no audit meets. False if there is none. */
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

/* Count for all entries of a chain that an audit begins. */
static bool begin_audit(unsigned long chain)
{
	struct hlist_bl_head *head;
	struct hlist_bl_node *node;
	struct tcps_conn *conn;
	bool any = false;

	local_irq_disable();
	head = tcps_conn_lock_chain(chain);
	hlist_bl_for_each_entry(conn, node, head, node) {
		if (conn->not_found < TCPS_UNMET_MOST_GONE)
			conn->not_found++;
		any |= conn->not_found >= TCPS_UNMET_MOST;
	}
	tcps_conn_unlock(head);
	local_irq_enable();
	return any;
}

/**
 * tcps_verify_audit() - drop what no audit has met, and begin another one
 * @chain: in which chain
 * @is_alive: whether a network namespace is there; called with interrupts off
 *
 * An entry is met by tcps_verify_meet() or by any transition. It is dropped if
 * TCPS_UNMET_MOST audits in a row have not met it; TCPS_UNMET_MOST_GONE if its
 * namespace is gone, whose sockets may be in a hash that no audit finds.
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
