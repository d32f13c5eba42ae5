/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When network namespaces were created. The number of a namespace that is gone is
 * given to a new one, so a number and a time are what tells two namespaces apart.
 *
 * Context: process; may sleep.
 */
#ifndef _TCPS_NETNS_H
#define _TCPS_NETNS_H

#include <linux/types.h>

struct net;

int tcps_netns_init(void);
void tcps_netns_exit(void);
u64 tcps_netns_born_ns(const struct net *net);

#endif /* _TCPS_NETNS_H */
