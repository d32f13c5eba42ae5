// SPDX-License-Identifier: GPL-2.0
/*
 * ftrace_ops and not kprobes: a kprobe is silently not called while another
 * one runs on its CPU. Each function of an ordinary connection has an ftrace_ops
 * of its own, so that the kernel calls the handler without a look-up.
 * FTRACE_OPS_FL_PERMANENT makes the kernel refuse kernel.ftrace_enabled=0 while
 * the module is loaded, which would silence the hooks otherwise.
 *
 * The table's order is that of attaching: a hook that removes keys
 * of fallback.h comes before the one that adds them, the tracepoint last. Detaching
 * goes backwards. unregister_ftrace_function() and
 * tracepoint_synchronize_unregister() wait for handlers that still run.
 */
#include "hooks.h"

#include <linux/build_bug.h>
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <net/inet_connection_sock.h>
#include <net/inet_timewait_sock.h>
#include <net/tcp.h>
#include <trace/events/sock.h>

#include "attached.h"
#include "caller.h"
#include "cause.h"
#include "compat.h"
#include "probe.h"
#include "uapi/tcpstates.h"

static DEFINE_PER_CPU(u64[TCPSTATES_HOOK_COUNT], hits);

/* Racy on RT, where a handler may be preempted by another on its CPU. */
#define HIT(hook) this_cpu_inc(hits[hook])

#define HANDLER(name)							\
	static void notrace name(unsigned long ip, unsigned long parent_ip, \
				 struct ftrace_ops *ops,		\
				 struct tcps_fregs *fregs)

/* Argument @n of the traced function, as the type that its place has there. */
#define ARG(n) ((void *)tcps_arg(fregs, n))
#define ARG_BOOL(n) ((bool)(u8)tcps_arg(fregs, n))
#define ARG_INT(n) ((int)tcps_arg(fregs, n))

HANDLER(on_request_free)
{
	HIT(TCPSTATES_HOOK_REQ_FREE);
	tcps_probe_request_free(ARG(0));
}

HANDLER(on_request_migrate)
{
	HIT(TCPSTATES_HOOK_REQ_MIGRATE);
	tcps_probe_request_migrate(ARG(0));
}

HANDLER(on_request_done)
{
	HIT(TCPSTATES_HOOK_REQ_DONE);
	tcps_probe_request_done(ARG(1), ARG(2), ARG_BOOL(3));
}

HANDLER(on_request_drop)
{
	HIT(TCPSTATES_HOOK_REQ_DROP);
	tcps_probe_request_drop(ARG(0), ARG(1), ARG_BOOL(2));
}

HANDLER(on_request_start)
{
	HIT(TCPSTATES_HOOK_REQ_START);
	tcps_probe_request_start(ARG(0), ARG(1));
}

HANDLER(on_tw_end)
{
	HIT(TCPSTATES_HOOK_TW_END);
	tcps_probe_tw_end(ARG(0));
}

HANDLER(on_tw_rearm)
{
	HIT(TCPSTATES_HOOK_TW_REARM);
	tcps_probe_tw_rearm(ARG(0), ARG_BOOL(2));
}

HANDLER(on_tw_start)
{
	HIT(TCPSTATES_HOOK_TW_START);
	tcps_probe_tw_start(ARG(0), ARG(1));
}

HANDLER(on_connect)
{
	HIT(TCPSTATES_HOOK_CONNECT);
	tcps_probe_port_chosen(ARG(0));
}

HANDLER(on_listen)
{
	HIT(TCPSTATES_HOOK_LISTEN);
	tcps_probe_port_chosen(ARG(0));
}

HANDLER(on_accept)
{
	HIT(TCPSTATES_HOOK_ACCEPT);
	tcps_probe_accept(ARG(0));
}

HANDLER(on_reset)
{
	HIT(TCPSTATES_HOOK_RESET);
	tcps_probe_reset(ARG(0), TCPS_RESET_HAS_SKB ? ARG(1) : NULL);
}

HANDLER(on_disconnect)
{
	HIT(TCPSTATES_HOOK_DISCONNECT);
	tcps_probe_disconnect(ARG(0));
}

HANDLER(on_shutdown)
{
	HIT(TCPSTATES_HOOK_SHUTDOWN);
	tcps_probe_shutdown(ARG(0), ARG_INT(1));
}

HANDLER(on_abort)
{
	HIT(TCPSTATES_HOOK_ABORT);
	tcps_probe_abort(ARG(0));
}

HANDLER(on_check_req)
{
	HIT(TCPSTATES_HOOK_CHECK_REQ);
	tcps_probe_request_segment(ARG(0), ARG(2), ARG(1));
}

HANDLER(on_request_error)
{
	HIT(TCPSTATES_HOOK_REQ_ERR);
	tcps_probe_request_error(ARG(0), ARG_INT(1), ARG_BOOL(2));
}

