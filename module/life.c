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
#include <linux/string.h>

#include "cause.h"
#include "conn.h"
#include "stream.h"
#include "tell.h"
#include "uapi/tcpstates.h"

static bool learning;	/* connections may be met in the middle of their life */
static bool confirming;	/* what is not known must not be learned any more */

static const struct tcps_owner nobody;

/**
 * struct visit - one look at the table, with interrupts off
 * @irqs: whether they were off before
 * @stream: this CPU's, entered, if something may be recorded
 * @chain: the chain that is locked
 */
struct visit {
	unsigned long irqs;
	struct tcps_stream_cpu *stream;
	struct hlist_bl_head *chain;
};

/* Lock the chain of @cookie. */
static __always_inline void begin_visit(struct visit *visit, u64 cookie)
{
	local_irq_save(visit->irqs);
	visit->chain = tcps_conn_lock(cookie);
}

static __always_inline void end_visit(struct visit *visit)
{
	tcps_conn_unlock(visit->chain);
	local_irq_restore(visit->irqs);
}

/* The same, to record something. */
static __always_inline void begin_step(struct visit *visit, u64 cookie)
{
	local_irq_save(visit->irqs);
	visit->stream = tcps_stream_enter();
	visit->chain = tcps_conn_lock(cookie);
	/* A: the ring is entered before all that follows. Pairs with E and F. */
	smp_mb__after_atomic();
}

/* With @record, if there is something to tell. */
static __always_inline void end_step(struct visit *visit,
				     struct tcpstates_record *record)
{
	tcps_conn_unlock(visit->chain);
	if (likely(record))
		tcps_stream_commit(visit->stream, record);
	tcps_stream_leave(visit->stream, record);
	local_irq_restore(visit->irqs);
}

static __always_inline void set_duration(struct tcpstates_record *record,
					 const struct tcps_conn *conn, u8 old)
{
	record->dur_ns = 0;
	if (unlikely(conn->state != old))
		return;
	record->dur_ns = record->boot_ns - conn->since_ns;
	record->known |= TCPSTATES_KNOW_DURATION;
	if (unlikely(conn->atleast))
		record->flags |= TCPSTATES_FLAG_ATLEAST;
}

static __always_inline u8 cause_of(const struct tcps_step *step,
				   const struct tcps_conn *conn)
{
	if (unlikely(conn->is_marked) && step->unless_marked &&
	    (!conn->marked_by || conn->marked_by == step->by))
		return conn->mark;
	return step->ask ? tcps_cause_of_close(step->holder, step->old) :
			   step->cause;
}

static __always_inline void set_handshake(struct tcps_conn *conn,
					  const struct tcps_step *step,
					  u64 boot_ns)
{
	if (step->new != TCPSTATES_ESTABLISHED || !conn->begun_ns)
		return;
	conn->handshake_ns = boot_ns - conn->begun_ns;
	conn->known = TCPSTATES_KNOW_HANDSHAKE;
}

/* Begin a record of what @step does to @conn, and do it. */
static struct tcpstates_record *make_step(struct visit *visit,
					  struct tcps_conn *conn,
					  const struct tcps_step *step)
{
	struct tcpstates_record *record = tcps_stream_begin(visit->stream);
	u64 boot_ns = ktime_get_boottime_ns();

	conn->flags |= step->flags;
	set_handshake(conn, step, boot_ns);
	tcps_tell(record, conn, TCPSTATES_EVENT_TRANSITION);
	record->old_state = step->old;
	record->new_state = step->new;
	record->cause = cause_of(step, conn);
	record->boot_ns = boot_ns;
	record->real_ns = tcps_stream_real_ns(visit->stream, boot_ns);
	set_duration(record, conn, step->old);
	tcps_tell_health(record, step->holder, step->kind);

	conn->since_ns = boot_ns;
	conn->holder = step->next;
	conn->state = step->new;
	conn->kind = step->next == step->holder ? step->kind : TCPS_KIND_OTHER;
	conn->mark = TCPSTATES_CAUSE_UNKNOWN;
	conn->is_marked = false;
	conn->atleast = false;
	conn->doubted = false;
	conn->children = 0;
	return record;
}

/* The connection is over, and so is its entry unless a ghost is left. */
static void finish(struct tcps_conn *conn)
{
	conn->holder = NULL;
	conn->kind = TCPS_KIND_OTHER;
	if (!conn->ghost)
		tcps_conn_free(conn);
}

/* There was no entry that could have been marked. */
static void forget_cause(struct tcpstates_record *record,
			 const struct tcps_step *step)
{
	if (step->unless_marked)
		record->cause = TCPSTATES_CAUSE_UNKNOWN;
}

