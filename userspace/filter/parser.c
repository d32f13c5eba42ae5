// SPDX-License-Identifier: GPL-2.0
/* What all rules of the parser need: tokens, nodes, and errors. */
#include "filter/parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"

/* A limit of memory and time. */
#define NODES_MAX	4096

/** parser_next() - go on to the next token */
void parser_next(struct parser *parser)
{
	token_read(&parser->token, parser->text, parser->token.next);
}

/** parser_fail() - set the error message for a column; returns false */
bool parser_fail(struct parser *parser, size_t column, const char *format, ...)
{
	va_list args;

	parser->error->column = column;
	va_start(args, format);
	vsnprintf(parser->error->text, sizeof(parser->error->text), format,
		  args);
	va_end(args);
	return false;
}

/** parser_add() - append an empty node; NULL after parser_fail() */
struct node *parser_add(struct parser *parser)
{
	struct filter *filter = parser->filter;
	struct node *nodes;

	if (filter->count == NODES_MAX) {
		parser_fail(parser, parser->token.column, "the filter is too long");
		return NULL;
	}
	nodes = array_reserve(filter->nodes, &filter->room, filter->count + 1,
			      sizeof(*nodes));
	if (!nodes) {
		parser_fail(parser, parser->token.column, "no memory");
		return NULL;
	}
	filter->nodes = nodes;
	nodes = &filter->nodes[filter->count++];
	memset(nodes, 0, sizeof(*nodes));
	return nodes;
}

/** parser_join() - append a node that joins the node @left and the last one */
bool parser_join(struct parser *parser, enum node_kind kind, unsigned int left)
{
	unsigned int right = parser->filter->count - 1;
	struct node *node = parser_add(parser);

	if (!node)
		return false;
	node->kind = kind;
	node->left = left;
	node->right = right;
	return true;
}

/** parser_field() - the field that a token names, or FIELD_COUNT */
enum field parser_field(const struct token *token)
{
	unsigned int field;

	for (field = 0; field < FIELD_COUNT; field++)
		if (token->kind == TOKEN_WORD &&
		    !strcasecmp(token->text, field_words[field].word))
			return field;
	return FIELD_COUNT;
}

/** parser_has_value() - whether the next token is a value; else parser_fail() */
bool parser_has_value(struct parser *parser, const char *after)
{
	const struct token *token = &parser->token;

	switch (token->kind) {
	case TOKEN_WORD:
	case TOKEN_QUOTED:
		return true;
	case TOKEN_BAD:
		return parser_fail(parser, token->column, "%s",
			    *token->text && parser->text[token->column] != '"' ?
			    "the word is too long" : "the quote is not closed");
	default:
		return parser_fail(parser, token->column, "'%s' needs a value", after);
	}
}