HANDLER(on_tw_deschedule)
{
	HIT(TCPSTATES_HOOK_TW_DESCHEDULE);
	tcps_probe_tw_deschedule(ARG(0), tcps_caller(parent_ip));
}

HANDLER(on_child)
{
	HIT(TCPSTATES_HOOK_CHILD);
	tcps_probe_child(ARG(0), ARG(1));
}

/*
 * The handlers read arguments by place. Where a header declares the function
 * and all supported kernels agree, hold it to the type that was relied on.
 */
static_assert(__same_type(__inet_twsk_schedule,
			  void (struct inet_timewait_sock *, int, bool)));
static_assert(__same_type(inet_csk_complete_hashdance,
			  struct sock *(struct sock *, struct sock *,
					struct request_sock *, bool)));
static_assert(__same_type(inet_csk_clone_lock,
			  struct sock *(const struct sock *,
					const struct request_sock *,
					const gfp_t)));
static_assert(__same_type(tcp_fastopen_defer_connect,
			  bool (struct sock *, int *)));
#if TCPS_RESET_HAS_SKB
static_assert(__same_type(tcp_reset, void (struct sock *, struct sk_buff *)));
#else
static_assert(__same_type(tcp_reset, void (struct sock *)));
#endif
static_assert(__same_type(tcp_disconnect, int (struct sock *, int)));
static_assert(__same_type(tcp_shutdown, void (struct sock *, int)));
static_assert(__same_type(tcp_abort, int (struct sock *, int)));
static_assert(__same_type(tcp_req_err, void (struct sock *, u32, bool)));
static_assert(__same_type(inet_twsk_deschedule_put,
			  void (struct inet_timewait_sock *)));

/**
 * struct hook - one function to attach to
 * @hook: TCPSTATES_HOOK_*
 * @optional: its absence hides nothing on this kernel: no migration of requests
 * @twin: the same for IPv6; one bit tells of both
 * @rare: it is not part of an ordinary connection
 * @names: the function's name, or what to take its place, in this order
 * @unseen: what is not seen without it
 * @address: of the function, or 0 if it has not been found
 * @ops: for ftrace; with its handler also if it is @rare, and not attached then
 */
struct hook {
	unsigned int hook;
	bool optional;
	bool twin;
	bool rare;
	const char *names[2];
	const char *unseen;
	unsigned long address;
	struct ftrace_ops ops;
};

#define HOOK(id, handler, what, ...)					\
	{								\
		.hook = TCPSTATES_HOOK_##id,				\
		.names = { __VA_ARGS__ },				\
		.unseen = (what),					\
		.ops.func = (handler),					\
	}

#define RARE(id, handler, what, ...)					\
	{								\
		.hook = TCPSTATES_HOOK_##id,				\
		.rare = true,						\
		.names = { __VA_ARGS__ },				\
		.unseen = (what),					\
		.ops.func = (handler),					\
	}

static struct hook hooks[] = {
	HOOK(REQ_FREE, on_request_free,
	     "the end of a SYN that lost a race against another",
	     "tcp_v4_reqsk_destructor"),
	{
		.hook = TCPSTATES_HOOK_REQ_FREE,
		.twin = true,
		.unseen = "the same over IPv6",
		.names = { "tcp_v6_reqsk_destructor" },
		.ops.func = on_request_free,
	},
	{
		.hook = TCPSTATES_HOOK_REQ_MIGRATE,
		.rare = true,
		.optional = !TCPS_HAS_MIGRATION,
		.names = { "inet_reqsk_clone" },
		.unseen = "half-open connections that change their listener",
		.ops.func = on_request_migrate,
	},
	HOOK(REQ_DONE, on_request_done,
	     "which of two final ACKs made the connection",
	     "inet_csk_complete_hashdance"),
	HOOK(REQ_DROP, on_request_drop,
	     "the end of half-open connections",
	     "__inet_csk_reqsk_queue_drop"),
	HOOK(REQ_START, on_request_start,
	     "SYN_RECV of half-open connections",
	     "inet_csk_reqsk_queue_hash_add"),
	HOOK(TW_END, on_tw_end,
	     "the end of TIME_WAIT, and of FIN_WAIT2 after close()",
	     "inet_twsk_kill", "tcp_twsk_destructor"),
	HOOK(TW_REARM, on_tw_rearm,
	     "FIN_WAIT2 to TIME_WAIT after close(), until TIME_WAIT ends",
	     "__inet_twsk_schedule"),
	HOOK(TW_START, on_tw_start,
	     "TIME_WAIT, and FIN_WAIT2 after close(): CLOSE stands for them",
	     "inet_twsk_hashdance_schedule", "inet_twsk_hashdance"),
	HOOK(CONNECT, on_connect,
	     "the local port in SYN_SENT",
	     "tcp_fastopen_defer_connect", "tcp_connect"),
	RARE(LISTEN, on_listen,
	     "the local port of listen() without bind()",
	     "inet_hash"),
	{
		/* Since 7.x the first serves both. */
		.hook = TCPSTATES_HOOK_LISTEN,
		.rare = true,
		.twin = true,
		.names = { "inet6_hash" },
		.ops.func = on_listen,
	},
	HOOK(ACCEPT, on_accept,
	     "who accepted a connection: its owner stays the listener's",
	     "security_sock_graft"),
	HOOK(CHILD, on_child,
	     "SYN_RECV of TCP Fast Open and SYN cookies",
	     "inet_csk_clone_lock"),
	RARE(RESET, on_reset,
	     "the causes rst-received and rst-sent, and those that exclude them",
	     "tcp_reset"),
	RARE(DISCONNECT, on_disconnect,
	     "the causes abort and disconnect, and those that exclude them",
	     "tcp_disconnect"),
	RARE(SHUTDOWN, on_shutdown,
	     "the causes close and shutdown",
	     "tcp_shutdown"),
	RARE(ABORT, on_abort,
	     "the cause killed, and those that exclude it",
	     "tcp_abort"),
	HOOK(CHECK_REQ, on_check_req,
	     "why a segment ended a half-open connection",
	     "tcp_check_req"),
	RARE(REQ_ERR, on_request_error,
	     "the cause unreachable of half-open connections",
	     "tcp_req_err"),
	RARE(TW_DESCHEDULE, on_tw_deschedule,
	     "why TIME_WAIT ended, and FIN_WAIT2 after close()",
	     "inet_twsk_deschedule_put"),
};

