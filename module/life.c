// SPDX-License-Identifier: GPL-2.0
/*
 * The clock of a record is read under the lock of its connection: a duration
 * is never negative, and the times of one connection have the order in which
 * its transitions took the lock.
 *
 * A minisock replaces a full socket before that socket's CLOSE, and may end
 * before it on another CPU. So the entry remembers the socket as its ghost, and
 * outlives the connection until the ghost's CLOSE has come.
 */
#include "life.h"

#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "conn.h"
#include "step.h"
#include "stream.h"
#include "uapi/tcpstates.h"
#include "verify.h"

static const struct tcps_owner nobody;

/* There was no entry that could have been marked. */
static void forget_cause(struct tcpstates_record *record,
			 const struct tcps_step *step)
{
	if (step->unless_marked)
		record->cause = TCPSTATES_CAUSE_UNKNOWN;
}

/* As if there were an entry, but nothing is known, kept or counted. */
static struct tcpstates_record *make_strange_step(struct tcps_visit *visit,
						  const struct tcps_step *step)
{
	struct tcps_conn stranger = { .cookie = step->cookie };
	struct tcps_step uncounted = *step;
	struct tcpstates_record *record;

	if (uncounted.next)
		uncounted.next = uncounted.holder;
	tcps_conn_begin(&stranger, step->tuple, &nobody);
	record = tcps_step_make(visit, &stranger, &uncounted, tcps_step_look,
				tcps_step_ask);
	forget_cause(record, step);
	return record;
}

/**
 * tcps_life_begin() - a connection begins
 * @step: its first transition; if it is @strict, and the connection is in the
 *	new state already, nothing is done
 * @owner: whose it is
 *
 * Return: true if it has an entry; it is recorded in any case.
 */
bool tcps_life_begin(const struct tcps_step *step,
		     const struct tcps_owner *owner)
{
	struct tcpstates_record *record = NULL;
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;

	tcps_step_enter(&visit, step->cookie);
	conn = tcps_conn_find(visit.chain, step->cookie, step->next);
	if (conn && step->strict && conn->state == step->new)
		goto out;
	if (!conn) {
		conn = tcps_conn_make(visit.chain, step->cookie);
		if (likely(conn))
			tcps_conn_count_start(step->kind);
		else
			tcps_conn_refused(visit.chain);
	}
	if (likely(conn)) {
		tcps_conn_begin(conn, step->tuple, owner);
		record = tcps_step_make(&visit, conn, step, tcps_step_look,
					tcps_step_ask);
		/* A SYN cookie's SYN was not seen. */
		if (step->cause == TCPSTATES_CAUSE_CONNECT ||
		    step->cause == TCPSTATES_CAUSE_SYN)
			conn->begun_ns = conn->since_ns;
	} else {
		record = make_strange_step(&visit, step);
	}
out:
	tcps_step_leave(&visit, record);
	return conn;
}

/**
 * tcps_life_step() - a connection goes on
 * @step: what happens to it
 *
 * Return: what became of it.
 */
enum tcps_stepped tcps_life_step(const struct tcps_step *step)
{
	return tcps_step_go(step, tcps_step_look, tcps_step_ask);
}

/**
 * tcps_life_strange() - a connection without an entry goes on
 * @step: what happens to it
 *
 * While connections are being learned, it gets one.
 */
void tcps_life_strange(const struct tcps_step *step)
{
	struct tcpstates_record *record;
	struct tcps_conn *conn = NULL;
	struct tcps_visit tcps_uninitialized visit;

	tcps_step_enter(&visit, step->cookie);
	if (tcps_verify_learning() && step->new != TCPSTATES_CLOSE)
		conn = tcps_conn_make(visit.chain, step->cookie);
	if (conn) {
		if (step->next == step->holder)
			tcps_conn_count_start(step->kind);
		tcps_conn_begin(conn, step->tuple, &nobody);
		record = tcps_step_make(&visit, conn, step, tcps_step_look,
					tcps_step_ask);
		forget_cause(record, step);
		/* The caller remembers a socket that was replaced. */
		conn->ghost = NULL;
	} else {
		record = make_strange_step(&visit, step);
	}
	tcps_step_leave(&visit, record);
}

/**
 * tcps_life_close() - a full socket goes to CLOSE
 * @step: what would happen if it stands for its connection
 *
 * Return: what it was.
 */
enum tcps_end tcps_life_close(const struct tcps_step *step)
{
	return tcps_step_close(step, tcps_step_look);
}

