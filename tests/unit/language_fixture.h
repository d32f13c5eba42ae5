/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The language of filters with users, services and hosts of its own: its files are
 * included here.
 */
#ifndef _UNIT_LANGUAGE_FIXTURE_H
#define _UNIT_LANGUAGE_FIXTURE_H

#include "unit.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pwd.h>

#include "filter.h"

static struct passwd *test_getpwnam(const char *name);
static struct servent *test_getservbyname(const char *name, const char *proto);
static int test_getaddrinfo(const char *name, const char *service,
			    const struct addrinfo *hints,
			    struct addrinfo **list);
static void test_freeaddrinfo(struct addrinfo *list);

#define getpwnam	test_getpwnam
#define getservbyname	test_getservbyname
#define getaddrinfo	test_getaddrinfo
#define freeaddrinfo	test_freeaddrinfo

#include "../../userspace/filter/condition.c"
#include "../../userspace/filter/host.c"
#include "../../userspace/filter/match.c"
#include "../../userspace/filter/narrow.c"
#include "../../userspace/filter/parse.c"
#include "../../userspace/filter/parser.c"
#include "../../userspace/filter/token.c"
#include "../../userspace/filter/value.c"
#include "../../userspace/filter/words.c"
#include "../../userspace/lib/text.c"

static struct passwd *test_getpwnam(const char *name)
{
	static struct passwd user = { .pw_uid = 1001 };

	return strcmp(name, "alice") ? NULL : &user;
}

static struct servent *test_getservbyname(const char *name, const char *proto)
{
	static struct servent service;

	if (!strcmp(name, "https"))
		service.s_port = htons(443);
	else if (!strcmp(name, "with-dash") && proto)
		service.s_port = htons(77);
	else
		return NULL;
	return &service;
}

/* "both" has an address of each family, "one" only of IPv4, "many" four of that. */
static int test_getaddrinfo(const char *name, const char *service,
			    const struct addrinfo *hints,
			    struct addrinfo **list)
{
	static struct sockaddr_in in = { .sin_family = AF_INET };
	static struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	static struct addrinfo items[2];
	static struct sockaddr_in many[4];
	static struct addrinfo each[4];
	bool both = !strcmp(name, "both.example");
	size_t i;

	(void)service;
	for (i = 0; !strcmp(name, "many.example") && i < 4; i++) {
		many[i] = (struct sockaddr_in) { .sin_family = AF_INET };
		many[i].sin_addr.s_addr = htonl(0x0a000007 + i);
		each[i] = (struct addrinfo) {
			.ai_family = AF_INET, .ai_addr = (void *)&many[i],
			.ai_next = i < 3 ? &each[i + 1] : NULL,
		};
		*list = each;
		if (i == 3)
			return 0;
	}
	if (!both && strcmp(name, "one.example"))
		return EAI_NONAME;
	inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
	items[0] = (struct addrinfo) { .ai_family = AF_INET,
				       .ai_addr = (void *)&in };
	items[1] = (struct addrinfo) { .ai_family = AF_INET6,
				       .ai_addr = (void *)&in6 };
	*list = items;
	if (hints->ai_family == AF_INET6) {
		*list = &items[1];
		return both ? 0 : EAI_NONAME;
	}
	if (both && hints->ai_family == AF_UNSPEC)
		items[0].ai_next = &items[1];
	return 0;
}

static void test_freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

/* A change as a server sees it, of which all is known. */
static struct tcpstates_record server(void)
{
	return (struct tcpstates_record) {
		.size = sizeof(struct tcpstates_record),
		.version = TCPSTATES_ABI_VERSION,
		.event = TCPSTATES_EVENT_TRANSITION,
		.old_state = TCPSTATES_ESTABLISHED,
		.new_state = TCPSTATES_CLOSE_WAIT,
		.family = TCPSTATES_FAMILY_INET,
		.cause = TCPSTATES_CAUSE_FIN,
		.conn = 0x5f3, .netns = 4026531840U,
		.dur_ns = 1500000000ULL,
		.laddr = { 10, 0, 0, 5 }, .lport = 443,
		.raddr = { 10, 0, 0, 9 }, .rport = 53122,
		.known = TCPSTATES_KNOW_LADDR | TCPSTATES_KNOW_LPORT |
			 TCPSTATES_KNOW_RADDR | TCPSTATES_KNOW_RPORT |
			 TCPSTATES_KNOW_DURATION | TCPSTATES_KNOW_OWNER |
			 TCPSTATES_KNOW_UID | TCPSTATES_KNOW_CGROUP,
		.pid = 812, .uid = 1001, .comm = "java", .cgroup = 77,
	};
}

/* One over IPv6 that has been found in a list, older than the module. */
static struct tcpstates_record found(void)
{
	struct tcpstates_record record = server();

	record.event = TCPSTATES_EVENT_EXISTING;
	record.old_state = TCPSTATES_UNKNOWN;
	record.new_state = TCPSTATES_ESTABLISHED;
	record.cause = TCPSTATES_CAUSE_UNKNOWN;
	record.family = TCPSTATES_FAMILY_INET6;
	inet_pton(AF_INET6, "2001:db8::1", record.laddr);
	inet_pton(AF_INET6, "2001:db8::2", record.raddr);
	record.dur_ns = 60000000000ULL;
	record.flags = TCPSTATES_FLAG_ATLEAST;
	record.known &= ~TCPSTATES_KNOW_OWNER;
	return record;
}

static struct filter *parse(const char *text)
{
	struct filter_error error;
	struct filter *filter = filter_parse(text, &error);

	if (!filter)
		fail_msg("'%s': column %zu: %s", text, error.column, error.text);
	return filter;
}

#endif /* _UNIT_LANGUAGE_FIXTURE_H */
