// SPDX-License-Identifier: GPL-2.0
/*
 * A minisock replaces a full socket before that socket goes to CLOSE, and may end
 * before that on another CPU. Therefore the entry remembers the socket that was
 * replaced, and is freed only after its CLOSE.
 */
#include "life.h"

#include <linux/compiler.h>
#include <linux/types.h>

#include "conn.h"
#include "uninitialized.h"
#include "uapi/tcpstates.h"
#include "visit.h"

static const struct tcpstates_ident no_owner;

/* The caller knows the cause: there was no entry to be marked. */
static const struct tcps_step_rules rules_of_first_step = {
	.read_counters = tcps_step_read_counters,
};

/* The owner of a connection without an entry is not known. */
static void begin_without_owner(struct tcps_conn *conn,
				const struct tcps_step *step)
{
	tcps_conn_begin(conn, step->ident, step->family);
	tcps_conn_copy_owner(&conn->ident, &no_owner);
}

/* Use an entry on the stack, and count no structures. */
static struct tcpstates_record *make_untracked(struct tcps_visit *visit,
					       const struct tcps_step *step)
{
	struct tcps_conn untracked = { .cookie = step->cookie };
	struct tcps_step uncounted = *step;

	if (uncounted.next)
		uncounted.next = uncounted.holder;
	begin_without_owner(&untracked, step);
	return tcps_step_make(visit, &untracked, &uncounted,
			      &rules_of_first_step);
}

/* Make a connection's first transition in @conn, its entry, or NULL. */
static __always_inline struct tcpstates_record *
make_first(struct tcps_visit *visit, struct tcps_conn *conn,
	   const struct tcps_step *step)
{
	struct tcpstates_record *record;

	if (unlikely(!conn))
		return make_untracked(visit, step);
	tcps_conn_begin(conn, step->ident, step->family);
	record = tcps_step_make(visit, conn, step, &rules_of_first_step);
	/* The SYN of a SYN cookie was not seen. */
	if (step->cause == TCPSTATES_CAUSE_CONNECT ||
	    step->cause == TCPSTATES_CAUSE_SYN)
		conn->begun_ns = conn->since_ns;
	return record;
}

static noinline bool begin_life(const struct tcps_step *step, bool once)
{
	struct tcpstates_record *record = NULL;
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;

	tcps_visit_enter(&visit, step->cookie);
	conn = tcps_conn_find(visit.chain, step->cookie, step->next);
	if (once && conn && conn->state == step->new)
		goto out;
	if (!conn) {
		conn = tcps_conn_make(visit.chain, step->cookie);
		if (likely(conn))
			tcps_conn_count_start(step->kind);
		else
			tcps_conn_missed(1);
	}
	record = make_first(&visit, conn, step);
out:
	tcps_visit_leave(&visit, record);
	return conn;
}

/**
 * tcps_life_begin() - record the first transition of a connection
 * @step: the transition, with its ident
 *
 * An entry that is there already begins anew: its connection's end was not seen.
 *
 * Return: true if the connection has an entry; it is recorded in any case.
 */
bool tcps_life_begin(const struct tcps_step *step)
{
	return begin_life(step, false);
}

/**
 * tcps_life_begin_once() - record the first transition, unless that was done before
 * @step: the transition, with its ident
 *
 * Return: true if the connection has an entry.
 */
bool tcps_life_begin_once(const struct tcps_step *step)
{
	return begin_life(step, true);
}

/**
 * tcps_life_step() - record a transition of a connection that has an entry
 * @step: the transition
 * @rules: of it
 *
 * Return: whether it was recorded, or why not.
 */
enum tcps_stepped tcps_life_step(const struct tcps_step *step,
				 const struct tcps_step_rules *rules)
{
	return tcps_step_go(step, rules);
}

/**
 * tcps_life_step_untracked() - record a transition of a connection without an entry
 * @step: the transition, with its ident; its cause is one that no hook marks
 *
 * While connections are being learned, it gets an entry.
 */
void tcps_life_step_untracked(const struct tcps_step *step)
{
	struct tcpstates_record *record;
	struct tcps_conn *conn = NULL;
	struct tcps_visit tcps_uninitialized visit;

	tcps_visit_enter(&visit, step->cookie);
	if (tcps_conn_learning() && step->new != TCPSTATES_CLOSE)
		conn = tcps_conn_make(visit.chain, step->cookie);
	if (conn) {
		if (step->next == step->holder)
			tcps_conn_count_start(step->kind);
		begin_without_owner(conn, step);
		record = tcps_step_make(&visit, conn, step,
					&rules_of_first_step);
		/* The caller has noted the socket that is replaced. */
		conn->replaced_sk = NULL;
	} else {
		record = make_untracked(&visit, step);
	}
	tcps_visit_leave(&visit, record);
}