/**
 * tcps_life_stay() - a minisock takes a full socket's place in the same state
 * @cookie: of the connection
 * @sk: the socket, which becomes a ghost
 * @tw: the minisock
 * @flags: TCPSTATES_FLAG_* that the connection has from now on
 *
 * Return: false if there is no entry; then nothing is done.
 */
bool tcps_life_stay(u64 cookie, const void *sk, const void *tw, u32 flags)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn;

	tcps_step_visit(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, sk);
	if (conn) {
		conn->told.flags |= flags;
		conn->holder = tw;
		conn->kind = TCPS_KIND_TIMEWAIT;
		conn->ghost = sk;
		conn->unmet = 0;
		tcps_conn_count(TCPS_COUNT_MINISOCKS_STARTED);
	}
	tcps_step_unvisit(&visit);
	return conn;
}

/*
 * The entry that @holder stands for, or nothing does: the copy of a request that
 * has moved to another listener is not known before it is met.
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

/* The request that stood for @conn is not what does any more. */
static void leave_request(struct tcps_conn *conn, const void *to)
{
	if (tcps_conn_is_request(conn->kind))
		tcps_conn_count(TCPS_COUNT_REQUESTS_DONE);
	conn->holder = to;
	conn->kind = TCPS_KIND_OTHER;
	conn->unmet = 0;
}

/* An end that has not been marked is no duplicate's. */
static void mark_unknown(struct tcps_conn *conn)
{
	conn->is_marked = true;
	conn->marked_by = 0;
	conn->mark = TCPSTATES_CAUSE_UNKNOWN;
}

/**
 * tcps_life_pass() - a child takes the place of its request
 * @cookie: of the connection
 * @req: the request
 * @child: the child
 *
 * Return: false if there is no entry.
 */
bool tcps_life_pass(u64 cookie, const void *req, const void *child)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn;

	tcps_step_visit(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, req);
	if (conn)
		leave_request(conn, child);
	tcps_step_unvisit(&visit);
	return conn;
}

/**
 * tcps_life_move() - a copy takes the place of a request, and is not known yet
 * @cookie: of both
 * @req: the request
 */
void tcps_life_move(u64 cookie, const void *req)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn;

	tcps_step_visit(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, req);
	if (conn) {
		conn->holder = NULL;
		if (conn->kind == TCPS_KIND_REQUEST)
			conn->kind = TCPS_KIND_MOVED;
		conn->unmet = 0;
		mark_unknown(conn);
	}
	tcps_step_unvisit(&visit);
}

/**
 * tcps_life_child() - a child was made from a request
 * @cookie: the request's
 *
 * It stands for nothing until it has taken the request's place.
 */
void tcps_life_child(u64 cookie)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn = NULL;

	tcps_step_visit(&visit, cookie);
	while ((conn = tcps_conn_next(visit.chain, cookie, conn)))
		if (conn->state == TCPSTATES_SYN_RECV)
			conn->has_child = true;
	tcps_step_unvisit(&visit);
}

/* Whether a request was dropped, and its end only has to be told. */
static bool is_settled(const struct tcps_conn *conn)
{
	return conn->is_marked && !conn->marked_by;
}

/**
 * tcps_life_join() - a request has ended; does a child live in its place?
 * @cookie: of the connection
 * @req: the request
 *
 * A request that had a child and was not dropped has been replaced by that child,
 * which is not known here: its next step tells.
 *
 * Return: false if there is no entry, or no child.
 */
bool tcps_life_join(u64 cookie, const struct request_sock *req)
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcps_conn *conn;
	bool joined;

	tcps_step_visit(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, req);
	joined = conn && conn->has_child && !is_settled(conn);
	if (joined) {
		leave_request(conn, NULL);
		mark_unknown(conn);
	}
	tcps_step_unvisit(&visit);
	return joined;
}

/*
 * The entry that a child has in SYN_RECV, as it has taken its request's place;
 * @replaced tells whether that request has been replaced, or dropped.
 */
static struct tcps_conn *
find_of_child(struct hlist_bl_head *chain, u64 cookie,
	      bool (*replaced)(const struct request_sock *req))
{
	struct tcps_conn *conn = NULL;

	while ((conn = tcps_conn_next(chain, cookie, conn))) {
		if (conn->state != TCPSTATES_SYN_RECV || !conn->has_child)
			continue;
		if (!conn->holder)
			return conn;
		if (replaced && conn->kind == TCPS_KIND_REQUEST &&
		    !is_settled(conn) && replaced(conn->holder))
			return conn;
	}
	return NULL;
}

