// SPDX-License-Identifier: GPL-2.0
/*
 * What the exporter may do once it has opened all that it needs: no capability is
 * left, and none can be had again. The device keeps the right that it was opened
 * with.
 */
#include "sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/** sandbox_enter() - give up all rights; returns 0, or -1 after a message */
int sandbox_enter(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const struct __user_cap_data_struct none[2] = { { 0 } };

	if (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	    !prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) &&
	    !syscall(SYS_capset, &header, none))
		return 0;
	fprintf(stderr, "tcpstates: capabilities cannot be given up: %s\n",
		strerror(errno));
	return -1;
}
