// SPDX-License-Identifier: GPL-2.0
/*
 * chosen MASK COUNT: so many listeners whose cookies agree in the bits of MASK, as
 * anybody can have them: he asks for a socket's cookie, and passes over those that
 * do not suit. Prints a line when they are there; they stay until its input ends.
 */
#include <linux/types.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

static __u64 cookie(int fd)
{
	__u64 value = 0;
	socklen_t length = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &value, &length)) {
		perror("SO_COOKIE");
		exit(1);
	}
	return value;
}

static int new_socket(int type)
{
	int fd = socket(AF_INET, type, 0);

	if (fd < 0) {
		perror("socket");
		exit(1);
	}
	return fd;
}

/* A socket of a kind that nobody watches takes the cookies in between. */
static void pass_over(__u64 mask, __u64 wanted)
{
	__u64 got;

	do {
		int fd = new_socket(SOCK_DGRAM);

		got = cookie(fd);
		close(fd);
	} while (((got + 1) & mask) != wanted);
}

static int listener(__u64 mask, __u64 wanted)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	for (;;) {
		int fd;

		pass_over(mask, wanted);
		fd = new_socket(SOCK_STREAM);
		/* Another process, or a move to another processor, is possible. */
		if ((cookie(fd) & mask) != wanted) {
			close(fd);
			continue;
		}
		if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
		    listen(fd, 1)) {
			perror("listen");
			exit(1);
		}
		return fd;
	}
}

int main(int argc, char **argv)
{
	__u64 mask;
	int i, count;
	char byte;

	if (argc != 3)
		return 2;
	mask = strtoull(argv[1], NULL, 0);
	count = atoi(argv[2]);
	for (i = 0; i < count; i++)
		listener(mask, 7 & mask);
	puts("ready");
	fflush(stdout);
	return read(STDIN_FILENO, &byte, 1) < 0;
}
