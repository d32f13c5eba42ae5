/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clients of the HTTP server. No client that is slow, silent or does not read keeps
 * others out: each has a time limit until its answer has been read, and if there are
 * too many, the oldest one of the address with the most connections is closed.
 */
#ifndef _EXPORT_CLIENTS_H
#define _EXPORT_CLIENTS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Limits of live clients, and of all with those that are being closed. */
#define CLIENTS_MAX		64
#define CLIENTS_SLOTS		(2 * CLIENTS_MAX)

/* Time limits from connect to the end of the answer, and from one answer to the next. */
#define CLIENTS_FIRST_MS	10000
#define CLIENTS_NEXT_MS		60000

/**
 * struct client - a client
 * @used: whether this slot is in use
 * @ended: whether its socket was shut down; it no longer counts
 * @answered: whether it has received an answer
 * @fd: its socket
 * @source: its address; of IPv6 only the network
 * @since_ms: clock_ms() when it connected, or received its last answer
 * @number: its position in order of @since_ms
 */
struct client {
	bool used;
	bool ended;
	bool answered;
	int fd;
	unsigned char source[16];
	long long since_ms;
	unsigned long long number;
};

/**
 * struct clients - all clients
 * @list: slots of clients
 * @number: the last number given to a client
 */
struct clients {
	struct client list[CLIENTS_SLOTS];
	unsigned long long number;
};

struct client *clients_add(struct clients *clients, int fd,
			   const struct sockaddr *address, long long now_ms);
void clients_answered(struct clients *clients, struct client *client,
		      long long now_ms);
void clients_remove(struct client *client);
bool clients_end_one(struct clients *clients);
long long clients_expire(struct clients *clients, long long now_ms);

#endif /* _EXPORT_CLIENTS_H */
