// SPDX-License-Identifier: GPL-2.0
/* From text to tree: a function for each rule of words.h, each from a token on. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/compiler.h"
#include "filter/language.h"
#include "filter/token.h"
#include "filter/value.h"

/* More than this is no filter but an attempt at the stack. */
#define DEPTH_MAX	64
#define NODES_MAX	4096

/**
 * struct parser - one run
 * @text: the filter
 * @token: what comes next
 * @filter: what has been made so far
 * @error: for what is wrong
 * @depth: parentheses and negations that are open
 */
struct parser {
	const char *text;
	struct token token;
	struct filter *filter;
	struct filter_error *error;
	unsigned int depth;
};

static bool parse_expression(struct parser *parser, bool negated);

static void next_token(struct parser *parser)
{
	token_read(&parser->token, parser->text, parser->token.next);
}

/* Says what is wrong at a column. Returns false. */
__printf(3, 4)
static bool fail_at(struct parser *parser, size_t column, const char *format, ...)
{
	va_list args;

	parser->error->column = column;
	va_start(args, format);
	vsnprintf(parser->error->text, sizeof(parser->error->text), format,
		  args);
	va_end(args);
	return false;
}

/* A node at the end, as yet without content; NULL after fail_at(). */
static struct node *add_node(struct parser *parser)
{
	struct filter *filter = parser->filter;
	struct node *nodes;

	if (filter->count == NODES_MAX) {
		fail_at(parser, parser->token.column, "the filter is too long");
		return NULL;
	}
	nodes = array_reserve(filter->nodes, &filter->room, filter->count + 1,
			      sizeof(*nodes));
	if (!nodes) {
		fail_at(parser, parser->token.column, "no memory");
		return NULL;
	}
	filter->nodes = nodes;
	nodes = &filter->nodes[filter->count++];
	memset(nodes, 0, sizeof(*nodes));
	return nodes;
}

/* Ties the node @left and the last one. */
static bool join_nodes(struct parser *parser, enum node_kind kind, unsigned int left)
{
	unsigned int right = parser->filter->count - 1;
	struct node *node = add_node(parser);

	if (!node)
		return false;
	node->kind = kind;
	node->left = left;
	node->right = right;
	return true;
}

/* The field that the next token names, or FIELD_COUNT. */
static enum field token_field(const struct token *token)
{
	unsigned int field;

	for (field = 0; field < FIELD_COUNT; field++)
		if (token->kind == TOKEN_WORD &&
		    !strcasecmp(token->text, field_words[field].word))
			return field;
	return FIELD_COUNT;
}

/* Takes a value, or says that there is none. */
static bool is_value(struct parser *parser, const char *after)
{
	const struct token *token = &parser->token;

	switch (token->kind) {
	case TOKEN_WORD:
	case TOKEN_QUOTED:
		return true;
	case TOKEN_BAD:
		return fail_at(parser, token->column, "%s",
			    *token->text && parser->text[token->column] != '"' ?
			    "the word is too long" : "the quote is not closed");
	default:
		return fail_at(parser, token->column, "'%s' needs a value", after);
	}
}

/* Takes "state STATE" or "exclude STATE", and changes @states by it. */
static bool parse_state(struct parser *parser, enum field field, __u64 *states)
{
	const char *wanted;
	__u64 set;

	next_token(parser);
	if (parser->token.kind == TOKEN_COMPARISON) {
		if (parser->token.comparison == COMPARE_NE)
			field = field == FIELD_STATE ? FIELD_EXCLUDE :
						       FIELD_STATE;
		else if (parser->token.comparison != COMPARE_EQ)
			return fail_at(parser, parser->token.column,
				    "a state can only be compared with = or !=");
		next_token(parser);
	}
	if (!is_value(parser, "state"))
		return false;
	wanted = value_states(parser->token.text, &set);
	if (wanted)
		return fail_at(parser, parser->token.column, "'%s' is not a valid %s",
			    parser->token.text, wanted);
	/* The first one says where the others begin. */
	if (!*states && field == FIELD_EXCLUDE)
		*states = STATES_ALL;
	*states = field == FIELD_STATE ? *states | set : *states & ~set;
	next_token(parser);
	return true;
}

