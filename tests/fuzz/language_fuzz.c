// SPDX-License-Identifier: GPL-2.0
/*
 * Any text as a filter, any bytes as a record: what is accepted is a filter for the
 * module too, which leaves out nothing that fulfils it; nothing fulfils it and its
 * contrary; and what is refused is so at a place in the text.
 */
#include <netdb.h>
#include <pwd.h>

#include "../../userspace/filter/language.h"
#include "../../module/filter.h"
#include "input.h"

/* Neither names of hosts nor of users are looked up: it is about the text. */
int getaddrinfo(const char *name, const char *service,
		const struct addrinfo *hints, struct addrinfo **list)
{
	(void)name;
	(void)service;
	(void)hints;
	(void)list;
	return EAI_NONAME;
}

struct passwd *getpwnam(const char *name)
{
	static struct passwd user = { .pw_uid = 5 };

	return *name == 'u' ? &user : NULL;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
	static struct servent service = { .s_port = 0x5000 };

	(void)protocol;
	return *name == 'h' ? &service : NULL;
}

/* A record that the module could write: names of values are what they are. */
static void make_sane(struct tcpstates_record *record)
{
	record->event = 1 + record->event % (TCPSTATES_EVENT_COUNT - 1);
	record->old_state %= TCPSTATES_STATE_COUNT;
	record->new_state %= TCPSTATES_STATE_COUNT;
	record->family = record->family & 1 ? TCPSTATES_FAMILY_INET :
					      TCPSTATES_FAMILY_INET6;
	record->cause %= TCPSTATES_CAUSE_COUNT;
}

static void check(const struct filter *filter, const char *text,
		  const struct tcpstates_record *record)
{
	struct tcpstates_filter kernel;
	struct filter_error error;
	struct filter *contrary;
	bool matches = filter_matches(filter, record);
	char *other;

	filter_narrow(filter, &kernel);
	MUST(!tcps_filter_check(&kernel));
	MUST(!matches || tcps_filter_match(&kernel, record));
	if (record->event == TCPSTATES_EVENT_LOST ||
	    asprintf(&other, "not ( %s )", text) < 0)
		return;
	/* There is none of an empty one, and of one that is as deep as can be. */
	contrary = filter_parse(other, &error);
	if (contrary)
		MUST(!matches || !filter_matches(contrary, record));
	filter_free(contrary);
	free(other);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct input input = { .data = data, .left = size };
	struct tcpstates_record record;
	struct filter_error error = { .column = -1UL };
	struct filter *filter;
	char *text;

	if (!input_take(&input, &record, sizeof(record)))
		return 0;
	make_sane(&record);
	text = strndup((const char *)input.data, input.left);
	filter = filter_parse(text, &error);
	if (filter) {
		check(filter, text, &record);
	} else {
		MUST(error.column <= strlen(text));
		MUST(strnlen(error.text, sizeof(error.text)) <
		     sizeof(error.text));
		MUST(*error.text);
	}
	filter_free(filter);
	free(text);
	return 0;
}