/**
 * tcps_life_replace() - a minisock replaces a full socket in the same state
 * @cookie: of the connection
 * @sk: the socket, whose CLOSE is not the end of the connection
 * @tw: the minisock
 * @flags: TCPSTATES_FLAG_* that the connection has from now on
 *
 * Return: false if there is no entry, and nothing was done.
 */
bool tcps_life_replace(u64 cookie, const void *sk, const void *tw, u32 flags)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn;

	tcps_visit_lock(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, sk);
	if (conn) {
		conn->ident.flags |= flags;
		conn->holder = tw;
		conn->kind = TCPS_KIND_TIMEWAIT;
		conn->replaced_sk = sk;
		conn->not_found = 0;
		tcps_conn_count(TCPS_COUNT_MINISOCKS_STARTED);
	}
	tcps_visit_unlock(&visit);
	return conn;
}

/*
 * Find the entry that @holder holds, or one without a holder: @holder may be the
 * copy of a request that has migrated, which is seen here for the first time.
 */
static struct tcps_conn *find_or_claim(struct hlist_bl_head *chain, u64 cookie,
				       const void *holder)
{
	struct tcps_conn *conn = tcps_conn_find(chain, cookie, holder);

	if (conn)
		return conn;
	conn = tcps_conn_find(chain, cookie, NULL);
	if (!conn || conn->state == TCPSTATES_CLOSE)
		return NULL;
	conn->holder = holder;
	return conn;
}

/* A child, or nothing that is known yet, takes the place of the request. */
static void leave_request(struct tcps_conn *conn, const void *child)
{
	if (tcps_conn_is_request(conn->kind))
		tcps_conn_count(TCPS_COUNT_REQUESTS_DONE);
	conn->holder = child;
	conn->kind = TCPS_KIND_OTHER;
	conn->not_found = 0;
}

/* If the end comes without another mark, its cause is not that of a duplicate. */
static void mark_unknown(struct tcps_conn *conn)
{
	conn->is_marked = true;
	conn->mark_context = 0;
	conn->mark = TCPSTATES_CAUSE_UNKNOWN;
}

/**
 * tcps_life_set_holder() - a child takes the place of its request
 * @cookie: of the connection
 * @req: the request
 * @child: the child
 *
 * Return: false if there is no entry.
 */
bool tcps_life_set_holder(u64 cookie, const void *req, const void *child)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn;

	tcps_visit_lock(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, req);
	if (conn)
		leave_request(conn, child);
	tcps_visit_unlock(&visit);
	return conn;
}

/**
 * tcps_life_migrate() - a copy takes the place of a request
 * @cookie: of both
 * @req: the request
 *
 * The address of the copy is not known yet.
 */
void tcps_life_migrate(u64 cookie, const void *req)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn;

	tcps_visit_lock(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, req);
	if (conn) {
		conn->holder = NULL;
		if (conn->kind == TCPS_KIND_REQUEST)
			conn->kind = TCPS_KIND_MOVED;
		conn->not_found = 0;
		mark_unknown(conn);
	}
	tcps_visit_unlock(&visit);
}

/**
 * tcps_life_note_child() - a child was made from a request
 * @cookie: the request's
 *
 * It is not the holder before it has taken the request's place.
 */
void tcps_life_note_child(u64 cookie)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn = NULL;

	tcps_visit_lock(&visit, cookie);
	while ((conn = tcps_conn_next(visit.chain, cookie, conn)))
		if (conn->state == TCPSTATES_SYN_RECV)
			conn->has_child = true;
	tcps_visit_unlock(&visit);
}

/* Whether a request was dropped; its end is recorded when it is freed. */
static bool has_final_cause(const struct tcps_conn *conn)
{
	return conn->is_marked && !conn->mark_context;
}

/**
 * tcps_life_join() - a request of MPTCP has ended; let its child take its place
 * @cookie: of the connection
 * @req: the request
 *
 * A request that had a child and was not dropped was replaced by that child. The
 * address of the child is not known here, but is seen at its next step.
 *
 * Return: false if there is no entry, or no child.
 */
bool tcps_life_join(u64 cookie, const struct request_sock *req)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn;
	bool joined;

	tcps_visit_lock(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, req);
	joined = conn && conn->has_child && !has_final_cause(conn);
	if (joined) {
		leave_request(conn, NULL);
		mark_unknown(conn);
	}
	tcps_visit_unlock(&visit);
	return joined;
}

/* Find the entry whose request a child in SYN_RECV has replaced. */
static struct tcps_conn *
find_of_child(struct hlist_bl_head *chain, u64 cookie,
	      bool (*was_replaced)(const struct request_sock *req))
{
	struct tcps_conn *conn = NULL;

	while ((conn = tcps_conn_next(chain, cookie, conn))) {
		if (conn->state != TCPSTATES_SYN_RECV || !conn->has_child)
			continue;
		if (!conn->holder)
			return conn;
		if (was_replaced && conn->kind == TCPS_KIND_REQUEST &&
		    !has_final_cause(conn) && was_replaced(conn->holder))
			return conn;
	}
	return NULL;
}

