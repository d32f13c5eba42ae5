/* SPDX-License-Identifier: GPL-2.0 */
/* The HTTP server: libmicrohttpd, in the thread that calls http_run(). */
#ifndef _EXPORT_HTTP_H
#define _EXPORT_HTTP_H

#include <poll.h>
#include <stddef.h>

#define HTTP_FDS	2	/* descriptors to poll */

struct http;

/* Returns the metrics as text, to be freed, and their length; or NULL. */
typedef char *(*http_source_t)(void *data, size_t *length);

struct http *http_start(const char *where, http_source_t source, void *data);
void http_fds(const struct http *http, struct pollfd fds[HTTP_FDS]);
int http_timeout_ms(struct http *http);
void http_run(struct http *http);
void http_stop(struct http *http);

#endif /* _EXPORT_HTTP_H */
