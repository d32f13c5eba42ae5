/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to end: SIGINT, SIGTERM, SIGHUP and SIGALRM. A request that arrives between
 * a test and a wait is not lost.
 */
#ifndef _BASE_STOP_H
#define _BASE_STOP_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

void stop_install(void);
void stop_restore(void);
void stop_at_once(bool on);
void stop_last_resort(void (*resort)(void));
bool stop_requested(void);
int stop_signal(void);
int stop_forget(void);
bool stop_overdue(void);
const sigset_t *stop_open_mask(void);

int stop_poll(struct pollfd *fds, nfds_t count);
int stop_poll_for(struct pollfd *fds, nfds_t count, int timeout_ms);
int stop_wait(int fd);
int stop_wait_for(int fd, int timeout_ms);
ssize_t stop_write(int fd, const void *bytes, size_t length);

#endif /* _BASE_STOP_H */
