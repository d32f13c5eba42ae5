// SPDX-License-Identifier: GPL-2.0
/* The values of a filter: ports and addresses, as in ss. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "filter/value.h"

#define PORT_MAX	65535
#define CHOSEN_PORTS	"/proc/sys/net/ipv4/ip_local_port_range"

/* A port by number or name. Returns whether it is one. */
static bool parse_port(const char *word, __u64 *port)
{
	const struct servent *service;

	if (!value_number(word, port))
		return *port <= PORT_MAX;
	service = getservbyname(word, "tcp");
	if (!service)
		service = getservbyname(word, NULL);
	if (service)
		*port = ntohs(service->s_port);
	return service;
}

/* A port, a range, or '*'. Names of services may contain '-', too. */
static bool parse_ports(const char *word, __u64 *min, __u64 *max)
{
	const char *dash = strchr(word, '-');
	char first[32];

	*min = 0;
	*max = PORT_MAX;
	if (!strcmp(word, "*"))
		return true;
	if (parse_port(word, min)) {
		*max = *min;
		return true;
	}
	if (!dash || (size_t)(dash - word) >= sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(dash - word), word);
	return parse_port(first, min) && parse_port(dash + 1, max) &&
	       *min <= *max;
}

/* Strips "inet:" or "inet6:" from a word. Returns TCPSTATES_FAMILY_*, or 0. */
static __u8 take_family(const char **word)
{
	if (!strncasecmp(*word, "inet:", 5)) {
		*word += 5;
		return TCPSTATES_FAMILY_INET;
	}
	if (!strncasecmp(*word, "inet6:", 6)) {
		*word += 6;
		return TCPSTATES_FAMILY_INET6;
	}
	return 0;
}

/** value_ports() - ports of sport and dport: "443", ":443", ":https", ":80-90" */
const char *value_ports(const char *word, __u64 *min, __u64 *max)
{
	take_family(&word);
	if (*word == ':')
		word++;
	return parse_ports(word, min, max) ? NULL :
		"port: a number up to 65535, a service's name, or a range like :8000-8099";
}

/** value_chosen_ports() - the range from which the kernel chooses local ports */
void value_chosen_ports(__u64 *min, __u64 *max)
{
	unsigned int range[2] = { 32768, 60999 };
	FILE *file = fopen(CHOSEN_PORTS, "re");

	if (file) {
		if (fscanf(file, "%u %u", &range[0], &range[1]) != 2)
			range[0] = PORT_MAX + 1;
		fclose(file);
	}
	*min = range[0];
	*max = range[1];
}

/* One to four numbers with dots; missing ones are 0, as in "10/8". */
static bool parse_inet(const char *word, struct host *host)
{
	unsigned int i;
	char *end;

	for (i = 0; i < 4; i++) {
		unsigned long byte;

		if (*word < '0' || *word > '9')
			return false;
		byte = strtoul(word, &end, 10);
		if (byte > 255)
			return false;
		host->address[i] = byte;
		if (!*end)
			break;
		if (*end != '.')
			return false;
		word = end + 1;
	}
	host->family = TCPSTATES_FAMILY_INET;
	host->prefix = 32;
	return i < 4;
}

static bool parse_inet6(const char *word, struct host *host)
{
	if (inet_pton(AF_INET6, word, host->address) != 1)
		return false;
	host->family = TCPSTATES_FAMILY_INET6;
	host->prefix = 128;
	return true;
}

static bool parse_prefix(const char *word, struct host *host)
{
	__u64 prefix;
	unsigned int i;

	if (value_number(word, &prefix) || prefix > host->prefix)
		return false;
	host->prefix = prefix;
	for (i = 0; i < sizeof(host->address); i++)
		if (8 * i >= prefix)
			host->address[i] = 0;
		else if (8 * (i + 1) > prefix)
			host->address[i] &= 0xff << (8 * (i + 1) - prefix);
	return true;
}

/* Looks up all addresses of a name; they get the ports of the first of @hosts. */
static bool look_up(const char *name, __u8 family,
		    struct host hosts[VALUE_HOSTS], size_t *count)
{
	struct host like = { .port_min = hosts->port_min,
			     .port_max = hosts->port_max };
	const struct addrinfo hints = {
		.ai_family = family == TCPSTATES_FAMILY_INET ? AF_INET :
			     family ? AF_INET6 : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list, *item;

	*count = 0;
	if (getaddrinfo(name, NULL, &hints, &list))
		return false;
	for (item = list; item && *count < VALUE_HOSTS; item = item->ai_next) {
		struct host *host = &hosts[(*count)++];

		*host = like;
		if (item->ai_family == AF_INET) {
			const struct sockaddr_in *in = (void *)item->ai_addr;

			memcpy(host->address, &in->sin_addr, 4);
			host->family = TCPSTATES_FAMILY_INET;
			host->prefix = 32;
		} else {
			const struct sockaddr_in6 *in6 = (void *)item->ai_addr;

			memcpy(host->address, &in6->sin6_addr, 16);
			host->family = TCPSTATES_FAMILY_INET6;
			host->prefix = 128;
		}
	}
	freeaddrinfo(list);
	return *count;
}

/* Ends @text at the first @sign. Returns what follows it, or NULL. */
static char *cut_at(char *text, char sign)
{
	text = strchr(text, sign);
	if (text)
		*text++ = '\0';
	return text;
}

/*
 * Splits "ADDRESS/PREFIX:PORT", "[ADDRESS]/PREFIX:PORT" or "[ADDRESS/PREFIX]:PORT" in
 * place; missing parts become NULL. Returns the address, or NULL for other forms.
 */
static char *split_host(char *word, char **prefix, char **port)
{
	char *rest = word;

	if (*word == '[') {
		rest = cut_at(++word, ']');
		if (!rest || (*rest && *rest != '/' && *rest != ':'))
			return NULL;
	}
	*port = cut_at(rest, ':');
	*prefix = cut_at(rest, '/');
	if (rest != word && !*prefix)
		*prefix = cut_at(word, '/');
	return word;
}

/** value_hosts() - "[FAMILY:]ADDRESS[/PREFIX][:PORT]"; a name may have several */
const char *value_hosts(const char *word, struct host hosts[VALUE_HOSTS],
			size_t *count)
{
	static const char wanted[] =
		"address, for example 10.0.0.5, 10.0.0.0/8, [2001:db8::1]:443 or :443";
	__u8 family = take_family(&word);
	struct host *host = hosts;
	char copy[256], *address, *prefix, *port;

	if (strlen(word) >= sizeof(copy))
		return wanted;
	strcpy(copy, word);
	*host = (struct host) { .family = family, .port_max = PORT_MAX };
	*count = 1;
	/* An IPv6 address without brackets, which ss requires, is unambiguous. */
	if (parse_inet6(word, host))
		return family == TCPSTATES_FAMILY_INET ? wanted : NULL;
	address = split_host(copy, &prefix, &port);
	if (!address || (port && !parse_ports(port, &host->port_min,
					      &host->port_max)))
		return wanted;
	if (!*address || !strcmp(address, "*"))
		return prefix ? wanted : NULL;
	if ((family != TCPSTATES_FAMILY_INET6 && parse_inet(address, host)) ||
	    (family != TCPSTATES_FAMILY_INET && parse_inet6(address, host)))
		return !prefix || parse_prefix(prefix, host) ? NULL : wanted;
	return !prefix && look_up(address, family, hosts, count) ?
		NULL : wanted;
}
