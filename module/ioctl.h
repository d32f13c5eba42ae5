/* SPDX-License-Identifier: GPL-2.0 */
/* ioctls of the device. */
#ifndef _TCPS_IOCTL_H
#define _TCPS_IOCTL_H

#include <linux/types.h>

struct tcps_file;

long tcps_ioctl(struct tcps_file *tf, unsigned int command, void __user *user);

#endif /* _TCPS_IOCTL_H */
