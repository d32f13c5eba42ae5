/* SPDX-License-Identifier: GPL-2.0 */
/* Stuck connections on standard output: for people, programs and monitors. */
#ifndef _STUCK_REPORT_H
#define _STUCK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

struct output;
struct stuck_conn;
struct stuck_list;

/* Room for an object of JSON with holders, and for a line; more is cut off. */
#define REPORT_SIZE	8192

size_t report_line(const struct stuck_list *list,
		   const struct stuck_conn *conn, char text[REPORT_SIZE]);
size_t report_json(const struct stuck_list *list,
		   const struct stuck_conn *conn, char text[REPORT_SIZE]);
void report_table(struct output *out, const struct stuck_list *list,
		  bool timed);
int report_check(struct output *out, const struct stuck_list *list,
		 unsigned long long age_s, const unsigned long long levels[2]);

#endif /* _STUCK_REPORT_H */
