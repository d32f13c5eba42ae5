// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoint is attached last and detached first. Both
 * unregister_ftrace_function() and tracepoint_synchronize_unregister() wait for
 * handlers that still run.
 */
#include "hooks.h"

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/sock.h>

#include "attached.h"
#include "hook_ftrace.h"
#include "hook_table.h"
#include "probe.h"
#include "uapi/tcpstates.h"

static struct tracepoint *set_state;

static void notrace on_set_state(void *data, const struct sock *sk,
				 const int old, const int new)
{
	tcps_hook_hit(TCPSTATES_HOOK_SET_STATE);
	tcps_probe_set_state(sk, old, new);
}

static void pick_set_state(struct tracepoint *tp, void *found)
{
	if (!strcmp(tp->name, "inet_sock_set_state"))
		*(struct tracepoint **)found = tp;
}

static int attach_tracepoint(void)
{
	int ret;

	check_trace_callback_type_inet_sock_set_state(on_set_state);
	for_each_kernel_tracepoint(pick_set_state, &set_state);
	if (!set_state) {
		pr_err("this kernel has no tracepoint inet_sock_set_state\n");
		return -ENOENT;
	}
	ret = tracepoint_probe_register(set_state, on_set_state, NULL);
	if (ret) {
		pr_err("cannot attach to inet_sock_set_state: error %d\n", ret);
		return ret;
	}
	/* Now that nothing is missing, recording begins. */
	tcps_attached_set(TCPSTATES_HOOK_SET_STATE, true);
	return 0;
}

/**
 * tcps_hooks_attach() - attach to the kernel
 *
 * Transitions are recorded from here on.
 *
 * Context: process.
 * Return: 0, or an error: nothing is attached, unless tcps_hooks_remain().
 */
int tcps_hooks_attach(void)
{
	int ret;

	ret = tcps_hook_ftrace_attach();
	if (ret)
		return ret;
	/*
	 * A socket whose minisock was made just before its hook was attached
	 * should have passed tcp_done(), or its CLOSE would be recorded. This
	 * waits for softirqs; a process that is preempted in the socket's
	 * backlog at this very moment might still record one.
	 */
	synchronize_rcu();
	ret = attach_tracepoint();
	if (ret)
		goto err_detach_functions;
	return 0;

err_detach_functions:
	tcps_hook_ftrace_detach();
	return ret;
}

/**
 * tcps_hooks_detach() - detach from the kernel
 *
 * When it returns, no handler runs nor will run, unless tcps_hooks_remain(). It
 * waits for those that ran, in softirq or in a process, preempted or not.
 *
 * Context: process.
 */
void tcps_hooks_detach(void)
{
	/* Nothing is recorded from here on, not by a hook that remains either. */
	tcps_attached_set(TCPSTATES_HOOK_SET_STATE, false);
	tracepoint_probe_unregister(set_state, on_set_state, NULL);
	tracepoint_synchronize_unregister();
	tcps_hook_ftrace_detach();
}

/**
 * tcps_hooks_remain() - whether the kernel could not be detached from
 *
 * Then handlers run for ever: neither the module nor what they use may be freed.
 *
 * Context: process, after tcps_hooks_detach(), or tcps_hooks_attach() that failed.
 * Return: true if so.
 */
bool tcps_hooks_remain(void)
{
	return tcps_hook_ftrace_failed();
}

/**
 * tcps_hooks_stats() - fill in how often hooks were called
 * @stats: hits is written
 *
 * Context: process.
 */
void tcps_hooks_stats(struct tcpstates_stats *stats)
{
	BUILD_BUG_ON(ARRAY_SIZE(stats->hits) < TCPSTATES_HOOK_COUNT);
	tcps_hook_table_hits(stats->hits);
}
