// SPDX-License-Identifier: GPL-2.0
/*
 * load N [GROUP]: makes N connections over the loopback one after the other,
 * with one byte each way and closed with FIN, the client first; prints the
 * instructions that the machine executed meanwhile as a JSON object. The process
 * group is stopped during the work.
 *
 * load steady N: makes N connections likewise, and prints "begin" before. It has
 * just made another one, so that a reader woken by that has looked and sleeps
 * again, and the module owes it no wake-up for batch_us.
 *
 * load burst N PORT: makes N connections to that port, and prints nothing.
 *
 * load listen N: opens and closes N listeners, with a pause after each of these
 * transitions that is longer than any batch.
 *
 * load hold N: has N connections and keeps them until its input ends. They come
 * from TCP_REPAIR, without a segment and without a peer: ten times cheaper, and
 * half as much memory.
 *
 * One process is client and server, so nothing is scheduled but what is
 * measured, and the kernel handles each segment before send() returns.
 */

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define PORT		7000
#define WARM_UP		100
/* TIME_WAIT takes a minute, and so long a timer may be two seconds late. */
#define TIME_WAIT_MS	63000
/* Kept connections for each server address: half of the ephemeral ports. */
#define PER_ADDRESS	24000

static int open_socket(void)
{
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		err(1, "socket");
	return sock;
}

static in_port_t port = PORT;

/* 127.0.0.1 and those after it. */
static struct sockaddr_in address(unsigned int number)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number),
	};

	return addr;
}

static int open_listener(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(port) };
	int sock = open_socket(), yes = 1;

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(sock, 128))
		err(1, "listen");
	return sock;
}

/* Gives the client's end to @client and the server's to @server. */
static void open_pair(int listener, unsigned int number, int *client,
		      int *server)
{
	struct sockaddr_in addr = address(number);

	*client = open_socket();
	if (connect(*client, (struct sockaddr *)&addr, sizeof(addr)))
		err(1, "connect");
	*server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (*server < 0)
		err(1, "accept");
}

static void pass_byte(int from, int to)
{
	char byte = 'x';

	if (write(from, &byte, 1) != 1 || read(to, &byte, 1) != 1)
		err(1, "a byte");
}

static void make_connections(int listener, long count)
{
	int client, server;
	char byte;

	while (count--) {
		open_pair(listener, 0, &client, &server);
		pass_byte(client, server);
		pass_byte(server, client);
		close(client);
		if (read(server, &byte, 1) != 0)
			errx(1, "more than was sent");
		close(server);
	}
}

static void wait_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/*
 * Three times: at the end of the work; a second later, when readers are done
 * with it; and when TIME_WAIT is over for the last connection.
 */
static void measure(long count, pid_t group)
{
	int listener = open_listener();
	struct stamp begin, work, settled, end;

	make_connections(listener, WARM_UP);
	wait_ms(TIME_WAIT_MS);
	if (group)
		kill(-group, SIGSTOP);
	clock_begin(&begin);
	make_connections(listener, count);
	clock_end(&work);
	if (group)
		kill(-group, SIGCONT);
	wait_ms(1000);
	clock_end(&settled);
	wait_ms(TIME_WAIT_MS);
	clock_end(&end);
	printf("{\"work\": %lld, ", clock_busy(&begin, &work));
	printf("\"work_records\": %llu, ", work.recorded - begin.recorded);
	printf("\"settled\": %lld, ", clock_busy(&begin, &settled));
	printf("\"end\": %lld, ", clock_busy(&begin, &end));
	printf("\"end_records\": %llu}\n", end.recorded - begin.recorded);
}

static void measure_steady(long count)
{
	int listener = open_listener();
	struct stamp begin, end;

	make_connections(listener, WARM_UP);
	wait_ms(TIME_WAIT_MS);
	make_connections(listener, 1);
	wait_ms(50);
	puts("begin");
	fflush(stdout);
	clock_begin(&begin);
	make_connections(listener, count);
	clock_end(&end);
	printf("{\"work\": %lld, ", clock_busy(&begin, &end));
	printf("\"work_records\": %llu}\n", end.recorded - begin.recorded);
	fflush(stdout);
	wait_ms(TIME_WAIT_MS);
}

static void listen_and_close(long count)
{
	while (count--) {
		int listener = open_listener();

		wait_ms(20);
		close(listener);
		wait_ms(20);
	}
}

/* An established connection to a peer that is not there. */
static void restore(unsigned int number)
{
	struct sockaddr_in addr = address(number);
	int sock = open_socket(), on = 1;

	if (setsockopt(sock, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) ||
	    connect(sock, (struct sockaddr *)&addr, sizeof(addr)))
		err(1, "TCP_REPAIR");
}

static void hold(long count)
{
	struct rlimit files = { count + 100, count + 100 };
	char byte;
	long i;

	if (setrlimit(RLIMIT_NOFILE, &files))
		err(1, "RLIMIT_NOFILE");
	for (i = 0; i < count; i++)
		restore(1 + i / PER_ADDRESS);
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 3 && !strcmp(what, "hold")) {
		hold(atol(argv[2]));
	} else if (argc == 3 && !strcmp(what, "steady")) {
		measure_steady(atol(argv[2]));
	} else if (argc == 3 && !strcmp(what, "listen")) {
		listen_and_close(atol(argv[2]));
	} else if (argc == 4 && !strcmp(what, "burst")) {
		port = atoi(argv[3]);
		make_connections(open_listener(), atol(argv[2]));
	} else if (argc < 4 && atol(what) > 0) {
		measure(atol(what), argc > 2 ? atoi(argv[2]) : 0);
	} else {
		errx(2, "usage: see the top of load.c");
	}
	return 0;
}