static struct tracepoint *set_state;

static void notrace on_set_state(void *data, const struct sock *sk,
				 const int old, const int new)
{
	HIT(TCPSTATES_HOOK_SET_STATE);
	tcps_probe_set_state(sk, old, new);
}

/*
 * Where a function is; -ENOENT if the kernel has none of this name. Asked for as
 * somebody who wants a kprobe there, who is the only one to be told; the probe
 * is never armed. ftrace could be given the name, but looks at all functions of
 * the kernel to find it.
 */
static int find_function(const char *name, unsigned long *address)
{
	struct kprobe probe = {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	int ret = register_kprobe(&probe);

	if (ret)
		return ret;
	*address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

/* By any of its names; else the error is that of the first that is there. */
static int find(struct hook *hook)
{
	unsigned int i;
	int ret, first = -ENOENT;

	hook->address = 0;
	for (i = 0; i < ARRAY_SIZE(hook->names) && hook->names[i]; i++) {
		ret = find_function(hook->names[i], &hook->address);
		if (!ret || tcps_hooks_stops_loading(ret))
			return ret;
		if (first == -ENOENT)
			first = ret;
	}
	return first;
}

/* Both may stand before or behind an instruction at the function's entry. */
static bool is_at(const struct hook *hook, unsigned long ip)
{
	return hook->rare && hook->address && ip - hook->address + 8 <= 16;
}

/*
 * The rare hooks share one ftrace_ops, since attaching each takes time and
 * detaching much more; so which function was called must be looked up.
 */
HANDLER(on_rare)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (is_at(&hooks[i], ip)) {
			hooks[i].ops.func(ip, parent_ip, ops, fregs);
			return;
		}
	}
}

static struct ftrace_ops rare_ops = {
	.func = on_rare,
};

static bool is_attached(const struct ftrace_ops *ops)
{
	return ops->flags & FTRACE_OPS_FL_ENABLED;
}

/*
 * Since when ftrace has found the kernel's code to be other than it expects
 * (ftrace_bug()), it changes nothing any more. Calls of the functions that are
 * hooked go on leading here, whoever asks for an end.
 */
static bool remain;

/* Returns whether it was attached. */
static bool detach(struct ftrace_ops *ops)
{
	bool was_attached = is_attached(ops);
	int ret;

	if (was_attached) {
		ret = unregister_ftrace_function(ops);
		if (ret) {
			if (!remain)
				pr_crit("ftrace does not end what was begun: error %d\n",
					ret);
			remain = true;
			return true;	/* with its filter */
		}
	}
	tcps_ftrace_free_filter(ops);
	return was_attached;
}

/*
 * unregister_ftrace_function() succeeds also if it was itself what ftrace stumbled
 * on. What has failed refuses to take a filter, too.
 */
static bool is_ftrace_dead(void)
{
	static struct ftrace_ops nobody;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(hooks) && !ret; i++)
		if (hooks[i].address)
			ret = ftrace_set_filter_ip(&nobody, hooks[i].address,
						   0, 1);
	if (ret == -ENODEV)
		return true;
	tcps_ftrace_free_filter(&nobody);
	return false;
}

