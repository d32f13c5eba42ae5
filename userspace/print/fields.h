/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which fields of a record are printed, and in which order; and items with these
 * fields as lines, as objects, and as rows of CSV (RFC 4180), whose columns are the
 * fields.
 */
#ifndef _PRINT_FIELDS_H
#define _PRINT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

struct item;
struct output;

#define FIELDS_MAX	48

/**
 * struct fields - some fields
 * @all: whether these are all fields, in their own order
 * @more: key of a value that the command adds to records; NULL for none
 * @count: number of fields
 * @numbers: the fields, by their numbers in the library; FIELDS_MAX for @more
 */
struct fields {
	bool all;
	const char *more;
	size_t count;
	unsigned int numbers[FIELDS_MAX];
};

void fields_init(struct fields *fields, const char *more);
const char *fields_choose(struct fields *fields, const char *list);
void fields_line(const struct fields *fields, struct output *out,
		 const struct item *item);
void fields_json(const struct fields *fields, struct output *out,
		 const struct item *item);
void fields_csv_head(const struct fields *fields, struct output *out);
void fields_csv(const struct fields *fields, struct output *out,
		const struct item *item);

#endif /* _PRINT_FIELDS_H */
