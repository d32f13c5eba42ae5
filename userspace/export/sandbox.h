/* SPDX-License-Identifier: GPL-2.0 */
/* What the exporter may do once it has opened all that it needs. */
#ifndef _EXPORT_SANDBOX_H
#define _EXPORT_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct identity - who to be
 * @uid: user
 * @gid: group, the only one
 * @asked: whether that was asked for, and must not fail
 */
struct identity {
	uid_t uid;
	gid_t gid;
	bool asked;
};

int sandbox_find_user(const char *name, struct identity *identity);
int sandbox_enter(const struct identity *identity);

#endif /* _EXPORT_SANDBOX_H */
