// SPDX-License-Identifier: GPL-2.0
/* The clients of the HTTP server, and their limits. */
#include "export/clients.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

/* A host can choose the other 64 bits of its IPv6 address. */
#define NETWORK_BYTES	8

static void take_source(unsigned char source[16], const struct sockaddr *address)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;

	memset(source, 0, 16);
	if (address->sa_family == AF_INET)
		memcpy(source, &in->sin_addr, sizeof(in->sin_addr));
	else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		memcpy(source, in6->sin6_addr.s6_addr + 12, 4);
	else
		memcpy(source + 8, &in6->sin6_addr, NETWORK_BYTES);
}

static bool is_live(const struct client *client)
{
	return client->used && !client->ended;
}

static size_t count_of(const struct clients *clients,
		       const unsigned char source[16])
{
	size_t count = 0, i;

	for (i = 0; i < CLIENTS_SLOTS; i++)
		if (is_live(&clients->list[i]) &&
		    (!source || !memcmp(clients->list[i].source, source, 16)))
			count++;
	return count;
}

/* The oldest client of the address with the most clients, or NULL. */
static struct client *find_victim(struct clients *clients)
{
	struct client *victim = NULL;
	size_t most = 0, count, i;

	for (i = 0; i < CLIENTS_SLOTS; i++) {
		struct client *client = &clients->list[i];

		if (!is_live(client))
			continue;
		count = count_of(clients, client->source);
		if (count < most || (count == most &&
				     client->number > victim->number))
			continue;
		victim = client;
		most = count;
	}
	return victim;
}

/*
 * Shuts the socket down: the library notices that and closes it. Unsent data are
 * dropped at once, or the kernel would keep them for a client that does not read.
 */
static void end_client(struct client *client)
{
	static const struct linger now = { .l_onoff = 1 };

	client->ended = true;
	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	shutdown(client->fd, SHUT_RDWR);
}

/** clients_end_one() - close one client; false if there is none */
bool clients_end_one(struct clients *clients)
{
	struct client *victim = find_victim(clients);

	if (victim)
		end_client(victim);
	return victim;
}

static void set_age(struct clients *clients, struct client *client,
		    long long now_ms)
{
	client->since_ms = now_ms;
	client->number = ++clients->number;
}

/**
 * clients_add() - add a client, and close another one if there are too many
 * @clients: all clients
 * @fd: socket of the new one
 * @address: its address
 * @now_ms: clock_ms()
 *
 * Return: the client, or NULL if all slots are in use.
 */
struct client *clients_add(struct clients *clients, int fd,
			   const struct sockaddr *address, long long now_ms)
{
	struct client *client = NULL;
	size_t i;

	for (i = 0; i < CLIENTS_SLOTS && !client; i++)
		if (!clients->list[i].used)
			client = &clients->list[i];
	if (!client)
		return NULL;
	if (count_of(clients, NULL) >= CLIENTS_MAX)
		clients_end_one(clients);
	*client = (struct client) { .used = true, .fd = fd };
	take_source(client->source, address);
	set_age(clients, client, now_ms);
	return client;
}

/** clients_answered() - restart the time limit of a client that has its answer */
void clients_answered(struct clients *clients, struct client *client,
		      long long now_ms)
{
	client->answered = true;
	set_age(clients, client, now_ms);
}

/** clients_remove() - free the slot of a client whose socket is being closed */
void clients_remove(struct client *client)
{
	client->used = false;
}

/**
 * clients_expire() - close clients whose time limit is over
 * @clients: all clients
 * @now_ms: clock_ms()
 *
 * Return: milliseconds until the next limit; -1 if there is none.
 */
long long clients_expire(struct clients *clients, long long now_ms)
{
	long long next_ms = -1, left_ms;
	size_t i;

	for (i = 0; i < CLIENTS_SLOTS; i++) {
		struct client *client = &clients->list[i];

		if (!is_live(client))
			continue;
		left_ms = client->since_ms - now_ms +
			  (client->answered ? CLIENTS_NEXT_MS : CLIENTS_FIRST_MS);
		if (left_ms <= 0)
			end_client(client);
		else if (next_ms < 0 || left_ms < next_ms)
			next_ms = left_ms;
	}
	return next_ms;
}
