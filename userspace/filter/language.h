/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Filters as people write them: the language of ss(8), with words of our own. A
 * filter is parsed once, then asked about each record; what of it the module can
 * decide comes out as its filter, so that the rest need not be read at all.
 *
 * What a record does not know fulfils neither a condition nor its contrary. Losses
 * pass every filter.
 */
#ifndef _FILTER_LANGUAGE_H
#define _FILTER_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

struct filter;

/**
 * struct filter_error - why a filter is none
 * @column: where in the text, from 0 on
 * @text: what is wrong there, and what to write instead
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
