/* SPDX-License-Identifier: GPL-2.0 */
/* read() of the device: records as text or binary, into a process's memory. */
#ifndef _TCPS_READ_H
#define _TCPS_READ_H

#include <linux/types.h>

struct tcps_file;
struct tcps_user_buffer;

ssize_t tcps_read(struct tcps_file *tf, struct tcps_user_buffer *to,
		  bool is_blocking);

#endif /* _TCPS_READ_H */
