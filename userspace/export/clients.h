/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is connected, and who has to go: nobody who is slow, silent or does not read
 * keeps others out. A connection has so long until its answer has been taken, and
 * where there are too many, the one goes that has had the longest, of the address
 * that has the most.
 */
#ifndef _EXPORT_CLIENTS_H
#define _EXPORT_CLIENTS_H

#include <stdbool.h>
#include <sys/socket.h>

/* At once; and of others, that are about to be closed. */
#define CLIENTS_MAX		64
#define CLIENTS_SLOTS		(2 * CLIENTS_MAX)

/* From the connection to the end of the answer; from one answer to the next. */
#define CLIENTS_FIRST_MS	10000
#define CLIENTS_NEXT_MS		60000

/**
 * struct client - one of them
 * @used: it is there
 * @ended: it has been told to go, and counts no more
 * @answered: it has got an answer
 * @fd: its socket
 * @source: its address; of IPv6 the network
 * @since_ms: when it came, or got its last answer
 * @number: which in order of @since_ms
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
 * struct clients - all of them
 * @list: the clients
 * @number: of the last event
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