/* "state A state B exclude C": of them, not one after the other. */
static bool parse_states(struct parser *parser, bool negated)
{
	enum field field = token_field(&parser->token);
	struct node *node;
	__u64 states = 0;

	while (field == FIELD_STATE || field == FIELD_EXCLUDE) {
		if (!parse_state(parser, field, &states))
			return false;
		field = token_field(&parser->token);
	}
	node = add_node(parser);
	if (!node)
		return false;
	node->kind = NODE_SET;
	node->field = FIELD_STATE;
	node->set = states;
	node->negated = negated;
	return true;
}

/* A range from how a value is compared; the contrary goes to @node->negated. */
static void set_range(struct node *node, enum comparison comparison, __u64 min,
		      __u64 max)
{
	node->kind = NODE_RANGE;
	if (comparison == COMPARE_NE || comparison == COMPARE_GE ||
	    comparison == COMPARE_GT)
		node->negated = !node->negated;
	if (comparison == COMPARE_EQ || comparison == COMPARE_NE) {
		node->min = min;
		node->max = max;
	} else if (comparison == COMPARE_LE || comparison == COMPARE_GT) {
		node->max = max;
	} else if (min) {
		node->max = min - 1;
	} else {
		/* Nothing is less. */
		node->min = 1;
	}
}

/* One node for each address of a name, any of which will do. */
static bool add_hosts(struct parser *parser, enum field field, bool negated,
		      const struct host *hosts, size_t count)
{
	unsigned int first = parser->filter->count;
	size_t i;

	for (i = 0; i < count; i++) {
		struct node *node = add_node(parser);

		if (!node)
			return false;
		node->kind = NODE_HOST;
		node->field = field;
		node->negated = negated;
		node->host = hosts[i];
		if (i && !join_nodes(parser, negated ? NODE_AND : NODE_OR,
				     i == 1 ? first : first + 2 * i - 2))
			return false;
	}
	return true;
}

/* The value that comes next, as one of a host; @negated, for the contrary. */
static bool parse_host(struct parser *parser, enum field field, bool negated)
{
	struct host hosts[VALUE_HOSTS];
	size_t count, column = parser->token.column;
	const char *wanted = value_hosts(parser->token.text, hosts, &count);
	char word[TOKEN_SIZE];

	if (wanted)
		return fail_at(parser, column, "'%s' is not a valid %s",
			    parser->token.text, wanted);
	strcpy(word, parser->token.text);
	next_token(parser);
	return add_hosts(parser, field, negated, hosts, count);
}

/* Fills @node with the next value. Returns as those of value.h. */
static const char *parse_value(struct parser *parser, struct node *node,
			       enum comparison comparison)
{
	const char *word = parser->token.text, *wanted;
	__u64 min, max;

	node->kind = NODE_SET;
	switch (field_words[node->field].kind) {
	case KIND_STATES:
		return value_states(word, &node->set);
	case KIND_FAMILY:
		return value_family(word, &node->set);
	case KIND_CAUSE:
		return value_cause(word, &node->set);
	case KIND_EVENT:
		return value_event(word, &node->set);
	case KIND_PATTERN:
		node->kind = NODE_PATTERN;
		if (strlen(word) >= sizeof(node->pattern))
			return "process name: it is too long";
		strcpy(node->pattern, word);
		return NULL;
	case KIND_PORT:
		wanted = value_ports(word, &min, &max);
		break;
	case KIND_USER:
		wanted = value_user(word, &min);
		break;
	case KIND_NETNS:
		wanted = value_netns(word, &min);
		break;
	case KIND_CGROUP:
		wanted = value_cgroup(word, &min);
		break;
	case KIND_COOKIE:
		wanted = value_cookie(word, &min);
		break;
	case KIND_AGE:
		wanted = value_age(word, &min);
		break;
	default:
		wanted = value_number(word, &min);
		break;
	}
	if (wanted)
		return wanted;
	if (field_words[node->field].kind != KIND_PORT)
		max = min;
	set_range(node, comparison, min, max);
	return NULL;
}

