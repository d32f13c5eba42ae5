// SPDX-License-Identifier: GPL-2.0
/*
 * Opens connections over the loopback and closes each at once, its client
 * first: it stays in TIME_WAIT.
 *
 * usage: connections COUNT FIRST
 *
 * The servers' addresses are 127.0.0.FIRST and the seven behind it, so that there
 * are ports enough. Ends with what went wrong and 1, or with 0.
 */
#define _GNU_SOURCE
#include <err.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESSES	8

static int make_listener(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	if (sock < 0 || bind(sock, (struct sockaddr *)address, length) ||
	    listen(sock, 16) ||
	    getsockname(sock, (struct sockaddr *)address, &length))
		err(1, "listener");
	return sock;
}

static void make_one(int listener, const struct sockaddr_in *to)
{
	int client = socket(AF_INET, SOCK_STREAM, 0), server;
	char byte;

	if (client < 0 ||
	    connect(client, (const struct sockaddr *)to, sizeof(*to)))
		err(1, "connect");
	server = accept(listener, NULL, NULL);
	if (server < 0)
		err(1, "accept");
	close(client);
	if (read(server, &byte, 1))
		errx(1, "no end of file");
	close(server);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to[ADDRESSES] = { };
	int listeners[ADDRESSES];
	unsigned long count, i;

	if (argc != 3)
		errx(2, "usage: connections COUNT FIRST");
	count = strtoul(argv[1], NULL, 0);
	for (i = 0; i < ADDRESSES; i++) {
		to[i].sin_family = AF_INET;
		to[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 +
					      strtoul(argv[2], NULL, 0) + i);
		listeners[i] = make_listener(&to[i]);
	}
	for (i = 0; i < count; i++)
		make_one(listeners[i % ADDRESSES], &to[i % ADDRESSES]);
	return 0;
}
