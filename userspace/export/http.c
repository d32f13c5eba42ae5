// SPDX-License-Identifier: GPL-2.0
/* Answers to HTTP: /metrics, and a page that leads there. */
#include "http.h"

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

/* Of one scraper or another; and how long one may be silent, in seconds. */
#define CONNECTIONS_MAX		64U
#define SILENCE_MAX_S		30U
#define BACKLOG			64

#define METRICS_TYPE	"text/plain; version=0.0.4; charset=utf-8"

/**
 * struct http - a server
 * @daemon: the library's
 * @source: what it tells
 * @data: for that
 */
struct http {
	struct MHD_Daemon *daemon;
	http_source_t source;
	void *data;
};

static enum MHD_Result answer(struct MHD_Connection *connection,
			      unsigned int status, const char *type,
			      struct MHD_Response *response)
{
	enum MHD_Result result = MHD_NO;

	if (!response)
		return MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				    type) == MHD_YES)
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection,
				   unsigned int status, const char *text)
{
	return answer(connection, status, "text/plain; charset=utf-8",
		      MHD_create_response_from_buffer(strlen(text), (void *)text,
						      MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result answer_metrics(struct http *http,
				      struct MHD_Connection *connection)
{
	size_t length;
	char *text = http->source(http->data, &length);

	if (!text)
		return answer_text(connection,
				   MHD_HTTP_INTERNAL_SERVER_ERROR,
				   "the metrics could not be made\n");
	return answer(connection, MHD_HTTP_OK, METRICS_TYPE,
		      MHD_create_response_from_buffer(length, text,
						      MHD_RESPMEM_MUST_FREE));
}

/* The library calls it once for the head of a request, and for its body. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection,
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
	*size = 0;
	if (!strcmp(url, "/metrics"))
		return answer_metrics(http, connection);
	if (!strcmp(url, "/"))
		return answer_text(connection, MHD_HTTP_OK,
				   "tcpstates: the metrics are at /metrics\n");
	return answer_text(connection, MHD_HTTP_NOT_FOUND,
			   "the metrics are at /metrics\n");
}

/* getaddrinfo() takes those that are too large modulo 65536. */
static bool is_port(const char *word)
{
	char *end;
	unsigned long port = strtoul(word, &end, 10);

	return *word >= '0' && *word <= '9' && !*end && port && port < 65536;
}

/* Takes ADDR:PORT apart, [ADDR]:PORT too. Returns 0, or -1 after a message. */
static int resolve(const char *where, struct addrinfo **found)
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
	error = getaddrinfo(host, colon + 1, &hints, found);
	if (!error)
		return 0;
	fprintf(stderr, "tcpstates: --listen: %s: %s\n", host,
		gai_strerror(error));
	return -1;
}

/* Returns a socket that listens, or -1 and errno. */
static int listen_at(const struct addrinfo *at)
{
	int one = 1, error;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
			SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, at->ai_addr, at->ai_addrlen) && !listen(fd, BACKLOG))
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

	if (resolve(where, &found))
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
		http->source = source;
		http->data = data;
		http->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL,
						handle, http,
						MHD_OPTION_LISTEN_SOCKET, fd,
						MHD_OPTION_CONNECTION_LIMIT,
						CONNECTIONS_MAX,
						MHD_OPTION_CONNECTION_TIMEOUT,
						SILENCE_MAX_S,
						MHD_OPTION_END);
	}
	if (http && http->daemon)
		return http;
	fprintf(stderr, "tcpstates: --listen: the server does not start\n");
	free(http);
	close(fd);
	return NULL;
}

/** http_fd() - what to wait for */
int http_fd(const struct http *http)
{
	return MHD_get_daemon_info(http->daemon,
				   MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

/** http_timeout_ms() - how long to wait at most; -1 for no limit */
int http_timeout_ms(const struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(http->daemon, &ms) != MHD_YES)
		return -1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/** http_run() - do what there is to do, without waiting */
void http_run(struct http *http)
{
	MHD_run(http->daemon);
}

/** http_stop() - end; NULL does nothing */
void http_stop(struct http *http)
{
	if (!http)
		return;
	MHD_stop_daemon(http->daemon);
	free(http);
}
