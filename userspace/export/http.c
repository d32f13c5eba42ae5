// SPDX-License-Identifier: GPL-2.0
/* Answers to HTTP: /metrics, and a page that leads there. */
#include "export/http.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "export/clients.h"

/* New connections between two looks at what else there is to do, and at requests. */
#define ACCEPT_MAX		256
#define ACCEPT_BATCH		8

/*
 * Where so many are made in a second, or in so many times of what one costs, the last
 * one is given again for a quarter of that: to make one costs more than to give it.
 */
#define CROWD			4
#define CROWD_MS		1000
#define CROWD_COSTS		16

/* What the kernel keeps of an answer for one who does not read, twice that. */
#define SEND_BYTES		131072

/* How long nobody is accepted when there are no descriptors, in milliseconds. */
#define PAUSE_MS		1000

#define METRICS_TYPE	"text/plain; version=0.0.4; charset=utf-8"

/**
 * struct http - a server
 * @daemon: the library's, which has what is accepted
 * @listener: socket
 * @resume_ms: until then nobody is accepted, CLOCK_MONOTONIC
 * @clients: who is connected
 * @response: the metrics as they were told last, or NULL
 * @made_ms: when the last ones began to be made
 * @made: how many
 * @cost_ms: how long the last one took to make
 * @source: what it tells
 * @data: for that
 */
struct http {
	struct MHD_Daemon *daemon;
	int listener;
	long long resume_ms;
	struct clients clients;
	struct MHD_Response *response;
	long long made_ms[CROWD];
	unsigned int made;
	long long cost_ms;
	http_source_t source;
	void *data;
};

/* Gives an answer its type. Returns it, or NULL. */
static struct MHD_Response *set_type(struct MHD_Response *response, const char *type)
{
	if (!response ||
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				    type) == MHD_YES)
		return response;
	MHD_destroy_response(response);
	return NULL;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection,
				   unsigned int status, const char *text)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = set_type(MHD_create_response_from_buffer(strlen(text), (void *)text,
							    MHD_RESPMEM_PERSISTENT),
			 "text/plain; charset=utf-8");
	if (!response)
		return MHD_NO;
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Whether the last answer does for now. */
static bool is_fresh(const struct http *http, long long now)
{
	long long span_ms = CROWD_COSTS * http->cost_ms;

	if (span_ms < CROWD_MS)
		span_ms = CROWD_MS;
	return http->response && http->made >= CROWD &&
	       now - http->made_ms[http->made % CROWD] < span_ms &&
	       now - http->made_ms[(http->made - 1) % CROWD] < span_ms / 4;
}

/* Makes the metrics anew, unless too many want them. Returns 0 or -1. */
static int refresh_metrics(struct http *http)
{
	long long now = clock_ms();
	size_t length;
	char *text;

	if (is_fresh(http, now))
		return 0;
	if (http->response)
		MHD_destroy_response(http->response);
	http->response = NULL;
	text = http->source(http->data, &length);
	if (!text)
		return -1;
	http->response = set_type(MHD_create_response_from_buffer(length, text,
								  MHD_RESPMEM_MUST_FREE),
			       METRICS_TYPE);
	http->made_ms[http->made++ % CROWD] = now;
	http->cost_ms = clock_ms() - now;
	return http->response ? 0 : -1;
}

static enum MHD_Result answer_metrics(struct http *http,
				      struct MHD_Connection *connection)
{
	if (refresh_metrics(http))
		return answer_text(connection,
				   MHD_HTTP_INTERNAL_SERVER_ERROR,
				   "cannot collect the metrics\n");
	return MHD_queue_response(connection, MHD_HTTP_OK, http->response);
}

/* The library calls it once for the head of a request, and for its body. */
static enum MHD_Result answer_request(void *cls, struct MHD_Connection *connection,
				      const char *url, const char *method,
			      const char *version, const char *data,
			      size_t *size, void **request)
{
	static int seen;
	struct http *http = cls;

	(void)version;
	(void)data;
	if (strcmp(method, MHD_HTTP_METHOD_GET) &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "only GET\n");
	if (!*request) {
		*request = &seen;
		return MHD_YES;
	}
	if (*size) {
		/* Nobody wants a body, but it has to come before the answer goes. */
		*size = 0;
		return MHD_YES;
	}
	if (!strcmp(url, "/metrics"))
		return answer_metrics(http, connection);
	if (!strcmp(url, "/"))
		return answer_text(connection, MHD_HTTP_OK,
				   "tcpstates: the metrics are at /metrics\n");
	return answer_text(connection, MHD_HTTP_NOT_FOUND,
			   "the metrics are at /metrics\n");
}

/* The library has a new connection, or is about to close one. */
static void connection_changed(void *cls, struct MHD_Connection *connection,
			       void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct http *http = cls;
	const union MHD_ConnectionInfo *fd, *address;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*socket_context)
			clients_remove(*socket_context);
		return;
	}
	fd = MHD_get_connection_info(connection,
				     MHD_CONNECTION_INFO_CONNECTION_FD);
	address = MHD_get_connection_info(connection,
					  MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	*socket_context = clients_add(&http->clients, fd->connect_fd,
				      address->client_addr, clock_ms());
}

/* A request has been answered, or has come to nothing. */
static void request_done(void *cls, struct MHD_Connection *connection,
			 void **request, enum MHD_RequestTerminationCode code)
{
	const union MHD_ConnectionInfo *info;
	struct http *http = cls;

	(void)request;
	info = MHD_get_connection_info(connection,
				       MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK && info->socket_context)
		clients_answered(&http->clients, info->socket_context,
				 clock_ms());
}