/* As if there were an entry, but nothing is known and nothing is kept. */
static struct tcpstates_record *make_strange_step(struct visit *visit,
						  const struct tcps_step *step)
{
	struct tcps_conn stranger = { .cookie = step->cookie };
	struct tcpstates_record *record;

	tcps_conn_begin(&stranger, step->tuple, &nobody);
	record = make_step(visit, &stranger, step);
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
	struct visit visit;

	begin_step(&visit, step->cookie);
	conn = tcps_conn_find(visit.chain, step->cookie, step->next);
	if (conn && step->strict && conn->state == step->new)
		goto out;
	if (conn)
		tcps_conn_begin(conn, step->tuple, owner);
	else
		conn = tcps_conn_make(visit.chain, step->cookie, step->tuple,
				      owner);
	if (likely(conn)) {
		record = make_step(&visit, conn, step);
		/* A SYN cookie's SYN was not seen. */
		if (step->cause == TCPSTATES_CAUSE_CONNECT ||
		    step->cause == TCPSTATES_CAUSE_SYN)
			conn->begun_ns = conn->since_ns;
	} else {
		record = make_strange_step(&visit, step);
	}
out:
	end_step(&visit, record);
	return conn;
}

/*
 * A child makes its first step before it is known that it has taken over, if
 * the hook for that is missing, or MPTCP goes a way of its own.
 */
static __always_inline struct tcps_conn *
find_or_adopt(struct hlist_bl_head *chain,
				       const struct tcps_step *step)
{
	struct tcps_conn *conn;

	conn = tcps_conn_find(chain, step->cookie, step->holder);
	if (likely(conn) || step->old != TCPSTATES_SYN_RECV ||
	    step->kind != TCPS_KIND_SOCK)
		return conn;
	while ((conn = tcps_conn_next(chain, step->cookie, conn)))
		if (conn->state == TCPSTATES_SYN_RECV)
			return conn;
	return NULL;
}

/**
 * tcps_life_step() - a connection goes on
 * @step: what happens to it
 *
 * Return: what became of it.
 */
enum tcps_stepped tcps_life_step(const struct tcps_step *step)
{
	enum tcps_stepped stepped = TCPS_STEP_STRANGE;
	struct tcpstates_record *record = NULL;
	struct tcps_conn *conn;
	struct visit visit;

	begin_step(&visit, step->cookie);
	conn = find_or_adopt(visit.chain, step);
	if (conn && step->strict && conn->state != step->old) {
		stepped = TCPS_STEP_ELSEWHERE;
	} else if (conn) {
		stepped = TCPS_STEP_DONE;
		record = make_step(&visit, conn, step);
		if (step->new == TCPSTATES_CLOSE)
			finish(conn);
	}
	end_step(&visit, record);
	return stepped;
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
	struct visit visit;

	begin_step(&visit, step->cookie);
	if (tcps_life_learning() && step->new != TCPSTATES_CLOSE)
		conn = tcps_conn_make(visit.chain, step->cookie, step->tuple,
				      &nobody);
	if (conn) {
		record = make_step(&visit, conn, step);
		forget_cause(record, step);
	} else {
		record = make_strange_step(&visit, step);
	}
	end_step(&visit, record);
}

