// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a record: one line with the keys of the contract in their order,
 * and one object that a strict parser takes, whatever was formatted before.
 */
#include <jansson.h>

#include "format.h"
#include "input.h"
#include "uapi/tcpstates.h"

#define GUARD	0x5a

static const char *const keys[] = {
	"time", "seq", "event", "conn", "netns", "family", "laddr", "lport",
	"raddr", "rport", "old", "new", "dur_ns", "cause", "pid", "comm", "uid",
	"flags", "inode", "cgroup", "rtt_us", "retrans", "rq", "wq", "bytes_in",
	"bytes_out", "handshake_ns", "acceptq", "backlog",
};

static const char *const lost_keys[] = { "time", "seq", "event", "count" };

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

/* Nothing that ends a line, moves a cursor or is invisible. */
static void must_be_printable(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		MUST((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

/* Behind the value at @p: to its space, or to the end of its quotes. */
static const char *skip_value(const char *p)
{
	MUST(*p && *p != ' ');
	if (*p != '"')
		return p + strcspn(p, " \"");
	p++;
	for (; *p != '"'; p++) {
		MUST(*p);
		if (*p == '\\')
			MUST(p[1] == 'x' && strspn(p + 2, "0123456789abcdef") >= 2);
	}
	return p + 1;
}

static void must_have_keys(const char *p, const char *const *names,
			   size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		size_t length = strlen(names[i]);

		if (i)
			MUST(*p++ == ' ');
		MUST(!strncmp(p, names[i], length) && p[length] == '=');
		p = skip_value(p + length + 1);
	}
	MUST(!*p);
}

static void must_be_line(char *text, size_t length, bool lost)
{
	MUST(length > 0 && length <= TCPS_LINE_MAX);
	MUST(text[length - 1] == '\n');
	text[length - 1] = '\0';
	MUST(strlen(text) == length - 1);
	must_be_printable(text, length - 1);
	must_have_keys(text, lost ? lost_keys : keys,
		       lost ? COUNT(lost_keys) : COUNT(keys));
}

/*
 * Jansson refuses bytes that are not UTF-8, and NUL. Its integers have a sign,
 * those of a record have none.
 */
static void must_be_object(const char *text, size_t length, bool lost)
{
	json_error_t error;
	json_t *object;

	MUST(length > 0 && length <= TCPS_JSON_MAX);
	MUST(text[length - 1] == '\n');
	must_be_printable(text, length - 1);
	object = json_loadb(text, length - 1, JSON_REJECT_DUPLICATES |
			    JSON_DECODE_INT_AS_REAL, &error);
	if (!object)
		fprintf(stderr, "%s: %.*s\n", error.text, (int)length, text);
	MUST(json_is_object(object));
	MUST(json_object_size(object) ==
	     (lost ? COUNT(lost_keys) : COUNT(keys)));
	json_decref(object);
}

static size_t format(bool json, struct tcps_text_cache *before,
		     const struct tcpstates_record *record, char *text)
{
	size_t room = json ? TCPS_JSON_MAX : TCPS_LINE_MAX, length;

	text[room] = GUARD;
	length = json ? tcps_format_json(before, record, text) :
			tcps_format_line(before, record, text);
	MUST(text[room] == GUARD);
	return length;
}

/* What was formatted before saves work, and changes nothing. */
static void check(bool json, struct tcps_text_cache *before,
		  const struct tcpstates_record *record)
{
	bool lost = record->event == TCPSTATES_EVENT_LOST;
	char text[TCPS_JSON_MAX + 1], again[TCPS_JSON_MAX + 1];
	struct tcps_text_cache nothing = { 0 };
	size_t length = format(json, before, record, text);

	MUST(format(json, &nothing, record, again) == length);
	MUST(!memcmp(text, again, length));
	if (json)
		must_be_object(text, length, lost);
	else
		must_be_line(text, length, lost);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct input input = { .data = data, .left = size };
	struct tcps_text_cache lines = { 0 }, objects = { 0 };
	struct tcpstates_record record;

	while (input_take(&input, &record, sizeof(record))) {
		check(false, &lines, &record);
		check(true, &objects, &record);
	}
	return 0;
}
