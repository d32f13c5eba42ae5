// SPDX-License-Identifier: GPL-2.0
/* Which keys of a line are shown, in which order; and lines as rows of CSV. */
#include "print/fields.h"

#include <stdio.h>
#include <string.h>

#include "base/output.h"
#include "libtcpstates.h"

/**
 * struct pair - a key and its value, in a text
 * @key: where it begins
 * @key_length: bytes of it
 * @value: where that begins, with its quotes
 * @length: bytes of it
 */
struct pair {
	const char *key;
	size_t key_length;
	const char *value;
	size_t length;
};

/* The end of a value: quotes, and what JSON has within brackets, belong to it. */
static const char *end_of_value(const char *value, const char *ends)
{
	bool quoted = false;
	int depth = 0;

	for (; *value; value++) {
		if (quoted && *value == '\\' && value[1])
			value++;
		else if (*value == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (!depth && strchr(ends, *value))
			break;
		else if (*value == '[' || *value == '{')
			depth++;
		else if (*value == ']' || *value == '}')
			depth--;
	}
	return value;
}

/* Takes a pair from a line. Returns what follows it, or NULL at the end. */
static const char *take_pair(const char *line, struct pair *pair)
{
	const char *end;

	line += strspn(line, " ");
	end = strchr(line, '=');
	if (!end)
		return NULL;
	pair->key = line;
	pair->key_length = end - line;
	pair->value = end + 1;
	/* A line has no brackets but in addresses that a table shows. */
	end = end_of_value(pair->value, "\n ");
	pair->length = end - pair->value;
	return end;
}

/* The same of an object. */
static const char *take_member(const char *json, struct pair *pair)
{
	const char *end;

	json += strspn(json, "{, ");
	if (*json != '"')
		return NULL;
	pair->key = json + 1;
	end = strchr(pair->key, '"');
	pair->key_length = end - pair->key;
	pair->value = end + 2;
	end = end_of_value(pair->value, ",}");
	pair->length = end - pair->value;
	return end;
}

static bool is_key(const struct pair *pair, const char *name)
{
	return strlen(name) == pair->key_length &&
	       !memcmp(name, pair->key, pair->key_length);
}

/* Returns whether the line has it. */
static bool find_pair(const char *line, const char *name, struct pair *pair)
{
	while ((line = take_pair(line, pair)))
		if (is_key(pair, name))
			return true;
	return false;
}

static bool find_member(const char *json, const char *name, struct pair *pair)
{
	while ((json = take_member(json, pair)))
		if (is_key(pair, name))
			return true;
	return false;
}

static void add_name(struct fields *fields, const char *name, size_t length)
{
	if (fields->count == FIELDS_MAX || length >= FIELDS_NAME)
		return;
	memcpy(fields->names[fields->count], name, length);
	fields->names[fields->count++][length] = '\0';
}

/**
 * fields_init() - all keys of a line, and that of a loss
 * @fields: gets them
 * @more: one that is there besides, or NULL
 */
void fields_init(struct fields *fields, const char *more)
{
	const struct tcpstates_record record = {
		.size = sizeof(record),
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
	};
	char line[TCPSTATES_LINE_SIZE];
	const char *rest = line;
	struct pair pair;

	*fields = (struct fields) { .all = true };
	tcpstates_format_line(&record, line, sizeof(line));
	while ((rest = take_pair(rest, &pair))) {
		add_name(fields, pair.key, pair.key_length);
		/* Where a loss has it, so that new keys come after all others. */
		if (is_key(&pair, "event"))
			add_name(fields, "count", 5);
	}
	if (more)
		add_name(fields, more, strlen(more));
}

/**
 * fields_choose() - only some of them, in this order
 * @fields: those that there are
 * @list: their keys, with commas between them
 *
 * Return: NULL, or what in @list is none of them; then nothing has changed.
 */
const char *fields_choose(struct fields *fields, const char *list)
{
	struct fields chosen = { .all = false };
	size_t i, length;

	for (;; list += length + 1) {
		length = strcspn(list, ",");
		for (i = 0; i < fields->count; i++)
			if (strlen(fields->names[i]) == length &&
			    !memcmp(fields->names[i], list, length))
				break;
		if (i == fields->count || chosen.count == FIELDS_MAX)
			return list;
		add_name(&chosen, list, length);
		if (!list[length])
			break;
	}
	*fields = chosen;
	return NULL;
}

/* A loss is never hidden by what is chosen. */
static bool is_loss(const char *line)
{
	struct pair pair;

	return find_pair(line, "count", &pair);
}

/** fields_line() - a line with what is chosen; "-" for what it does not have */
void fields_line(const struct fields *fields, struct output *out,
		 const char *line)
{
	struct pair pair;
	size_t i;

	if (fields->all || is_loss(line)) {
		output_add(out, line, strlen(line));
		return;
	}
	for (i = 0; i < fields->count; i++) {
		output_format(out, "%s%s=", i ? " " : "", fields->names[i]);
		if (find_pair(line, fields->names[i], &pair))
			output_add(out, pair.value, pair.length);
		else
			output_add(out, "-", 1);
	}
	output_add(out, "\n", 1);
}

/** fields_json() - an object with what is chosen; null for what it does not have */
void fields_json(const struct fields *fields, struct output *out,
		 const char *json)
{
	struct pair pair;
	size_t i;

	if (fields->all || find_member(json, "count", &pair)) {
		output_add(out, json, strlen(json));
		return;
	}
	output_add(out, "{", 1);
	for (i = 0; i < fields->count; i++) {
		output_format(out, "%s\"%s\":", i ? "," : "", fields->names[i]);
		if (find_member(json, fields->names[i], &pair))
			output_add(out, pair.value, pair.length);
		else
			output_add(out, "null", 4);
	}
	output_add(out, "}\n", 2);
}

/** fields_csv_head() - the first row of all: the names of the columns */
void fields_csv_head(const struct fields *fields, struct output *out)
{
	size_t i;

	for (i = 0; i < fields->count; i++)
		output_format(out, "%s%s", i ? "," : "", fields->names[i]);
	output_add(out, "\r\n", 2);
}

/*
 * A value: nothing for what is unknown. Quotes of the line go; what is escaped
 * within them stays so, and no value has a line break.
 */
static void add_csv(struct output *out, const struct pair *pair)
{
	const char *value = pair->value;
	size_t length = pair->length, i;

	if (length == 1 && *value == '-')
		return;
	if (length >= 2 && *value == '"') {
		value++;
		length -= 2;
	} else if (!memchr(value, ',', length)) {
		output_add(out, value, length);
		return;
	}
	output_add(out, "\"", 1);
	for (i = 0; i < length; i++)
		output_add(out, value[i] == '"' ? "\"\"" : &value[i],
			   value[i] == '"' ? 2 : 1);
	output_add(out, "\"", 1);
}

/** fields_csv() - a row; where a loss has no column, standard error has it */
void fields_csv(const struct fields *fields, struct output *out,
		const char *line)
{
	struct pair pair;
	bool told = !find_pair(line, "count", &pair);
	size_t i;

	for (i = 0; i < fields->count; i++) {
		if (i)
			output_add(out, ",", 1);
		if (find_pair(line, fields->names[i], &pair))
			add_csv(out, &pair);
		if (!strcmp(fields->names[i], "count"))
			told = true;
	}
	output_add(out, "\r\n", 2);
	if (!told && find_pair(line, "count", &pair))
		fprintf(stderr, "tcpstates: %.*s records were lost\n",
			(int)pair.length, pair.value);
}
