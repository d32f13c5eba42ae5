/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which keys of a line are shown, and in which order; and lines as rows of CSV
 * (RFC 4180), whose columns are the keys. A text that is given to a function here is
 * a whole line or object, as the library and report.c make them.
 */
#ifndef _PRINT_FIELDS_H
#define _PRINT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

struct output;

#define FIELDS_MAX	48
#define FIELDS_NAME	16

/**
 * struct fields - some keys
 * @all: whether all are shown, in their own order
 * @count: of these
 * @names: the keys
 */
struct fields {
	bool all;
	size_t count;
	char names[FIELDS_MAX][FIELDS_NAME];
};

void fields_init(struct fields *fields, const char *more);
const char *fields_choose(struct fields *fields, const char *list);
void fields_line(const struct fields *fields, struct output *out,
		 const char *line);
void fields_json(const struct fields *fields, struct output *out,
		 const char *json);
void fields_csv_head(const struct fields *fields, struct output *out);
void fields_csv(const struct fields *fields, struct output *out,
		const char *line);

#endif /* _PRINT_FIELDS_H */
