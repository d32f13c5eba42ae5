/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of text have in common: a record, and what its texts must be. */
#ifndef _FORMAT_FIXTURE_H
#define _FORMAT_FIXTURE_H

#include "unit.h"

#include "format.h"

/* One cache for all tests, in the order that they run: its state must not matter. */
extern struct tcps_text_cache text_cache;

/* The record of the example in the contract. */
struct tcpstates_record example_record(void);

/* A text in memory of exactly its largest size, which the sanitizer watches; to be freed. */
char *as_line(const struct tcpstates_record *record);
char *as_json(const struct tcpstates_record *record);

void expect_line(const struct tcpstates_record *record, const char *expected);
void expect_json(const struct tcpstates_record *record, const char *expected);

/* The line has @expected between @key and @next. */
void expect_between(const struct tcpstates_record *record, const char *key,
		    const char *next, const char *expected);

#endif /* _FORMAT_FIXTURE_H */
