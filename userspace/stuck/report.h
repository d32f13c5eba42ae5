/* SPDX-License-Identifier: GPL-2.0 */
/* Stuck connections on standard output: for people, programs and monitors. */
#ifndef _STUCK_REPORT_H
#define _STUCK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

struct output;
struct trouble;
struct troubled;

/* Room for an object of JSON with holders, and for a line; more is cut off. */
#define REPORT_SIZE	8192

size_t report_line(const struct troubled *troubled,
		   const struct trouble *trouble, char text[REPORT_SIZE]);
size_t report_json(const struct troubled *troubled,
		   const struct trouble *trouble, char text[REPORT_SIZE]);
void report_table(struct output *out, const struct troubled *troubled,
		  bool timed);
int report_check(struct output *out, const struct troubled *troubled,
		 unsigned long long age_s, const unsigned long long levels[2]);

#endif /* _STUCK_REPORT_H */
