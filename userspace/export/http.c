// SPDX-License-Identifier: GPL-2.0
/* The HTTP server: /metrics, and a page that points there. */
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

/* New connections accepted before other work, and before requests are handled. */
#define ACCEPT_MAX		256
#define ACCEPT_BATCH		8

/*
 * If CROWD answers were made within CROWD_MS, or within CROWD_COSTS times the cost of
 * one, the last one is reused for a quarter of that time: making an answer costs more
 * than sending it.
 */
#define CROWD			4
#define CROWD_MS		1000
#define CROWD_COSTS		16

/* Send buffer of a client; the kernel doubles it. */
#define SEND_BYTES		131072

/* How long no connection is accepted when descriptors have run out. */
#define PAUSE_MS		1000

#define METRICS_TYPE	"text/plain; version=0.0.4; charset=utf-8"

/**
 * struct http - the server
 * @daemon: the library's daemon, which has the accepted connections
 * @listener: listening socket
 * @resume_ms: clock_ms() before which no connection is accepted
 * @clients: the clients
 * @response: the latest metrics, or NULL
 * @made_ms: ring of the times at which metrics were made
 * @made: how often they were made
 * @cost_ms: how long the last time took
 * @source: makes the metrics
 * @data: for @source
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

/* Sets the content type of an answer. Returns the answer, or NULL. */
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

/* Whether the last answer is recent enough to be reused. */
static bool is_fresh(const struct http *http, long long now)
{
	long long span_ms = CROWD_COSTS * http->cost_ms;

	if (span_ms < CROWD_MS)
		span_ms = CROWD_MS;
	return http->response && http->made >= CROWD &&
	       now - http->made_ms[http->made % CROWD] < span_ms &&
	       now - http->made_ms[(http->made - 1) % CROWD] < span_ms / 4;
}

/* Makes the metrics, unless the last ones are reused. Returns 0 or -1. */
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

/* Called by the library for the head of a request, and for parts of its body. */
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
		/* Ignore the body, which must be read before the answer. */
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

/* Called by the library for a new connection, and before it closes one. */
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

/* Called by the library when a request has been answered or was aborted. */
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

/* getaddrinfo() accepts larger numbers, modulo 65536. */
static bool is_port(const char *word)
{
	char *end;
	unsigned long port = strtoul(word, &end, 10);

	return *word >= '0' && *word <= '9' && !*end && port && port < 65536;
}

/* Resolves ADDR:PORT or [ADDR]:PORT. Returns 0, or -1 after a message. */
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
	/* A lookup may take long: a signal may end the program meanwhile. */
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
 * http_start() - start the server
 * @where: ADDRESS:PORT
 * @source: makes the metrics
 * @data: for @source
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
		/* accept_one() accepts: the library could not choose a client to close. */
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
 * http_fds() - the descriptors to poll
 * @http: the server
 * @fds: filled in
 */
void http_fds(const struct http *http, struct pollfd fds[HTTP_FDS])
{
	fds[0].fd = MHD_get_daemon_info(http->daemon,
					MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	fds[1].fd = clock_ms() < http->resume_ms ? -1 : http->listener;
	fds[0].events = POLLIN;
	fds[1].events = POLLIN;
}

/** http_timeout_ms() - the timeout for poll(); -1 for none */
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
 * Accepts a connection. Without a free descriptor, a client is closed. Returns false if
 * no connection waits, or none can be accepted now.
 */
static bool accept_one(struct http *http)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	int fd = accept4(http->listener, (struct sockaddr *)&address, &length,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		/* The library closes @fd if it fails. */
		MHD_add_connection(http->daemon, fd,
				   (struct sockaddr *)&address, length);
		return true;
	}
	if (errno == EAGAIN)
		return false;
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS &&
	    errno != ENOMEM)
		return true;	/* the client has gone already */
	if (!clients_end_one(&http->clients))
		http->resume_ms = clock_ms() + PAUSE_MS;
	return false;
}

/** http_run() - accept connections and handle requests, without blocking */
void http_run(struct http *http)
{
	int left;

	/* Handle requests now and then, before new clients displace others. */
	for (left = ACCEPT_MAX; left && accept_one(http); left--)
		if (!(left % ACCEPT_BATCH))
			MHD_run(http->daemon);
	clients_expire(&http->clients, clock_ms());
	MHD_run(http->daemon);
}

/** http_stop() - stop the server; NULL does nothing */
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
