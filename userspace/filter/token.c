// SPDX-License-Identifier: GPL-2.0
/* The tokens of a filter. */
#include "filter/token.h"

#include <string.h>
#include <strings.h>

#include "base/compiler.h"

#define BLANKS	" \t\n"

static const struct {
	const char *word;
	enum token_kind kind;
} words[] = {
	{ "and", TOKEN_AND }, { "&", TOKEN_AND }, { "&&", TOKEN_AND },
	{ "or", TOKEN_OR }, { "|", TOKEN_OR }, { "||", TOKEN_OR },
	{ "not", TOKEN_NOT }, { "!", TOKEN_NOT },
	{ "(", TOKEN_OPEN }, { ")", TOKEN_CLOSE },
};

/* Sets the kind of words that are operators. */
static void classify_token(struct token *token)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(token->text, words[i].word))
			token->kind = words[i].kind;
	for (i = 0; i < COMPARE_COUNT; i++)
		for (j = 0; j < COMPARISON_WORDS; j++)
			if (!strcasecmp(token->text, comparison_words[i][j])) {
				token->kind = TOKEN_COMPARISON;
				token->comparison = i;
			}
}

/* Reads a text in quotes; a backslash escapes the next character. */
static void read_quoted(struct token *token, const char *text)
{
	const char *from = text + token->column + 1;
	size_t length = 0;

	token->kind = TOKEN_QUOTED;
	while (*from && *from != '"' && length < TOKEN_SIZE - 1) {
		if (*from == '\\' && from[1])
			from++;
		token->text[length++] = *from++;
	}
	token->text[length] = '\0';
	if (*from != '"')
		token->kind = TOKEN_BAD;
	else
		from++;
	token->next = from - text;
}

/* The length of the operator that begins here; 0 if there is none. */
static size_t sign_length(const char *text)
{
	if (strchr("()", *text))
		return 1;
	if (!strchr("=!<>&|", *text))
		return 0;
	if (text[1] == '=' && strchr("=!<>", *text))
		return 2;
	return text[1] == *text && strchr("&|", *text) ? 2 : 1;
}

/**
 * token_read() - read the next token
 * @token: filled in
 * @text: the whole filter
 * @from: position from which on it is searched
 */
void token_read(struct token *token, const char *text, size_t from)
{
	size_t length;

	token->column = from + strspn(text + from, BLANKS);
	text += token->column;
	token->next = token->column;
	token->text[0] = '\0';
	token->kind = TOKEN_END;
	if (!*text)
		return;
	if (*text == '"') {
		read_quoted(token, text - token->column);
		return;
	}
	length = sign_length(text);
	if (!length)
		length = strcspn(text, BLANKS "()=!<>&|\"");
	token->kind = length < TOKEN_SIZE ? TOKEN_WORD : TOKEN_BAD;
	token->next += length;
	if (length >= TOKEN_SIZE)
		length = TOKEN_SIZE - 1;
	memcpy(token->text, text, length);
	token->text[length] = '\0';
	if (token->kind == TOKEN_WORD)
		classify_token(token);
}
