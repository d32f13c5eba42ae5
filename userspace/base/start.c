// SPDX-License-Identifier: GPL-2.0
/*
 * The start of every program: it may inherit closed descriptors and any disposition
 * of signals; the rest of the program does not have to care.
 */
#include "base/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/stop.h"

/*
 * Opens /dev/null as each of descriptors 0 to 2 that is closed: else the next file
 * opened would get the number, and messages would go there. Returns 0, or -1 and
 * errno.
 */
static int occupy_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return -1;
	} while (fd <= STDERR_FILENO);
	return close(fd);
}

/**
 * start_program() - call first in main()
 * @prints: fail if standard output is closed
 *
 * Return: 0, or -1 after a message.
 */
int start_program(bool prints)
{
	bool closed = fcntl(STDOUT_FILENO, F_GETFD) < 0;

	stop_install();
	if (occupy_descriptors()) {
		fprintf(stderr, "tcpstates: /dev/null: %s\n", strerror(errno));
		return -1;
	}
	if (hash_init()) {
		fprintf(stderr, "tcpstates: getrandom: %s\n", strerror(errno));
		return -1;
	}
	if (!closed || !prints)
		return 0;
	fprintf(stderr, "tcpstates: standard output: %s\n", strerror(EBADF));
	return -1;
}
