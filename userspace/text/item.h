/* SPDX-License-Identifier: GPL-2.0 */
/* A record as it is printed, with the values that a command adds to it. */
#ifndef _TEXT_ITEM_H
#define _TEXT_ITEM_H

#include <stdbool.h>
#include <stddef.h>

#include "libtcpstates.h"

/**
 * struct extra - a value that a command adds to a record
 * @key: its key, which no field of a record has
 * @only_json: false if lines and CSV have it as well
 * @text: the value in a line and in CSV; NULL if it is unknown
 * @json: the value in an object
 */
struct extra {
	const char *key;
	bool only_json;
	const char *text;
	const char *json;
};

/**
 * struct item - a record to be printed
 * @record: the record
 * @extras: values that follow its fields
 * @count: number of @extras
 */
struct item {
	const struct tcpstates_record *record;
	const struct extra *extras;
	size_t count;
};

/* Room for a line or an object with its newline and NUL; more is cut off. */
#define ITEM_SIZE	16384

size_t item_line(const struct item *item, char *text, size_t size);
size_t item_json(const struct item *item, char *text, size_t size);
const struct extra *item_extra(const struct item *item, const char *key);

#endif /* _TEXT_ITEM_H */
