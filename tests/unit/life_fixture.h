/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the tests of life.c, verify.c and stuck.c: a clock, structures of the
 * kernel, steps, and what their records must hold.
 */
#ifndef _LIFE_FIXTURE_H
#define _LIFE_FIXTURE_H

#include "unit.h"

#include "clock_stub.h"
#include "conn.h"
#include "life.h"
#include "pool_stub.h"
#include "stream_stub.h"
#include "uapi/tcpstates.h"

#define OWNED	(TCPSTATES_KNOW_OWNER | TCPSTATES_KNOW_UID)

/* Contexts: two tasks. */
#define US	1UL
#define THEM	2UL

/* Structures of the kernel: addresses without memory. */
static const struct sock *const sk = (const struct sock *)0x1000;
static const struct sock *const child = (const struct sock *)0x2000;
static const struct request_sock *const req =
	(const struct request_sock *)0x3000;
static const struct request_sock *const copy =
	(const struct request_sock *)0x4000;
static const void *const tw = (const void *)0x5000;

/* The ident of all steps: addresses, and no owner. */
extern const struct tcpstates_ident sample;

/* An empty table at the time 1000, after learning. */
int life_setup(void **state);
int life_teardown(void **state);

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)

struct tcps_step sock_step(u64 cookie, const struct sock *sock, u8 old,
			   u8 new);

struct tcps_step request_step(u64 cookie,
			      const struct request_sock *request,
			      u8 old, u8 new);

/* A step of the minisock. */
struct tcps_step minisock_step(u64 cookie, u8 old, u8 new);

/* The cause is that of the step. */
extern const struct tcps_step_rules plain_rules;
/* The connection must be in its old state, too. */
extern const struct tcps_step_rules strict_rules;
/* A mark for @context overrides the step's cause. */
extern const struct tcps_step_rules marked_rules;
extern unsigned long context;

/* The record of @step, whose common members are checked. */
struct tcpstates_record take(const struct tcps_step *step);

/* Make @step at @time, by the function for its states; it must be recorded. */
struct tcpstates_record take_ruled(const struct tcps_step *step,
				   const struct tcps_step_rules *rules,
				   u64 time);

/* As take_ruled(), with plain rules, or strict ones for a minisock. */
struct tcpstates_record take_step(const struct tcps_step *step,
				  u64 time);

struct tcpstates_record go(u64 cookie, u8 old, u8 new, u64 time);

struct tcpstates_record go_request(u64 cookie, u8 old, u8 new, u64 time);

struct tcpstates_record go_minisock(u64 cookie, u8 old, u8 new,
				    u64 time);

/* A minisock takes the place of the socket; false if that has no entry. */
bool replaces(const struct tcps_step *step);

/* A minisock replaces the socket, which was in FIN_WAIT2. */
void replace(u64 cookie, u8 new, u64 time);

/* The socket goes to CLOSE, of which nothing may be recorded. */
void expect_end(u64 cookie, u8 old, enum tcps_end end);

void expect_stepped(const struct tcps_step *step,
		    enum tcps_stepped stepped);

void expect_duration(const struct tcpstates_record *record, u64 dur_ns);

void expect_no_duration(const struct tcpstates_record *record);

void expect_addresses(const struct tcpstates_record *record,
		      const struct tcpstates_ident *expected);

/* How many connections the chain of @cookie has; @row describes the first. */
unsigned int copy_row(u64 cookie, struct tcpstates_record *row);

struct tcpstates_ident make_owner(u32 pid, const char *comm);

void expect_owner(const struct tcpstates_record *record, u32 pid,
		  const char *comm);

void expect_inode(const struct tcpstates_record *record, u64 inode);

struct tcpstates_record begin_owned(u64 cookie, u8 new, u32 pid,
				    const char *comm);

/* The cause of a CLOSE in context @in: unread, unless one is marked. */
u8 cause_of(u64 cookie, const struct sock *sock, unsigned long in);

/* The cause of a request's end in context @in: duplicate, unless one is marked. */
u8 end_of_request(u64 cookie, const struct request_sock *request,
		  unsigned long in);

void expect_handshake(const struct tcpstates_record *record, u64 ns);

void expect_no_handshake(const struct tcpstates_record *record);

void begin_of_cause(u64 cookie, u8 old, u8 new, u8 cause, u64 time);

void connect_at(u64 cookie, u64 time);

void learn_step(const struct tcps_step *step, u64 time);

void learn(u64 cookie, const struct sock *sock, u8 new, u64 time);

void learn_minisock(u64 cookie, u8 new, u64 time);

/* A step of the socket, which has no entry. */
struct tcpstates_record go_untracked(u64 cookie, u8 old, u8 new, u64 time);

/* Another cookie in the chain of @cookie. */
u64 neighbour(u64 cookie);

#endif /* _LIFE_FIXTURE_H */