/**
 * tcps_life_close_child() - a child that is not known goes from SYN_RECV to CLOSE
 * @step: what happens if it has taken its request's place
 * @replaced: whether a request has been replaced, or dropped; called with
 *	interrupts off, while the request cannot be freed. NULL if a child of a
 *	request that is still there has not taken its place in any case
 *
 * Return: false if it has not, and nothing is recorded.
 */
bool tcps_life_close_child(const struct tcps_step *step,
			   bool (*replaced)(const struct request_sock *req))
{
	struct tcps_visit tcps_uninitialized visit;
	struct tcpstates_record *record = NULL;
	struct tcps_conn *conn;

	tcps_step_enter(&visit, step->cookie);
	conn = find_of_child(visit.chain, step->cookie, replaced);
	if (conn) {
		leave_request(conn, step->holder);
		record = tcps_step_make(&visit, conn, step, tcps_step_look,
					tcps_step_ask);
		tcps_step_finish(conn);
	}
	tcps_step_leave(&visit, record);
	return record;
}

/**
 * tcps_life_known() - whether a connection has an entry
 * @cookie: which
 *
 * Return: true if one with this cookie has.
 */
bool tcps_life_known(u64 cookie)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;

	tcps_step_visit(&visit, cookie);
	conn = tcps_conn_next(visit.chain, cookie, NULL);
	tcps_step_unvisit(&visit);
	return conn;
}

/**
 * tcps_life_is() - whether a structure stands for a connection in a state
 * @cookie: which connection
 * @holder: the structure
 * @state: the state
 *
 * Return: true if it does, and has an entry.
 */
bool tcps_life_is(u64 cookie, const void *holder, u8 state)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;
	bool is;

	tcps_step_visit(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, holder);
	is = conn && conn->state == state;
	tcps_step_unvisit(&visit);
	return is;
}

/**
 * tcps_life_inherit() - what a child has from its listener until accept()
 * @cookie: the listener's
 * @listener: the listener
 * @owner: where to; zero before
 */
void tcps_life_inherit(u64 cookie, const struct sock *listener,
		       struct tcps_owner *owner)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;

	tcps_step_visit(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, listener);
	if (conn) {
		tcps_conn_get_owner(conn, owner);
		owner->known &= ~TCPSTATES_KNOW_INODE;
		owner->inode = 0;
	}
	tcps_step_unvisit(&visit);
}

/**
 * tcps_life_accepted() - a process has accepted a connection
 * @cookie: which
 * @sk: its socket
 * @owner: whose it is now
 */
void tcps_life_accepted(u64 cookie, const struct sock *sk,
			const struct tcps_owner *owner)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;

	tcps_step_visit(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, sk);
	if (conn) {
		tcps_conn_set_owner(conn, owner);
		conn->told.flags &= ~TCPSTATES_FLAG_UNACCEPTED;
	}
	tcps_step_unvisit(&visit);
}

/**
 * tcps_life_mark() - note the cause of what is about to happen
 * @cookie: to which connection
 * @holder: in which structure of the kernel
 * @by: who is at work; the same must make the transition. Any number that
 *	tells tasks and interrupts apart, not 0
 * @cause: TCPSTATES_CAUSE_*
 *
 * Holds until the connection's next transition, or the next mark.
 */
void tcps_life_mark(u64 cookie, const void *holder, unsigned long by, u8 cause)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;

	tcps_step_visit(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, holder);
	if (conn) {
		conn->is_marked = true;
		conn->marked_by = by;
		conn->mark = cause;
	}
	tcps_step_unvisit(&visit);
}

/**
 * tcps_life_settle() - the cause of an end that will be told by somebody else
 * @cookie: of which connection
 * @holder: of which structure of the kernel
 * @by: who is at work
 * @cause: TCPSTATES_CAUSE_*, or UNKNOWN to keep what @by has noted before;
 *	that the connection was killed is kept in any case
 *
 * Return: false if there is no entry.
 */
bool tcps_life_settle(u64 cookie, const void *holder, unsigned long by,
		      u8 cause)
{
	struct tcps_conn *conn;
	struct tcps_visit tcps_uninitialized visit;
	bool noted;

	tcps_step_visit(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, holder);
	if (conn) {
		noted = conn->is_marked && conn->marked_by == by &&
			(!cause || conn->mark == TCPSTATES_CAUSE_KILLED);
		if (!noted)
			conn->mark = cause;
		conn->is_marked = true;
		conn->marked_by = 0;
	}
	tcps_step_unvisit(&visit);
	return conn;
}
