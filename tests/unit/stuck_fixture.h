/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the tests of stuck.c: limits, passes, and their records. */
#ifndef _STUCK_FIXTURE_H
#define _STUCK_FIXTURE_H

#include "life_fixture.h"
#include "stuck.h"

#define SECOND	1000000000ULL
#define NEVER	(~0ULL)

/* Seconds by state. */
extern unsigned int limits[TCPSTATES_STATE_COUNT];
/* The records of the last pass, or of its parts. */
extern struct tcpstates_record told[256];

/* As life_setup(), with a limit of 60 s in CLOSE_WAIT. */
int stuck_setup(void **state);

#define STUCK_TEST(name) \
	cmocka_unit_test_setup_teardown(name, stuck_setup, life_teardown)

void change_limit(u8 state, unsigned int seconds);

/* A connection that is in @state from now on. */
void be_in(u64 cookie, u8 state);

/* Run a pass; returns when the next one is due. */
u64 pass_now(void);

/* Run a pass, after which the next must be due in @next_ns. Returns its records. */
unsigned int pass(u64 next_ns);

bool is_marked(u64 cookie);

/* How often @cookie is in the first @count of @told. */
unsigned int times_told(unsigned int count, u64 cookie);

#endif /* _STUCK_FIXTURE_H */
