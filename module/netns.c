// SPDX-License-Identifier: GPL-2.0
/*
 * A namespace that is older than the module counts as created when the module was
 * loaded: no record is older than that.
 */
#include "netns.h"

#include <linux/ktime.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

/**
 * struct tcps_netns - what is noted of a network namespace
 * @born_ns: when it was created, CLOCK_BOOTTIME
 */
struct tcps_netns {
	u64 born_ns;
};

static unsigned int netns_id;

/* Called for each namespace that exists, too, when it is registered. */
static int __net_init note_birth(struct net *net)
{
	struct tcps_netns *noted = net_generic(net, netns_id);

	noted->born_ns = ktime_get_boottime_ns();
	return 0;
}

static struct pernet_operations netns_ops = {
	.init = note_birth,
	.id = &netns_id,
	.size = sizeof(struct tcps_netns),
};

/**
 * tcps_netns_init() - begin to note when namespaces are created
 *
 * Waits until the kernel has removed the namespaces that it is removing.
 *
 * Context: process, before the first record.
 * Return: 0 or -ENOMEM.
 */
int tcps_netns_init(void)
{
	return register_pernet_subsys(&netns_ops);
}

/**
 * tcps_netns_exit() - forget it
 *
 * Context: process; no file is open any more.
 */
void tcps_netns_exit(void)
{
	unregister_pernet_subsys(&netns_ops);
}

/**
 * tcps_netns_born_ns() - when a namespace was created
 * @net: the namespace; the caller holds a reference
 *
 * Context: any.
 * Return: CLOCK_BOOTTIME; or when the module was loaded, if that was later.
 */
u64 tcps_netns_born_ns(const struct net *net)
{
	const struct tcps_netns *noted = net_generic(net, netns_id);

	return noted->born_ns;
}
