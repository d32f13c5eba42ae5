/* SPDX-License-Identifier: GPL-2.0 */
/* Answers to HTTP, by libmicrohttpd, in the thread that calls http_run(). */
#ifndef _EXPORT_HTTP_H
#define _EXPORT_HTTP_H

#include <stddef.h>

struct http;

/* Gives the metrics as text, to be freed, and their length; or NULL. */
typedef char *(*http_source_t)(void *data, size_t *length);

struct http *http_start(const char *where, http_source_t source, void *data);
int http_fd(const struct http *http);
int http_timeout_ms(const struct http *http);
void http_run(struct http *http);
void http_stop(struct http *http);

#endif /* _EXPORT_HTTP_H */
