/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of stuck.c share: limits, passes, and what these have recorded. */
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

/* A pass now, whenever the next one is. */
u64 pass_now(void);

/* A pass now, which must say that the next one is @next_ns from now. */
unsigned int pass(u64 next_ns);

bool is_marked(u64 cookie);

/* How often @cookie is in the first @count of @told. */
unsigned int times_told(unsigned int count, u64 cookie);

#endif /* _STUCK_FIXTURE_H */
