/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of a connection, which the kernel keeps in up to three structures. The
 * structure that stands for it at the moment is its holder, and is recorded in its
 * entry: what happens to a structure happens to the connection only if the
 * structure is the holder.
 *
 * The table may lack memory. A connection without an entry is untracked: its
 * transitions are recorded if the caller knows them, but without duration and
 * owner, and without a cause that could have been marked.
 *
 * Context of all functions: process or softirq, preemptible or not, with or without
 * locks of sockets; several CPUs at once. They turn interrupts off and take the lock
 * of one chain.
 */
#ifndef _TCPS_LIFE_H
#define _TCPS_LIFE_H

#include <linux/types.h>

#include "step.h"
#include "uapi/tcpstates.h"

struct request_sock;
struct sock;

bool tcps_life_begin(const struct tcps_step *step);
bool tcps_life_begin_once(const struct tcps_step *step);
enum tcps_stepped tcps_life_step(const struct tcps_step *step,
				 const struct tcps_step_rules *rules);
void tcps_life_step_untracked(const struct tcps_step *step);

bool tcps_life_replace(u64 cookie, const void *sk, const void *tw, u32 flags);
bool tcps_life_set_holder(u64 cookie, const void *req, const void *child);
void tcps_life_migrate(u64 cookie, const void *req);
void tcps_life_note_child(u64 cookie);
bool tcps_life_join(u64 cookie, const struct request_sock *req);
bool tcps_life_close_child(const struct tcps_step *step,
			   const struct tcps_step_rules *rules,
			   bool (*was_replaced)(const struct request_sock *req));

bool tcps_life_is_tracked(u64 cookie);
bool tcps_life_is_in(u64 cookie, const void *holder, u8 state);

void tcps_life_inherit_owner(u64 cookie, const struct sock *listener,
			     struct tcpstates_ident *ident);
void tcps_life_set_owner(u64 cookie, const struct sock *sk,
			 const struct tcpstates_ident *owner);

void tcps_life_mark_cause(u64 cookie, const void *holder,
			  unsigned long context, u8 cause);
bool tcps_life_set_final_cause(u64 cookie, const void *holder,
			       unsigned long context, u8 cause);

#endif /* _TCPS_LIFE_H */
