// SPDX-License-Identifier: GPL-2.0
/* Names of hosts and ports, with a cache. */
#include "text/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/stop.h"

#define NAME_CHARACTERS							\
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

/* Limit of remembered hosts; others are looked up each time. */
#define MOST_HOSTS	4096

/**
 * struct host_key - what a name is remembered by; without padding
 * @family: TCPSTATES_FAMILY_INET or INET6
 * @address: as in a record
 */
struct host_key {
	__u8 family;
	__u8 address[16];
};

/**
 * struct host - a remembered host
 * @key: its address
 * @name: its name; empty if it has none that can be shown
 * @hh: for the table of hosts
 */
struct host {
	struct host_key key;
	char name[CELL_NAME_SIZE];
	UT_hash_handle hh;
};

/*
 * Whether a name may be shown in place of an address. The owner of an address chooses
 * its name: it must not look like another address, nor like one with a port.
 */
static bool is_safe_name(const char *name)
{
	struct in6_addr in6;
	struct in_addr in;

	return name[strspn(name, NAME_CHARACTERS)] == '\0' &&
	       !inet_aton(name, &in) && !inet_pton(AF_INET6, name, &in6) &&
	       name[strspn(name, "0123456789.-")] != '\0';
}

/* Fills in host->name. A truncated name would be that of another host: it is not used. */
static void resolve_host(struct host *host)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool is_inet = host->key.family == TCPSTATES_FAMILY_INET;
	char name[NI_MAXHOST];
	int error = EAI_SYSTEM;

	memcpy(&in.sin_addr, host->key.address, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, host->key.address, sizeof(in6.sin6_addr));
	/* A lookup may take long: a signal may end the program meanwhile. */
	if (stop_requested())
		return;
	stop_at_once(true);
	if (!stop_requested())
		error = getnameinfo(is_inet ? (struct sockaddr *)&in :
					      (struct sockaddr *)&in6,
				    is_inet ? sizeof(in) : sizeof(in6), name,
				    sizeof(name), NULL, 0, NI_NAMEREQD);
	stop_at_once(false);
	if (!error && strlen(name) < sizeof(host->name) && is_safe_name(name))
		strcpy(host->name, name);
}

/* Remembers a host, if the table has room and there is memory. */
static void remember_host(struct host **hosts, const struct host *host)
{
	struct host *copy;

	if (HASH_COUNT(*hosts) >= MOST_HOSTS)
		return;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return;
	*copy = *host;
	HASH_ADD(hh, *hosts, key, sizeof(copy->key), copy);
	if (!copy->hh.tbl)
		free(copy);
}

/** lookup_host() - the name of a host; false if it has none that can be shown */
bool lookup_host(unsigned int family, const __u8 address[16],
		 char text[CELL_NAME_SIZE])
{
	static struct host *hosts;
	struct host host = { .key.family = family }, *found;

	memcpy(host.key.address, address, sizeof(host.key.address));
	HASH_FIND(hh, hosts, &host.key, sizeof(host.key), found);
	if (!found) {
		resolve_host(&host);
		remember_host(&hosts, &host);
		found = &host;
	}
	strcpy(text, found->name);
	return *text;
}

/** lookup_port() - the name of a TCP service; false if it has none that fits */
bool lookup_port(__u16 port, char text[CELL_PORT_SIZE])
{
	const struct servent *service = getservbyport(htons(port), "tcp");

	if (!service || strlen(service->s_name) >= CELL_PORT_SIZE)
		return false;
	strcpy(text, service->s_name);
	cell_tame(text);
	return true;
}