/* getaddrinfo() takes those that are too large modulo 65536. */
static bool is_port(const char *word)
{
	char *end;
	unsigned long port = strtoul(word, &end, 10);

	return *word >= '0' && *word <= '9' && !*end && port && port < 65536;
}

/* Takes ADDR:PORT apart, [ADDR]:PORT too. Returns 0, or -1 after a message. */
static int resolve_address(const char *where, struct addrinfo **found)
{
	static const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(where, ':');
	char host[256];
	size_t length;
	int error;

	if (!colon || colon == where || !is_port(colon + 1) ||
	    (size_t)(colon - where) >= sizeof(host)) {
		fprintf(stderr, "tcpstates: --listen: '%s' is not ADDRESS:PORT\n",
			where);
		return -1;
	}
	length = colon - where;
	if (*where == '[' && where[length - 1] == ']') {
		where++;
		length -= 2;
	}
	memcpy(host, where, length);
	host[length] = '\0';
	/* A name may have to be asked for. */
	stop_at_once(true);
	error = getaddrinfo(host, colon + 1, &hints, found);
	stop_at_once(false);
	if (!error)
		return 0;
	fprintf(stderr, "tcpstates: --listen: %s: %s\n", host,
		gai_strerror(error));
	return -1;
}

/* Returns a socket that listens, or -1 and errno. */
static int listen_at(const struct addrinfo *at)
{
	int one = 1, most = SEND_BYTES, error;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
			SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
	if (!bind(fd, at->ai_addr, at->ai_addrlen) && !listen(fd, SOMAXCONN))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/**
 * http_start() - begin to listen
 * @where: ADDRESS:PORT
 * @source: what to tell
 * @data: for that
 *
 * Return: the server, or NULL after a message.
 */
struct http *http_start(const char *where, http_source_t source, void *data)
{
	struct addrinfo *found;
	struct http *http;
	int fd;

	if (resolve_address(where, &found))
		return NULL;
	fd = listen_at(found);
	freeaddrinfo(found);
	if (fd < 0) {
		fprintf(stderr, "tcpstates: --listen: %s: %s\n", where,
			strerror(errno));
		return NULL;
	}
	http = calloc(1, sizeof(*http));
	if (http) {
		http->listener = fd;
		http->source = source;
		http->data = data;
		/* It accepts nobody itself: it could not choose who has to go. */
		http->daemon = MHD_start_daemon(MHD_USE_EPOLL |
						MHD_USE_NO_LISTEN_SOCKET, 0,
						NULL, NULL, answer_request, http,
						MHD_OPTION_CONNECTION_LIMIT,
						(unsigned int)CLIENTS_SLOTS,
						MHD_OPTION_NOTIFY_CONNECTION,
						connection_changed, http,
						MHD_OPTION_NOTIFY_COMPLETED,
						request_done, http,
						MHD_OPTION_END);
	}
	if (http && http->daemon)
		return http;
	fprintf(stderr, "tcpstates: --listen: cannot start the HTTP server\n");
	free(http);
	close(fd);
	return NULL;
}

/**
 * http_fds() - what to wait for
 * @http: the server
 * @fds: gets it
 */
void http_fds(const struct http *http, struct pollfd fds[HTTP_FDS])
{
	fds[0].fd = MHD_get_daemon_info(http->daemon,
					MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	fds[1].fd = clock_ms() < http->resume_ms ? -1 : http->listener;
	fds[0].events = POLLIN;
	fds[1].events = POLLIN;
}

/** http_timeout_ms() - how long to wait at most; -1 for no limit */
int http_timeout_ms(struct http *http)
{
	long long now = clock_ms(), left = clients_expire(&http->clients, now);
	MHD_UNSIGNED_LONG_LONG ms;

	if (http->resume_ms > now && (left < 0 || http->resume_ms - now < left))
		left = http->resume_ms - now;
	if (MHD_get_timeout(http->daemon, &ms) == MHD_YES &&
	    (left < 0 || ms < (unsigned long long)left))
		left = ms < INT_MAX ? (long long)ms : INT_MAX;
	return left;
}

/*
 * Takes somebody who waits. Where there is no descriptor, the oldest one that is
 * there has to give his. Returns false if nobody waits, or has to wait longer.
 */
static bool accept_one(struct http *http)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int fd = accept4(http->listener, (struct sockaddr *)&address, &length,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		/* If it does not take it, it closes it. */
		MHD_add_connection(http->daemon, fd,
				   (struct sockaddr *)&address, length);
		return true;
	}
	if (errno == EAGAIN)
		return false;
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS &&
	    errno != ENOMEM)
		return true;	/* one that has gone again */
	if (!clients_end_one(&http->clients))
		http->resume_ms = clock_ms() + PAUSE_MS;
	return false;
}

/** http_run() - do what there is to do, without waiting */
void http_run(struct http *http)
{
	int left;

	/* Who asks at once is answered before others can take his place. */
	for (left = ACCEPT_MAX; left && accept_one(http); left--)
		if (!(left % ACCEPT_BATCH))
			MHD_run(http->daemon);
	clients_expire(&http->clients, clock_ms());
	MHD_run(http->daemon);
}

/** http_stop() - end; NULL does nothing */
void http_stop(struct http *http)
{
	if (!http)
		return;
	MHD_stop_daemon(http->daemon);
	if (http->response)
		MHD_destroy_response(http->response);
	close(http->listener);
	free(http);
}