static void detach_functions(void)
{
	bool were_attached = detach(&rare_ops);
	unsigned int i = ARRAY_SIZE(hooks);

	while (i-- > 0)
		if (!hooks[i].rare)
			were_attached |= detach(&hooks[i].ops);
	if (were_attached && is_ftrace_dead())
		remain = true;
}

/*
 * Without a filter the handler would get every function. ftrace answers EINVAL for
 * one that it does not know.
 */
static int add_filter(struct ftrace_ops *ops, unsigned long address)
{
	ops->flags = TCPS_FTRACE_FLAGS | FTRACE_OPS_FL_PERMANENT;
	return ftrace_set_filter_ip(ops, address, 0, 0);
}

static int attach(struct ftrace_ops *ops)
{
	int ret = register_ftrace_function(ops);

	if (ret == -EBUSY)
		pr_err("ftrace is off: set kernel.ftrace_enabled=1\n");
	return ret;
}

static void announce_missing(const struct hook *hook, int error)
{
	if (hook->optional) {
		tcps_attached_set(hook->hook, true);
		return;
	}
	if (hook->twin && (!IS_ENABLED(CONFIG_IPV6) || !hook->unseen))
		return;
	tcps_attached_set(hook->hook, false);
	if (error == -ENOENT)
		pr_warn("this kernel has no %s: not seen is %s\n",
			hook->names[0], hook->unseen);
	else
		pr_warn("this kernel lets nobody hook %s (error %d): not seen is %s\n",
			hook->names[0], error, hook->unseen);
}

/*
 * Find the function, and have it attached; a rare one with the others later. One
 * that cannot be hooked is announced.
 */
static int attach_function(struct hook *hook)
{
	int ret = find(hook);

	if (!ret)
		ret = add_filter(hook->rare ? &rare_ops : &hook->ops,
				 hook->address);
	if (ret) {
		hook->address = 0;
		if (tcps_hooks_stops_loading(ret))
			return ret;
		announce_missing(hook, ret);
		return 0;
	}
	if (!hook->twin)
		tcps_attached_set(hook->hook, true);
	return hook->rare ? 0 : attach(&hook->ops);
}

/* All rare ones at once. With none of them, @rare_ops would have no filter. */
static int attach_rare(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].rare && hooks[i].address)
			return attach(&rare_ops);
	return 0;
}

static int attach_functions(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		ret = attach_function(&hooks[i]);
		if (ret) {
			pr_err("cannot attach to %s: error %d\n",
			       hooks[i].names[0], ret);
			goto err_detach_functions;
		}
	}
	ret = attach_rare();
	if (ret)
		goto err_detach_functions;
	return 0;

err_detach_functions:
	detach_functions();
	return ret;
}

static void compare_name(struct tracepoint *tp, void *found)
{
	if (!strcmp(tp->name, "inet_sock_set_state"))
		*(struct tracepoint **)found = tp;
}

static int attach_tracepoint(void)
{
	int ret;

	check_trace_callback_type_inet_sock_set_state(on_set_state);
	for_each_kernel_tracepoint(compare_name, &set_state);
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

	ret = attach_functions();
	if (ret)
		return ret;
	/*
	 * A socket whose minisock was made just before its hook was there
	 * should be through with tcp_done(), or its CLOSE would pass for a real
	 * one. This waits for softirqs; a process that is preempted in the
	 * socket's backlog at this very moment might still give one.
	 */
	synchronize_rcu();
	ret = attach_tracepoint();
	if (ret)
		goto err_detach_functions;
	return 0;

err_detach_functions:
	detach_functions();
	return ret;
}

/**
 * tcps_hooks_detach() - detach from the kernel
 *
 * When it returns, no handler runs nor will run, unless tcps_hooks_remain(). Those
 * that did may have been in softirq or in a process, preempted or not: both calls
 * wait for all.
 *
 * Context: process.
 */
void tcps_hooks_detach(void)
{
	/* Nothing is recorded from here on, also by a hook that remains. */
	tcps_attached_set(TCPSTATES_HOOK_SET_STATE, false);
	tracepoint_probe_unregister(set_state, on_set_state, NULL);
	tracepoint_synchronize_unregister();
	detach_functions();
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
	return remain;
}

/**
 * tcps_hooks_stats() - fill in what is known here
 * @stats: where to; hits is written
 *
 * Context: process.
 */
void tcps_hooks_stats(struct tcpstates_stats *stats)
{
	unsigned int cpu, hook;

	BUILD_BUG_ON(ARRAY_SIZE(stats->hits) < ARRAY_SIZE(hits));
	for_each_possible_cpu(cpu)
		for (hook = 0; hook < TCPSTATES_HOOK_COUNT; hook++)
			stats->hits[hook] += READ_ONCE(per_cpu(hits, cpu)[hook]);
}