/**
 * tcps_life_close_child() - record the CLOSE of a child that has replaced a request
 * @step: the transition
 * @rules: of it
 * @was_replaced: whether a request was replaced or dropped; called with interrupts
 *	off, while the request cannot be freed. NULL if a child of a request that is
 *	still there has certainly not taken its place
 *
 * Return: false if it has not, and nothing is recorded.
 */
bool tcps_life_close_child(const struct tcps_step *step,
			   const struct tcps_step_rules *rules,
			   bool (*was_replaced)(const struct request_sock *req))
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcpstates_record *record = NULL;
	struct tcps_conn *conn;

	tcps_visit_enter(&visit, step->cookie);
	conn = find_of_child(visit.chain, step->cookie, was_replaced);
	if (conn) {
		leave_request(conn, step->holder);
		record = tcps_step_make(&visit, conn, step, rules);
		tcps_step_finish(conn);
	}
	tcps_visit_leave(&visit, record);
	return record;
}

/**
 * tcps_life_is_tracked() - whether a connection has an entry
 * @cookie: of the connection
 *
 * Return: true if there is an entry with this cookie.
 */
bool tcps_life_is_tracked(u64 cookie)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;

	tcps_visit_lock(&visit, cookie);
	conn = tcps_conn_next(visit.chain, cookie, NULL);
	tcps_visit_unlock(&visit);
	return conn;
}

/**
 * tcps_life_is_in() - whether a structure holds a connection in a state
 * @cookie: of the connection
 * @holder: the structure
 * @state: the state
 *
 * Return: true if there is such an entry.
 */
bool tcps_life_is_in(u64 cookie, const void *holder, u8 state)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;
	bool is_in;

	tcps_visit_lock(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, holder);
	is_in = conn && conn->state == state;
	tcps_visit_unlock(&visit);
	return is_in;
}

/**
 * tcps_life_inherit_owner() - give a child the owner of its listener
 * @cookie: the listener's
 * @listener: the listener
 * @ident: the child's; unchanged if the listener has no entry
 *
 * A child has no file, and so no inode, before accept().
 */
void tcps_life_inherit_owner(u64 cookie, const struct sock *listener,
			     struct tcpstates_ident *ident)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;

	tcps_visit_lock(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, listener);
	if (conn) {
		tcps_conn_copy_owner(ident, &conn->ident);
		ident->known &= ~TCPSTATES_KNOW_INODE;
		ident->inode = 0;
	}
	tcps_visit_unlock(&visit);
}

/**
 * tcps_life_set_owner() - a process has accepted a connection
 * @cookie: of the connection
 * @sk: its socket
 * @owner: an ident with the owner that the connection has from now on
 */
void tcps_life_set_owner(u64 cookie, const struct sock *sk,
			 const struct tcpstates_ident *owner)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;

	tcps_visit_lock(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, sk);
	if (conn) {
		tcps_conn_copy_owner(&conn->ident, owner);
		conn->ident.flags &= ~TCPSTATES_FLAG_UNACCEPTED;
	}
	tcps_visit_unlock(&visit);
}

/**
 * tcps_life_mark_cause() - mark an entry with the cause of its next transition
 * @cookie: of the connection
 * @holder: the structure that is about to change its state
 * @context: identifies the running task or softirq, not 0; the transition must be
 *	made in the same one
 * @cause: TCPSTATES_CAUSE_*
 *
 * The mark holds until the connection's next transition, or the next mark.
 */
void tcps_life_mark_cause(u64 cookie, const void *holder,
			  unsigned long context, u8 cause)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;

	tcps_visit_lock(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, holder);
	if (conn) {
		conn->is_marked = true;
		conn->mark_context = context;
		conn->mark = cause;
	}
	tcps_visit_unlock(&visit);
}

/**
 * tcps_life_set_final_cause() - set the cause of an end that is recorded later
 * @cookie: of the connection
 * @holder: the structure that ends
 * @context: identifies the running task or softirq
 * @cause: TCPSTATES_CAUSE_*, or UNKNOWN to keep what @context has marked before; a
 *	mark of it that the connection was killed is kept in any case
 *
 * Return: false if there is no entry.
 */
bool tcps_life_set_final_cause(u64 cookie, const void *holder,
			       unsigned long context, u8 cause)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;
	bool is_kept;

	tcps_visit_lock(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, holder);
	if (conn) {
		is_kept = conn->is_marked && conn->mark_context == context &&
			  (!cause || conn->mark == TCPSTATES_CAUSE_KILLED);
		if (!is_kept)
			conn->mark = cause;
		conn->is_marked = true;
		conn->mark_context = 0;
	}
	tcps_visit_unlock(&visit);
	return conn;
}