/* Whether @sk is a ghost; if so, it is none any more. */
static bool lay_ghost(struct hlist_bl_head *chain, u64 cookie,
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
 * tcps_life_close() - a full socket goes to CLOSE
 * @step: what would happen if it stands for its connection
 *
 * Return: what it was.
 */
enum tcps_end tcps_life_close(const struct tcps_step *step)
{
	struct tcpstates_record *record = NULL;
	enum tcps_end end = TCPS_END_RECORDED;
	struct tcps_conn *conn;
	struct visit visit;

	begin_step(&visit, step->cookie);
	conn = tcps_conn_find(visit.chain, step->cookie, step->holder);
	if (conn) {
		record = make_step(&visit, conn, step);
		finish(conn);
	} else if (lay_ghost(visit.chain, step->cookie, step->holder)) {
		end = TCPS_END_GHOST;
	} else {
		end = tcps_conn_next(visit.chain, step->cookie, NULL) ?
		      TCPS_END_STRANGE : TCPS_END_ALONE;
	}
	end_step(&visit, record);
	return end;
}

/**
 * tcps_life_replace() - a minisock takes a full socket's place
 * @step: with the minisock as @next; nothing is recorded if the state stays
 *
 * The socket becomes a ghost.
 *
 * Return: false if there is no entry; then nothing is done.
 */
bool tcps_life_replace(const struct tcps_step *step)
{
	struct tcpstates_record *record = NULL;
	struct tcps_conn *conn;
	struct visit visit;

	begin_step(&visit, step->cookie);
	conn = tcps_conn_find(visit.chain, step->cookie, step->holder);
	if (conn) {
		if (step->old != step->new)
			record = make_step(&visit, conn, step);
		conn->flags |= step->flags;
		conn->holder = step->next;
		conn->kind = TCPS_KIND_OTHER;
		conn->ghost = step->holder;
		conn->doubted = false;
	}
	end_step(&visit, record);
	return conn;
}

/*
 * The entry that @holder stands for, or nobody does: the copy of a request that
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

/**
 * tcps_life_pass() - another structure stands for a connection
 * @cookie: which connection
 * @from: what stood for it, unless that was NULL already
 * @to: what does now, or NULL if that is not known yet
 *
 * Return: false if there is no entry.
 */
bool tcps_life_pass(u64 cookie, const void *from, const void *to)
{
	struct tcps_conn *conn;
	struct visit visit;

	begin_visit(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, from);
	if (conn) {
		conn->holder = to;
		conn->kind = TCPS_KIND_OTHER;
		conn->doubted = false;
	}
	if (conn && !to) {
		/* What ends without having been dropped is no duplicate now. */
		conn->is_marked = true;
		conn->marked_by = 0;
		conn->mark = TCPSTATES_CAUSE_UNKNOWN;
	}
	end_visit(&visit);
	return conn;
}

/**
 * tcps_life_child() - a child of a request is born, or has ended as one
 * @cookie: the request's
 * @born: which of them
 */
void tcps_life_child(u64 cookie, bool born)
{
	struct tcps_conn *conn = NULL;
	struct visit visit;

	begin_visit(&visit, cookie);
	while ((conn = tcps_conn_next(visit.chain, cookie, conn))) {
		if (conn->state != TCPSTATES_SYN_RECV)
			continue;
		if (born)
			conn->children++;
		else if (conn->children)
			conn->children--;
	}
	end_visit(&visit);
}

/**
 * tcps_life_has_child() - whether a child of a request lives
 * @cookie: its cookie
 * @req: the request
 *
 * Return: true if a child lives, whose next step will tell that it took over.
 */
bool tcps_life_has_child(u64 cookie, const struct request_sock *req)
{
	struct tcps_conn *conn;
	struct visit visit;
	bool has;

	begin_visit(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, req);
	has = conn && conn->children;
	end_visit(&visit);
	return has;
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
	struct visit visit;

	begin_visit(&visit, cookie);
	conn = tcps_conn_next(visit.chain, cookie, NULL);
	end_visit(&visit);
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
	struct visit visit;
	bool is;

	begin_visit(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, holder);
	is = conn && conn->state == state;
	end_visit(&visit);
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
	struct visit visit;

	begin_visit(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, listener);
	if (conn) {
		*owner = conn->owner;
		owner->known &= ~TCPSTATES_KNOW_INODE;
		owner->inode = 0;
	}
	end_visit(&visit);
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
	struct visit visit;

	begin_visit(&visit, cookie);
	conn = tcps_conn_find(visit.chain, cookie, sk);
	if (conn) {
		conn->owner = *owner;
		conn->flags &= ~TCPSTATES_FLAG_UNACCEPTED;
	}
	end_visit(&visit);
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
	struct visit visit;

	begin_visit(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, holder);
	if (conn) {
		conn->is_marked = true;
		conn->marked_by = by;
		conn->mark = cause;
	}
	end_visit(&visit);
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
	struct visit visit;
	bool noted;

	begin_visit(&visit, cookie);
	conn = find_or_claim(visit.chain, cookie, holder);
	if (conn) {
		noted = conn->is_marked && conn->marked_by == by &&
			(!cause || conn->mark == TCPSTATES_CAUSE_KILLED);
		if (!noted)
			conn->mark = cause;
		conn->is_marked = true;
		conn->marked_by = 0;
	}
	end_visit(&visit);
	return conn;
}

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
		if (conn->ghost == step->holder ||
		    conn->state == TCPSTATES_SYN_RECV)
			return true;
	return false;
}

/**
 * tcps_life_learn() - a connection is there
 * @step: in which state (@new), since now at the latest
 * @owner: what is known of whose it is
 *
 * After tcps_life_confirm() it only confirms what is known: a connection whose
 * end was recorded while it was still linked must not come back.
 *
 * Context: the lock of the structure's hash bucket is held.
 */
void tcps_life_learn(const struct tcps_step *step,
		     const struct tcps_owner *owner)
{
	struct tcps_conn *conn;
	struct visit visit;

	begin_visit(&visit, step->cookie);
	conn = tcps_conn_find(visit.chain, step->cookie, step->holder);
	if (conn)
		conn->doubted = false;
	else if (!confirming && !is_told_already(visit.chain, step))
		conn = tcps_conn_make(visit.chain, step->cookie, step->tuple,
				      owner);
	if (conn && !conn->since_ns) {
		conn->flags |= step->flags;
		conn->since_ns = ktime_get_boottime_ns();
		conn->state = step->new;
		conn->holder = step->holder;
		conn->kind = step->kind;
		conn->atleast = true;
	}
	end_visit(&visit);
}

/**
 * tcps_life_learning() - whether strangers may be old connections
 *
 * Return: true until tcps_life_learned().
 */
bool tcps_life_learning(void)
{
	return unlikely(READ_ONCE(learning));
}

/**
 * tcps_life_init() - begin to learn
 *
 * Context: process, before anything is recorded.
 */
void tcps_life_init(void)
{
	learning = true;
	confirming = false;
}

/**
 * tcps_life_confirm() - doubt all that was learned until it is learned again
 *
 * Context: process.
 */
void tcps_life_confirm(void)
{
	confirming = true;
	tcps_conn_doubt();
}

/**
 * tcps_life_learned() - forget what is still doubted
 *
 * Context: process.
 */
void tcps_life_learned(void)
{
	tcps_conn_forget();
	WRITE_ONCE(learning, false);
}
