// SPDX-License-Identifier: GPL-2.0
/*
 * Dropping privileges once everything is open: the exporter then is not root, has no
 * supplementary group and no capability, and cannot regain them. The open device keeps
 * the permissions that it was opened with.
 */
#include "export/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/stop.h"

/* If there is no such user: the kernel's overflow ID, see user_namespaces(7). */
#define NOBODY		"nobody"
#define NOBODY_ID	65534

/**
 * sandbox_find_user() - look up the user to become
 * @name: name of the user; NULL for nobody
 * @identity: filled in
 *
 * Return: 0, or -1 after a message.
 */
int sandbox_find_user(const char *name, struct identity *identity)
{
	const struct passwd *user;

	stop_at_once(true);
	user = getpwnam(name ? name : NOBODY);
	stop_at_once(false);
	identity->asked = name;
	if (!user && name) {
		fprintf(stderr, "tcpstates: --user: there is no user '%s'\n", name);
		return -1;
	}
	identity->uid = user ? user->pw_uid : NOBODY_ID;
	identity->gid = user ? user->pw_gid : NOBODY_ID;
	return 0;
}

/* Returns 0, or -1 and errno. */
static int switch_user(const struct identity *identity)
{
	return setgroups(0, NULL) ||
	       setresgid(identity->gid, identity->gid, identity->gid) ||
	       setresuid(identity->uid, identity->uid, identity->uid) ? -1 : 0;
}

/* Only root can change its user; in some containers not even root. */
static int change_user(const struct identity *identity)
{
	if (geteuid() && !identity->asked)
		return 0;
	if (!switch_user(identity))
		return 0;
	fprintf(stderr, "tcpstates: export: cannot become uid %u, %s: %s\n",
		identity->uid, identity->asked ? "giving up" : "going on unchanged",
		strerror(errno));
	return identity->asked ? -1 : 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const struct __user_cap_data_struct none[2] = { { 0 } };

	if (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	    !prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) &&
	    !syscall(SYS_capset, &header, none))
		return 0;
	fprintf(stderr, "tcpstates: cannot drop capabilities: %s\n",
		strerror(errno));
	return -1;
}

/**
 * sandbox_enter() - drop all privileges for good
 * @identity: user to become, if this is root
 *
 * Return: 0, or -1 after a message.
 */
int sandbox_enter(const struct identity *identity)
{
	return change_user(identity) || drop_capabilities() ? -1 : 0;
}
