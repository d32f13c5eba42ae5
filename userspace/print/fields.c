// SPDX-License-Identifier: GPL-2.0
/* Items with the fields that the user wants. */
#include "print/fields.h"

#include <stdio.h>
#include <string.h>

#include "base/output.h"
#include "libtcpstates.h"
#include "text/item.h"

#define MORE	FIELDS_MAX	/* the number of @more */

static const char *key_of(const struct fields *fields, unsigned int number)
{
	return number == MORE ? fields->more : tcpstates_field_name(number);
}

static void add_number(struct fields *fields, unsigned int number)
{
	if (fields->count < FIELDS_MAX)
		fields->numbers[fields->count++] = number;
}

/**
 * fields_init() - all fields of a record, in the order of a line
 * @fields: to be filled in
 * @more: key of a value that the command adds to records, or NULL
 */
void fields_init(struct fields *fields, const char *more)
{
	unsigned int number;

	*fields = (struct fields) { .all = true, .more = more };
	for (number = 0; tcpstates_field_name(number); number++)
		add_number(fields, number);
	if (more)
		add_number(fields, MORE);
}

/**
 * fields_choose() - only some fields, in the order of a list
 * @fields: all fields
 * @list: keys, with commas between them
 *
 * Return: NULL, or the first key in @list that no field has; then @fields has not
 * changed.
 */
const char *fields_choose(struct fields *fields, const char *list)
{
	struct fields chosen = { .more = fields->more };
	size_t i, length;

	for (;; list += length + 1) {
		length = strcspn(list, ",");
		for (i = 0; i < fields->count; i++) {
			const char *key = key_of(fields, fields->numbers[i]);

			if (strlen(key) == length && !memcmp(key, list, length))
				break;
		}
		if (i == fields->count || chosen.count == FIELDS_MAX)
			return list;
		add_number(&chosen, fields->numbers[i]);
		if (!list[length])
			break;
	}
	*fields = chosen;
	return NULL;
}

/* A loss is printed whole, whatever the user has chosen. */
static bool is_loss(const struct item *item)
{
	return item->record->event == TCPSTATES_EVENT_LOST;
}

/* An added value in CSV: in quotes if it needs them. */
static void add_csv_text(struct output *out, const char *text)
{
	const char *quote = strpbrk(text, ",\"\r\n") ? "\"" : "";

	output_add(out, quote, strlen(quote));
	for (; *text; text++) {
		if (*text == '"')
			output_add(out, "\"", 1);
		output_add(out, text, 1);
	}
	output_add(out, quote, strlen(quote));
}

static void add_extra(struct output *out, const struct extra *extra,
		      unsigned int form, const char *unknown)
{
	const char *value = !extra ? NULL :
			    form == TCPSTATES_FORM_JSON ? extra->json :
							  extra->text;

	if (!value)
		output_add(out, unknown, strlen(unknown));
	else if (form == TCPSTATES_FORM_CSV)
		add_csv_text(out, value);
	else
		output_add(out, value, strlen(value));
}

/* Adds a value; @unknown if the record does not have the field. */
static void add_value(const struct fields *fields, struct output *out,
		      const struct item *item, unsigned int number,
		      unsigned int form, const char *unknown)
{
	size_t length;
	char *text;

	if (number == MORE) {
		add_extra(out, item_extra(item, fields->more), form, unknown);
		return;
	}
	text = output_room(out, TCPSTATES_FIELD_SIZE);
	length = tcpstates_format_field(item->record, number, form, text,
					TCPSTATES_FIELD_SIZE);
	if (length)
		out->length += length;
	else
		output_add(out, unknown, strlen(unknown));
}

/** fields_line() - an item as a line; "-" for a field that it does not have */
void fields_line(const struct fields *fields, struct output *out,
		 const struct item *item)
{
	size_t size = item->count ? ITEM_SIZE : TCPSTATES_LINE_SIZE, i;
	char *text;

	if (fields->all || is_loss(item)) {
		text = output_room(out, size);
		out->length += item_line(item, text, size);
		return;
	}
	for (i = 0; i < fields->count; i++) {
		output_format(out, "%s%s=", i ? " " : "",
			      key_of(fields, fields->numbers[i]));
		add_value(fields, out, item, fields->numbers[i],
			  TCPSTATES_FORM_LINE, "-");
	}
	output_add(out, "\n", 1);
}

/** fields_json() - an item as an object; null for a field that it does not have */
void fields_json(const struct fields *fields, struct output *out,
		 const struct item *item)
{
	size_t size = item->count ? ITEM_SIZE : TCPSTATES_JSON_SIZE, i;
	char *text;

	if (fields->all || is_loss(item)) {
		text = output_room(out, size);
		out->length += item_json(item, text, size);
		return;
	}
	output_add(out, "{", 1);
	for (i = 0; i < fields->count; i++) {
		output_format(out, "%s\"%s\":", i ? "," : "",
			      key_of(fields, fields->numbers[i]));
		add_value(fields, out, item, fields->numbers[i],
			  TCPSTATES_FORM_JSON, "null");
	}
	output_add(out, "}\n", 2);
}

/** fields_csv_head() - the first row of CSV: the names of the columns */
void fields_csv_head(const struct fields *fields, struct output *out)
{
	size_t i;

	for (i = 0; i < fields->count; i++)
		output_format(out, "%s%s", i ? "," : "",
			      key_of(fields, fields->numbers[i]));
	output_add(out, "\r\n", 2);
}

static bool has_count(const struct fields *fields)
{
	unsigned int number = tcpstates_field_number("count");
	size_t i;

	for (i = 0; i < fields->count; i++)
		if (fields->numbers[i] == number)
			return true;
	return false;
}

/** fields_csv() - an item as a row; standard error tells a loss that has no column */
void fields_csv(const struct fields *fields, struct output *out,
		const struct item *item)
{
	size_t i;

	for (i = 0; i < fields->count; i++) {
		if (i)
			output_add(out, ",", 1);
		add_value(fields, out, item, fields->numbers[i],
			  TCPSTATES_FORM_CSV, "");
	}
	output_add(out, "\r\n", 2);
	if (is_loss(item) && !has_count(fields))
		fprintf(stderr, "tcpstates: %llu records were lost\n",
			(unsigned long long)item->record->count);
}
