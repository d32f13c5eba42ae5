/* SPDX-License-Identifier: GPL-2.0 */
/* Nobody sleeps in a test; the type is in a declaration. */
#ifndef _SHIM_LINUX_WAIT_H
#define _SHIM_LINUX_WAIT_H

struct wait_queue_head;

#define wait_queue_head_t	struct wait_queue_head

#endif /* _SHIM_LINUX_WAIT_H */
