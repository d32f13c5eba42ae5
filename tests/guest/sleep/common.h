/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of this folder share. */
#ifndef _SLEEP_COMMON_H
#define _SLEEP_COMMON_H

#include <err.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uapi/tcpstates.h"

/* A record of CLOSE to LISTEN, and one back when it is closed. */
static inline int make_listener(unsigned int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int sock = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (sock < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(sock, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(sock, 1))
		err(1, "listener");
	return sock;
}

/* Two records for each of @count. */
static inline void make_records(unsigned int count, unsigned int port)
{
	while (count--)
		close(make_listener(port));
}

#endif /* _SLEEP_COMMON_H */
