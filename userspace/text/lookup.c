// SPDX-License-Identifier: GPL-2.0
/* Names for addresses and ports, remembered. */
#include "text/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stop.h"

#define NAME_CHARACTERS							\
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

/* So many hosts are remembered; others are asked for each time. */
#define MOST_HOSTS	4096

/* A host; without a name its text is empty. */
struct host {
	__u8 family;
	__u8 address[16];
	char text[CELL_NAME_SIZE];
};

static int compare_hosts(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct host, text));
}

/*
 * Whether it can stand where an address could: who may choose the name of his own
 * address must not get that of somebody else, nor another port.
 */
static bool is_safe_name(const char *name)
{
	struct in6_addr in6;
	struct in_addr in;

	return name[strspn(name, NAME_CHARACTERS)] == '\0' &&
	       !inet_aton(name, &in) && !inet_pton(AF_INET6, name, &in6) &&
	       name[strspn(name, "0123456789.-")] != '\0';
}

/*
 * Asks whoever knows. A name that is cut off would be another one, and so would one
 * of which a character is replaced.
 */
static void resolve_host(struct host *host)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool is_inet = host->family == TCPSTATES_FAMILY_INET;
	char name[NI_MAXHOST];
	int error = EAI_SYSTEM;

	memcpy(&in.sin_addr, host->address, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, host->address, sizeof(in6.sin6_addr));
	/* Nothing is half done here, and it may take long. */
	if (stop_requested())
		return;
	stop_at_once(true);
	if (!stop_requested())
		error = getnameinfo(is_inet ? (struct sockaddr *)&in :
					      (struct sockaddr *)&in6,
				    is_inet ? sizeof(in) : sizeof(in6), name,
				    sizeof(name), NULL, 0, NI_NAMEREQD);
	stop_at_once(false);
	if (!error && strlen(name) < sizeof(host->text) && is_safe_name(name))
		strcpy(host->text, name);
}

/** lookup_host() - the name of a host; false if it has none, or none that fits */
bool lookup_host(unsigned int family, const __u8 address[16],
		 char text[CELL_NAME_SIZE])
{
	static void *hosts;
	static size_t count;
	struct host key = { .family = family }, *host = &key, **found;

	memcpy(key.address, address, sizeof(key.address));
	found = tfind(&key, &hosts, compare_hosts);
	if (found) {
		host = *found;
	} else {
		resolve_host(&key);
		host = count < MOST_HOSTS ? malloc(sizeof(*host)) : NULL;
		if (host) {
			*host = key;
			count++;
			tsearch(host, &hosts, compare_hosts);
		} else {
			host = &key;
		}
	}
	strcpy(text, host->text);
	return *text;
}

/** lookup_port() - the name of a service; false if it has none, or none that fits */
bool lookup_port(__u16 port, char text[CELL_PORT_SIZE])
{
	const struct servent *service = getservbyport(htons(port), "tcp");

	if (!service || strlen(service->s_name) >= CELL_PORT_SIZE)
		return false;
	strcpy(text, service->s_name);
	cell_tame(text);
	return true;
}
