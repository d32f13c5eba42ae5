/* SPDX-License-Identifier: GPL-2.0 */
/* The state of the parser, and what all of its rules need. */
#ifndef _FILTER_PARSER_H
#define _FILTER_PARSER_H

#include "base/compiler.h"
#include "filter/token.h"
#include "filter/tree.h"

/**
 * struct parser - one run
 * @text: the filter as text
 * @token: the next token
 * @filter: the tree so far
 * @error: filled in by parser_fail()
 * @depth: number of open parentheses and negations
 */
struct parser {
	const char *text;
	struct token token;
	struct filter *filter;
	struct filter_error *error;
	unsigned int depth;
};

void parser_next(struct parser *parser);
__printf(3, 4)
bool parser_fail(struct parser *parser, size_t column, const char *format, ...);
struct node *parser_add(struct parser *parser);
bool parser_join(struct parser *parser, enum node_kind kind, unsigned int left);
bool parser_has_value(struct parser *parser, const char *after);
enum field parser_field(const struct token *token);

#endif /* _FILTER_PARSER_H */
