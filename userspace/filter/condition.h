/* SPDX-License-Identifier: GPL-2.0 */
/* The rules of the parser for conditions. */
#ifndef _FILTER_CONDITION_H
#define _FILTER_CONDITION_H

#include <stdbool.h>

struct parser;

bool condition_parse(struct parser *parser, bool negated);
bool condition_parse_states(struct parser *parser, bool negated);
const char *condition_missing(const char *word);

#endif /* _FILTER_CONDITION_H */