/* Whether "less than" means something to it. */
static bool is_ordered(enum field field)
{
	return field_words[field].kind == KIND_PORT ||
	       field_words[field].kind == KIND_NUMBER ||
	       field_words[field].kind == KIND_AGE;
}

/* "autobound": a range of local ports. */
static bool parse_autobound(struct parser *parser, bool negated)
{
	struct node *node = add_node(parser);

	if (!node)
		return false;
	next_token(parser);
	node->kind = NODE_RANGE;
	node->field = FIELD_SPORT;
	node->negated = negated;
	value_chosen_ports(&node->min, &node->max);
	return true;
}

/* "FIELD [COMPARISON] VALUE" */
static bool parse_field(struct parser *parser, enum field field, bool negated)
{
	enum comparison comparison = COMPARE_EQ;
	struct node *node;
	const char *wanted;

	next_token(parser);
	if (parser->token.kind == TOKEN_COMPARISON) {
		comparison = parser->token.comparison;
		if (comparison != COMPARE_EQ && comparison != COMPARE_NE &&
		    !is_ordered(field))
			return fail_at(parser, parser->token.column,
				    "'%s' can only be compared with = or !=",
				    field_words[field].word);
		next_token(parser);
	}
	if (!is_value(parser, field_words[field].word))
		return false;
	if (field_words[field].kind == KIND_HOST)
		return parse_host(parser, field,
				  negated != (comparison == COMPARE_NE));
	node = add_node(parser);
	if (!node)
		return false;
	node->field = field == FIELD_NEW ? FIELD_STATE : field;
	node->negated = negated;
	wanted = parse_value(parser, node, comparison);
	if (wanted)
		return fail_at(parser, parser->token.column, "'%s' is not a valid %s",
			    parser->token.text, wanted);
	/* set_range() has seen to that. */
	if (node->kind != NODE_RANGE && comparison == COMPARE_NE)
		node->negated = !node->negated;
	next_token(parser);
	return true;
}

/* Words of ss that a record has nothing for; NULL for others. */
static const char *what_is_missing(const char *word)
{
	if (!strcasecmp(word, "dev"))
		return "records do not have the device";
	if (!strcasecmp(word, "fwmark"))
		return "records do not have the mark of the socket";
	return NULL;
}

/* What is no field is nothing. Returns false. */
static bool fail_at_word(struct parser *parser)
{
	const struct token *token = &parser->token;
	const char *missing = what_is_missing(token->text);

	if (missing)
		return fail_at(parser, token->column, "'%s': %s", token->text,
			      missing);
	return fail_at(parser, token->column,
		      "'%s' is not a word of a filter, like state, sport, dst, pid or age",
		      token->text);
}

static bool parse_condition(struct parser *parser, bool negated)
{
	enum field field = token_field(&parser->token);

	switch (field) {
	case FIELD_STATE:
	case FIELD_EXCLUDE:
		return parse_states(parser, negated);
	case FIELD_AUTOBOUND:
		return parse_autobound(parser, negated);
	case FIELD_COUNT:
		return fail_at_word(parser);
	default:
		return parse_field(parser, field, negated);
	}
}

static bool parse_parentheses(struct parser *parser, bool negated)
{
	size_t column = parser->token.column;

	next_token(parser);
	if (!parse_expression(parser, negated))
		return false;
	if (parser->token.kind != TOKEN_CLOSE)
		return fail_at(parser, column, "this '(' has no ')'");
	next_token(parser);
	return true;
}

