/* SPDX-License-Identifier: GPL-2.0 */
/* Dropping privileges once everything is open. */
#ifndef _EXPORT_SANDBOX_H
#define _EXPORT_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct identity - a user to become
 * @uid: user
 * @gid: the only group
 * @asked: whether --user was given: a failure is an error
 */
struct identity {
	uid_t uid;
	gid_t gid;
	bool asked;
};

int sandbox_find_user(const char *name, struct identity *identity);
int sandbox_enter(const struct identity *identity);

#endif /* _EXPORT_SANDBOX_H */
