// SPDX-License-Identifier: GPL-2.0
/* A record as it is printed, with the values that a command adds to it. */
#include "text/item.h"

#include <stdio.h>
#include <string.h>

/* Appends, as far as there is room; returns the new length. */
static size_t append_extra(char *text, size_t size, size_t length,
			   const char *before, const char *key,
			   const char *between, const char *value)
{
	int count = snprintf(text + length, size - length, "%s%s%s%s", before,
			     key, between, value);

	return (size_t)count < size - length ? length + count : size - 1;
}

/**
 * item_line() - an item as a line
 * @item: the item
 * @text: where to put the line with its newline and NUL
 * @size: bytes at @text, at least TCPSTATES_LINE_SIZE; ITEM_SIZE with extras
 *
 * Return: length of the line.
 */
size_t item_line(const struct item *item, char *text, size_t size)
{
	size_t length = tcpstates_format_line(item->record, text, size), i;

	if (!item->count)
		return length;
	length--;
	for (i = 0; i < item->count; i++) {
		const struct extra *extra = &item->extras[i];

		if (!extra->only_json)
			length = append_extra(text, size, length, " ",
					      extra->key, "=",
					      extra->text ? extra->text : "-");
	}
	return append_extra(text, size, length, "\n", "", "", "");
}

/**
 * item_json() - an item as an object
 * @item: the item
 * @text: where to put the object with a newline and NUL
 * @size: bytes at @text, at least TCPSTATES_JSON_SIZE; ITEM_SIZE with extras
 *
 * Return: length of the text.
 */
size_t item_json(const struct item *item, char *text, size_t size)
{
	size_t length = tcpstates_format_json(item->record, text, size), i;

	if (!item->count)
		return length;
	length -= strlen("}\n");
	for (i = 0; i < item->count; i++)
		length = append_extra(text, size, length, ",\"",
				      item->extras[i].key, "\":",
				      item->extras[i].json);
	return append_extra(text, size, length, "}\n", "", "", "");
}

/**
 * item_extra() - find an added value
 * @item: the item
 * @key: its key
 *
 * Return: the value; NULL if the item does not have it.
 */
const struct extra *item_extra(const struct item *item, const char *key)
{
	size_t i;

	for (i = 0; i < item->count; i++)
		if (!strcmp(item->extras[i].key, key))
			return &item->extras[i];
	return NULL;
}
