/* SPDX-License-Identifier: GPL-2.0 */
/* The tokens of a filter. */
#ifndef _FILTER_TOKEN_H
#define _FILTER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "filter/words.h"

#define TOKEN_SIZE	256

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_QUOTED,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_COMPARISON,
	TOKEN_BAD,	/* too long, or a quote that does not end */
};

/**
 * struct token - a token
 * @kind: its kind
 * @comparison: for TOKEN_COMPARISON
 * @column: its position in the text
 * @next: position behind it
 * @text: the word, without quotes
 */
struct token {
	enum token_kind kind;
	enum comparison comparison;
	size_t column;
	size_t next;
	char text[TOKEN_SIZE];
};

void token_read(struct token *token, const char *text, size_t from);

#endif /* _FILTER_TOKEN_H */
