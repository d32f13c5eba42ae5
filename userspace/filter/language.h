/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Filters for people: the language of ss(8), with additional words. A filter is parsed
 * once, then matched against each record. filter_narrow() extracts what the module can
 * evaluate, so that fewer records have to be read.
 *
 * An unknown value matches neither a condition nor its negation. Losses pass every
 * filter.
 */
#ifndef _FILTER_LANGUAGE_H
#define _FILTER_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

struct filter;

/**
 * struct filter_error - why a filter is invalid
 * @column: position of the error in the text, from 0 on
 * @text: what is wrong there, and what would be valid
 */
struct filter_error {
	size_t column;
	char text[200];
};

struct filter *filter_parse(const char *text, struct filter_error *error);
bool filter_begins(const char *word);
void filter_free(struct filter *filter);
bool filter_matches(const struct filter *filter,
		    const struct tcpstates_record *record);
void filter_narrow(const struct filter *filter, struct tcpstates_filter *kernel);

#endif /* _FILTER_LANGUAGE_H */
