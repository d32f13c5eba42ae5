/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happens to connections: a transition changes the entry in the table and
 * is recorded, both under the lock of the entry's chain, so that the entry says
 * at any time what the stream says. Which structure of the kernel stands for a
 * connection (its holder) is known from here alone: that decides whether what
 * happens to a structure happens to its connection.
 *
 * The table may be short of memory. A connection without an entry is a
 * stranger: its transitions are recorded all the same, if the caller can tell
 * them, but without duration, owner, or a cause that could have been marked.
 *
 * Context: process or softirq, with or without preemption and locks, several CPUs
 * at once.
 */
#ifndef _TCPS_LIFE_H
#define _TCPS_LIFE_H

#include <linux/types.h>

struct inet_timewait_sock;
struct request_sock;
struct sock;
struct tcps_owner;
struct tcps_tuple;

/**
 * struct tcps_step - a transition, or a state that is there
 * @cookie: of the connection
 * @holder: the structure that makes it
 * @next: what stands for the connection then; NULL if nothing does. If it is a
 *	minisock in a full socket's place, the socket becomes a ghost
 * @tuple: between whom; for those that have no entry, and at birth
 * @by: who is at work, as for tcps_life_mark(), if @unless_marked
 * @flags: TCPSTATES_FLAG_* that the connection has from now on
 * @old: state before
 * @new: state after
 * @cause: why, TCPSTATES_CAUSE_*
 * @unless_marked: a mark in the entry comes before @cause; without an entry
 *	nothing is known
 * @strict: only if the connection is in @old
 * @ask: @cause is to be asked for (tcps_cause_of_close()) when it is known that
 *	it matters
 * @kind: TCPS_KIND_*, of @holder
 */
struct tcps_step {
	u64 cookie;
	const void *holder;
	const void *next;
	const struct tcps_tuple *tuple;
	unsigned long by;
	u32 flags;
	u8 old;
	u8 new;
	u8 cause;
	bool unless_marked;
	bool strict;
	bool ask;
	u8 kind;
};

/* What became of a step. */
enum tcps_stepped {
	TCPS_STEP_STRANGE,	/* no entry: nothing is recorded */
	TCPS_STEP_DONE,
	TCPS_STEP_ELSEWHERE,	/* not in its old state, and it is strict */
};

/* What a socket's CLOSE turned out to be. */
enum tcps_end {
	TCPS_END_RECORDED,	/* its connection's end */
	TCPS_END_GHOST,		/* it does not stand for a connection any more */
	TCPS_END_STRANGE,	/* it has no entry; others with its cookie may */
	TCPS_END_ALONE,		/* nothing has an entry with its cookie */
};

bool tcps_life_begin(const struct tcps_step *step,
		     const struct tcps_owner *owner);
enum tcps_stepped tcps_life_step(const struct tcps_step *step);
void tcps_life_strange(const struct tcps_step *step);
enum tcps_end tcps_life_close(const struct tcps_step *step);
bool tcps_life_stay(u64 cookie, const void *sk, const void *tw, u32 flags);
bool tcps_life_pass(u64 cookie, const void *req, const void *child);
void tcps_life_move(u64 cookie, const void *req);
void tcps_life_child(u64 cookie);
bool tcps_life_join(u64 cookie, const struct request_sock *req);
bool tcps_life_close_child(const struct tcps_step *step,
			   bool (*replaced)(const struct request_sock *req));
bool tcps_life_known(u64 cookie);
bool tcps_life_is(u64 cookie, const void *holder, u8 state);

void tcps_life_inherit(u64 cookie, const struct sock *listener,
		       struct tcps_owner *owner);
void tcps_life_accepted(u64 cookie, const struct sock *sk,
			const struct tcps_owner *owner);

void tcps_life_mark(u64 cookie, const void *holder, unsigned long by, u8 cause);
bool tcps_life_settle(u64 cookie, const void *holder, unsigned long by,
		      u8 cause);

#endif /* _TCPS_LIFE_H */