static bool parse_factor(struct parser *parser, bool negated)
{
	const struct token *token = &parser->token;
	bool good;

	if (++parser->depth > DEPTH_MAX)
		return fail_at(parser, token->column, "too many parentheses");
	switch (token->kind) {
	case TOKEN_NOT:
		next_token(parser);
		good = parse_factor(parser, !negated);
		break;
	case TOKEN_OPEN:
		good = parse_parentheses(parser, negated);
		break;
	case TOKEN_WORD:
		good = parse_condition(parser, negated);
		break;
	case TOKEN_BAD:
		return is_value(parser, "");
	case TOKEN_END:
		return fail_at(parser, token->column, "a condition is missing here");
	default:
		return fail_at(parser, token->column, "'%s' is misplaced",
			    token->text);
	}
	parser->depth--;
	return good;
}

/* Whether a factor may begin here, where "and" can be left out. */
static bool goes_on(const struct token *token)
{
	return token->kind == TOKEN_NOT || token->kind == TOKEN_OPEN ||
	       token->kind == TOKEN_WORD || token->kind == TOKEN_BAD;
}

/* What follows the first factor of a term, or of all terms. */
static bool parse_more_factors(struct parser *parser, bool negated)
{
	while (parser->token.kind == TOKEN_AND || goes_on(&parser->token)) {
		unsigned int left = parser->filter->count - 1;

		if (parser->token.kind == TOKEN_AND)
			next_token(parser);
		if (!parse_factor(parser, negated) ||
		    !join_nodes(parser, negated ? NODE_OR : NODE_AND, left))
			return false;
	}
	return true;
}

static bool parse_more_terms(struct parser *parser, bool negated)
{
	while (parser->token.kind == TOKEN_OR) {
		unsigned int left = parser->filter->count - 1;

		next_token(parser);
		if (!parse_factor(parser, negated) ||
		    !parse_more_factors(parser, negated) ||
		    !join_nodes(parser, negated ? NODE_AND : NODE_OR, left))
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
 * States that come first, without a word between them and the rest, are of all of
 * it, as for ss: "state A sport 1 or sport 2" is in A in both cases.
 */
static bool parse_expression(struct parser *parser, bool negated)
{
	enum field field = token_field(&parser->token);

	if (field != FIELD_STATE && field != FIELD_EXCLUDE)
		return parse_terms(parser, negated);
	if (!parse_states(parser, negated))
		return false;
	if (goes_on(&parser->token)) {
		unsigned int left = parser->filter->count - 1;

		return parse_terms(parser, negated) &&
		       join_nodes(parser, negated ? NODE_OR : NODE_AND, left);
	}
	return parse_more_factors(parser, negated) &&
	       parse_more_terms(parser, negated);
}

static bool parse_all(struct parser *parser)
{
	next_token(parser);
	if (parser->token.kind == TOKEN_END)
		return true;
	if (!parse_expression(parser, false))
		return false;
	if (parser->token.kind != TOKEN_END)
		return fail_at(parser, parser->token.column, "'%s' is misplaced",
			    parser->token.text);
	return true;
}

/**
 * filter_parse() - make a filter of a text
 * @text: what people write; nothing lets everything pass
 * @error: filled in if that is no filter
 *
 * Names of hosts are looked up, users and services as well.
 *
 * Return: the filter, for filter_free(); or NULL.
 */
struct filter *filter_parse(const char *text, struct filter_error *error)
{
	struct parser parser = { .text = text, .error = error };

	parser.filter = calloc(1, sizeof(*parser.filter));
	if (!parser.filter) {
		fail_at(&parser, 0, "no memory");
		return NULL;
	}
	if (parse_all(&parser))
		return parser.filter;
	filter_free(parser.filter);
	return NULL;
}

/**
 * filter_begins() - whether a filter can begin with a word
 * @word: one of a command line
 *
 * Return: false for what can only be something else, like the name of a command.
 */
bool filter_begins(const char *word)
{
	struct token token;

	token_read(&token, word, 0);
	return token.kind != TOKEN_WORD || token_field(&token) != FIELD_COUNT ||
	       what_is_missing(token.text);
}

/** filter_free() - forget a filter; NULL does nothing */
void filter_free(struct filter *filter)
{
	if (filter)
		free(filter->nodes);
	free(filter);
}
