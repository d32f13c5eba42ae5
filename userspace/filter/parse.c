// SPDX-License-Identifier: GPL-2.0
/* From text to tree: a function for each rule of words.h, beginning at a token. */
#include <stdlib.h>

#include "filter/condition.h"
#include "filter/language.h"
#include "filter/parser.h"

/* A limit of recursion: parentheses and negations. */
#define DEPTH_MAX	64

static bool parse_expression(struct parser *parser, bool negated);

static bool parse_parentheses(struct parser *parser, bool negated)
{
	size_t column = parser->token.column;

	parser_next(parser);
	if (!parse_expression(parser, negated))
		return false;
	if (parser->token.kind != TOKEN_CLOSE)
		return parser_fail(parser, column, "this '(' has no ')'");
	parser_next(parser);
	return true;
}

static bool parse_factor(struct parser *parser, bool negated)
{
	const struct token *token = &parser->token;
	bool good;

	if (++parser->depth > DEPTH_MAX)
		return parser_fail(parser, token->column, "too many parentheses");
	switch (token->kind) {
	case TOKEN_NOT:
		parser_next(parser);
		good = parse_factor(parser, !negated);
		break;
	case TOKEN_OPEN:
		good = parse_parentheses(parser, negated);
		break;
	case TOKEN_WORD:
		good = condition_parse(parser, negated);
		break;
	case TOKEN_BAD:
		return parser_has_value(parser, "");
	case TOKEN_END:
		return parser_fail(parser, token->column, "a condition is missing here");
	default:
		return parser_fail(parser, token->column, "'%s' is misplaced",
			    token->text);
	}
	parser->depth--;
	return good;
}

/* Whether a factor begins here, so that "and" was left out. */
static bool goes_on(const struct token *token)
{
	return token->kind == TOKEN_NOT || token->kind == TOKEN_OPEN ||
	       token->kind == TOKEN_WORD || token->kind == TOKEN_BAD;
}

static bool parse_more_factors(struct parser *parser, bool negated)
{
	while (parser->token.kind == TOKEN_AND || goes_on(&parser->token)) {
		unsigned int left = parser->filter->count - 1;

		if (parser->token.kind == TOKEN_AND)
			parser_next(parser);
		if (!parse_factor(parser, negated) ||
		    !parser_join(parser, negated ? NODE_OR : NODE_AND, left))
			return false;
	}
	return true;
}

static bool parse_more_terms(struct parser *parser, bool negated)
{
	while (parser->token.kind == TOKEN_OR) {
		unsigned int left = parser->filter->count - 1;

		parser_next(parser);
		if (!parse_factor(parser, negated) ||
		    !parse_more_factors(parser, negated) ||
		    !parser_join(parser, negated ? NODE_AND : NODE_OR, left))
			return false;
	}
	return true;
}

static bool parse_terms(struct parser *parser, bool negated)
{
	return parse_factor(parser, negated) &&
	       parse_more_factors(parser, negated) &&
	       parse_more_terms(parser, negated);
}

/*
 * States at the beginning, with nothing between them and the rest, apply to all of the
 * rest, as in ss: "state A sport 1 or sport 2" requires A in both cases.
 */
static bool parse_expression(struct parser *parser, bool negated)
{
	enum field field = parser_field(&parser->token);

	if (field != FIELD_STATE && field != FIELD_EXCLUDE)
		return parse_terms(parser, negated);
	if (!condition_parse_states(parser, negated))
		return false;
	if (goes_on(&parser->token)) {
		unsigned int left = parser->filter->count - 1;

		return parse_terms(parser, negated) &&
		       parser_join(parser, negated ? NODE_OR : NODE_AND, left);
	}
	return parse_more_factors(parser, negated) &&
	       parse_more_terms(parser, negated);
}

static bool parse_all(struct parser *parser)
{
	parser_next(parser);
	if (parser->token.kind == TOKEN_END)
		return true;
	if (!parse_expression(parser, false))
		return false;
	if (parser->token.kind != TOKEN_END)
		return parser_fail(parser, parser->token.column, "'%s' is misplaced",
			    parser->token.text);
	return true;
}

/**
 * filter_parse() - parse a filter
 * @text: the text; an empty one lets everything pass
 * @error: filled in on failure
 *
 * Names of hosts, users and services are looked up.
 *
 * Return: the filter, for filter_free(); or NULL.
 */
struct filter *filter_parse(const char *text, struct filter_error *error)
{
	struct parser parser = { .text = text, .error = error };

	parser.filter = calloc(1, sizeof(*parser.filter));
	if (!parser.filter) {
		parser_fail(&parser, 0, "no memory");
		return NULL;
	}
	if (parse_all(&parser))
		return parser.filter;
	filter_free(parser.filter);
	return NULL;
}

/**
 * filter_begins() - whether a filter can begin with a word
 * @word: word of a command line
 *
 * Return: false for words of other kinds, like the name of a command.
 */
bool filter_begins(const char *word)
{
	struct token token;

	token_read(&token, word, 0);
	return token.kind != TOKEN_WORD || parser_field(&token) != FIELD_COUNT ||
	       condition_missing(token.text);
}

/** filter_free() - free a filter; NULL does nothing */
void filter_free(struct filter *filter)
{
	if (filter)
		free(filter->nodes);
	free(filter);
}
