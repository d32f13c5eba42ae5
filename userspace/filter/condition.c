// SPDX-License-Identifier: GPL-2.0
/* The rules of the parser for conditions, as words.h has them. */
#include "filter/condition.h"

#include <string.h>
#include <strings.h>

#include "filter/parser.h"
#include "filter/value.h"

/* Parses "state STATE" or "exclude STATE", and applies it to @states. */
static bool parse_state(struct parser *parser, enum field field, __u64 *states)
{
	const char *wanted;
	__u64 set;

	parser_next(parser);
	if (parser->token.kind == TOKEN_COMPARISON) {
		if (parser->token.comparison == COMPARE_NE)
			field = field == FIELD_STATE ? FIELD_EXCLUDE :
						       FIELD_STATE;
		else if (parser->token.comparison != COMPARE_EQ)
			return parser_fail(parser, parser->token.column,
				    "a state can only be compared with = or !=");
		parser_next(parser);
	}
	if (!parser_has_value(parser, "state"))
		return false;
	wanted = value_states(parser->token.text, &set);
	if (wanted)
		return parser_fail(parser, parser->token.column, "'%s' is not a valid %s",
			    parser->token.text, wanted);
	/* A leading "exclude" begins with all states. */
	if (!*states && field == FIELD_EXCLUDE)
		*states = STATES_ALL;
	*states = field == FIELD_STATE ? *states | set : *states & ~set;
	parser_next(parser);
	return true;
}

/**
 * condition_parse_states() - the rule STATES of words.h: one set of states
 * @parser: at the first "state" or "exclude"
 * @negated: parse its negation
 *
 * Return: false after parser_fail().
 */
bool condition_parse_states(struct parser *parser, bool negated)
{
	enum field field = parser_field(&parser->token);
	struct node *node;
	__u64 states = 0;

	while (field == FIELD_STATE || field == FIELD_EXCLUDE) {
		if (!parse_state(parser, field, &states))
			return false;
		field = parser_field(&parser->token);
	}
	node = parser_add(parser);
	if (!node)
		return false;
	node->kind = NODE_SET;
	node->field = FIELD_STATE;
	node->set = states;
	node->negated = negated;
	return true;
}

/* Sets the range of a comparison; inverse ones also toggle @node->negated. */
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
		/* No number is less than 0: an empty range. */
		node->min = 1;
	}
}

/* Adds a node for each address of a name; any of them matches. */
static bool add_hosts(struct parser *parser, enum field field, bool negated,
		      const struct host *hosts, size_t count)
{
	unsigned int first = parser->filter->count;
	size_t i;

	for (i = 0; i < count; i++) {
		struct node *node = parser_add(parser);

		if (!node)
			return false;
		node->kind = NODE_HOST;
		node->field = field;
		node->negated = negated;
		node->host = hosts[i];
		if (i && !parser_join(parser, negated ? NODE_AND : NODE_OR,
				      i == 1 ? first : first + 2 * i - 2))
			return false;
	}
	return true;
}

/* Parses the value of src or dst. */
static bool parse_host(struct parser *parser, enum field field, bool negated)
{
	struct host hosts[VALUE_HOSTS];
	size_t count, column = parser->token.column;
	const char *wanted = value_hosts(parser->token.text, hosts, &count);
	char word[TOKEN_SIZE];

	if (wanted)
		return parser_fail(parser, column, "'%s' is not a valid %s",
			    parser->token.text, wanted);
	strcpy(word, parser->token.text);
	parser_next(parser);
	return add_hosts(parser, field, negated, hosts, count);
}

/* Sets @node to the next value. Returns as the functions of value.h. */
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

/* Whether the values of a field are ordered. */
static bool is_ordered(enum field field)
{
	return field_words[field].kind == KIND_PORT ||
	       field_words[field].kind == KIND_NUMBER ||
	       field_words[field].kind == KIND_AGE;
}

/* "autobound": the range of local ports that the kernel chooses from. */
static bool parse_autobound(struct parser *parser, bool negated)
{
	struct node *node = parser_add(parser);

	if (!node)
		return false;
	parser_next(parser);
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

	parser_next(parser);
	if (parser->token.kind == TOKEN_COMPARISON) {
		comparison = parser->token.comparison;
		if (comparison != COMPARE_EQ && comparison != COMPARE_NE &&
		    !is_ordered(field))
			return parser_fail(parser, parser->token.column,
				    "'%s' can only be compared with = or !=",
				    field_words[field].word);
		parser_next(parser);
	}
	if (!parser_has_value(parser, field_words[field].word))
		return false;
	if (field_words[field].kind == KIND_HOST)
		return parse_host(parser, field,
				  negated != (comparison == COMPARE_NE));
	node = parser_add(parser);
	if (!node)
		return false;
	node->field = field == FIELD_NEW ? FIELD_STATE : field;
	node->negated = negated;
	wanted = parse_value(parser, node, comparison);
	if (wanted)
		return parser_fail(parser, parser->token.column, "'%s' is not a valid %s",
			    parser->token.text, wanted);
	/* For a range, set_range() has done that. */
	if (node->kind != NODE_RANGE && comparison == COMPARE_NE)
		node->negated = !node->negated;
	parser_next(parser);
	return true;
}

/**
 * condition_missing() - words of ss that name what a record does not have
 * @word: the word
 *
 * Return: what records do not have, as a sentence; NULL for other words.
 */
const char *condition_missing(const char *word)
{
	if (!strcasecmp(word, "dev"))
		return "records do not have the device";
	if (!strcasecmp(word, "fwmark"))
		return "records do not have the mark of the socket";
	return NULL;
}

/* The word names no field. Returns false. */
static bool fail_at_word(struct parser *parser)
{
	const struct token *token = &parser->token;
	const char *missing = condition_missing(token->text);

	if (missing)
		return parser_fail(parser, token->column, "'%s': %s", token->text,
			      missing);
	return parser_fail(parser, token->column,
		      "'%s' is not a word of a filter, like state, sport, dst, pid or age",
		      token->text);
}

/**
 * condition_parse() - the rule CONDITION of words.h
 * @parser: at the first token of the condition
 * @negated: parse its negation
 *
 * Return: false after parser_fail().
 */
bool condition_parse(struct parser *parser, bool negated)
{
	enum field field = parser_field(&parser->token);

	switch (field) {
	case FIELD_STATE:
	case FIELD_EXCLUDE:
		return condition_parse_states(parser, negated);
	case FIELD_AUTOBOUND:
		return parse_autobound(parser, negated);
	case FIELD_COUNT:
		return fail_at_word(parser);
	default:
		return parse_field(parser, field, negated);
	}
}
