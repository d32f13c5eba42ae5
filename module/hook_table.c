// SPDX-License-Identifier: GPL-2.0
#include "hook_table.h"

#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <net/inet_connection_sock.h>
#include <net/inet_timewait_sock.h>
#include <net/tcp.h>

#include "caller.h"
#include "compat.h"
#include "probe.h"
#include "uapi/tcpstates.h"

/*
 * Not atomic on RT, where another handler may preempt this one between reading
 * and writing on some architectures; the number is approximate there.
 */
DEFINE_PER_CPU(u64[TCPSTATES_HOOK_COUNT], tcps_hook_hits);

/* Argument @n of the hooked function, in the type that it is declared with. */
#define ARG(n) ((void *)tcps_arg(fregs, n))
#define ARG_BOOL(n) ((bool)(u8)tcps_arg(fregs, n))
#define ARG_INT(n) ((int)tcps_arg(fregs, n))

#define HANDLER(name, id, call)						\
	static void notrace name(unsigned long ip, unsigned long parent_ip, \
				 struct ftrace_ops *ops,		\
				 struct tcps_fregs *fregs)		\
	{								\
		tcps_hook_hit(TCPSTATES_HOOK_##id);			\
		call;							\
	}

HANDLER(on_request_free, REQ_FREE, tcps_probe_request_free(ARG(0)))
HANDLER(on_request_migrate, REQ_MIGRATE, tcps_probe_request_migrate(ARG(0)))
HANDLER(on_request_done, REQ_DONE,
	tcps_probe_request_done(ARG(1), ARG(2), ARG_BOOL(3)))
HANDLER(on_request_drop, REQ_DROP,
	tcps_probe_request_drop(ARG(0), ARG(1), ARG_BOOL(2)))
HANDLER(on_request_start, REQ_START, tcps_probe_request_start(ARG(0), ARG(1)))
HANDLER(on_tw_end, TW_END, tcps_probe_tw_end(ARG(0)))
HANDLER(on_tw_rearm, TW_REARM, tcps_probe_tw_rearm(ARG(0), ARG_BOOL(2)))
HANDLER(on_tw_start, TW_START, tcps_probe_tw_start(ARG(0), ARG(1)))
HANDLER(on_connect, CONNECT, tcps_probe_port_chosen(ARG(0)))
HANDLER(on_listen, LISTEN, tcps_probe_port_chosen(ARG(0)))
HANDLER(on_accept, ACCEPT, tcps_probe_accept(ARG(0)))
HANDLER(on_child, CHILD, tcps_probe_child(ARG(0), ARG(1)))
HANDLER(on_reset, RESET,
	tcps_probe_reset(ARG(0), TCPS_RESET_HAS_SKB ? ARG(1) : NULL))
HANDLER(on_disconnect, DISCONNECT, tcps_probe_disconnect(ARG(0)))
HANDLER(on_shutdown, SHUTDOWN, tcps_probe_shutdown(ARG(0), ARG_INT(1)))
HANDLER(on_abort, ABORT, tcps_probe_abort(ARG(0)))
HANDLER(on_check_req, CHECK_REQ,
	tcps_probe_request_segment(ARG(0), ARG(2), ARG(1)))
HANDLER(on_request_error, REQ_ERR,
	tcps_probe_request_error(ARG(0), ARG_INT(1), ARG_BOOL(2)))
HANDLER(on_tw_deschedule, TW_DESCHEDULE,
	tcps_probe_tw_deschedule(ARG(0), tcps_caller(parent_ip)))

/*
 * The handlers read arguments by their position. Where a header declares the
 * function and all supported kernels agree, its type is checked.
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

#define RARE		TCPS_HOOK_RARE
#define IPV6		TCPS_HOOK_IPV6
#define MIGRATION	(TCPS_HAS_MIGRATION ? 0 : TCPS_HOOK_OPTIONAL)

#define HOOK(id, what_flags, handler, what, ...)			\
	{								\
		.hook = TCPSTATES_HOOK_##id,				\
		.flags = (what_flags),					\
		.names = { __VA_ARGS__ },				\
		.unseen = (what),					\
		.ops.func = (handler),					\
	}

struct tcps_hook tcps_hook_table[] = {
	HOOK(REQ_FREE, 0, on_request_free,
	     "the end of a SYN that lost a race against another",
	     "tcp_v4_reqsk_destructor"),
	HOOK(REQ_FREE, IPV6, on_request_free,
	     "the same over IPv6",
	     "tcp_v6_reqsk_destructor"),
	HOOK(REQ_MIGRATE, RARE | MIGRATION, on_request_migrate,
	     "half-open connections that change their listener",
	     "inet_reqsk_clone"),
	HOOK(REQ_DONE, 0, on_request_done,
	     "which of two final ACKs made the connection",
	     "inet_csk_complete_hashdance"),
	HOOK(REQ_DROP, 0, on_request_drop,
	     "the end of half-open connections",
	     "__inet_csk_reqsk_queue_drop"),
	HOOK(REQ_START, 0, on_request_start,
	     "SYN_RECV of half-open connections",
	     "inet_csk_reqsk_queue_hash_add"),
	HOOK(TW_END, 0, on_tw_end,
	     "the end of TIME_WAIT, and of FIN_WAIT2 after close()",
	     "inet_twsk_kill", "tcp_twsk_destructor"),
	HOOK(TW_REARM, 0, on_tw_rearm,
	     "FIN_WAIT2 to TIME_WAIT after close(), until TIME_WAIT ends",
	     "__inet_twsk_schedule"),
	HOOK(TW_START, 0, on_tw_start,
	     "TIME_WAIT, and FIN_WAIT2 after close(): CLOSE stands for them",
	     "inet_twsk_hashdance_schedule", "inet_twsk_hashdance"),
	HOOK(CONNECT, 0, on_connect,
	     "the local port in SYN_SENT",
	     "tcp_fastopen_defer_connect", "tcp_connect"),
	HOOK(LISTEN, RARE, on_listen,
	     "the local port of listen() without bind()",
	     "inet_hash"),
	/* Since 7.x the one above serves IPv6 too. */
	HOOK(LISTEN, RARE | IPV6, on_listen, NULL, "inet6_hash"),
	HOOK(ACCEPT, 0, on_accept,
	     "who accepted a connection: its owner stays the listener's",
	     "security_sock_graft"),
	HOOK(CHILD, 0, on_child,
	     "SYN_RECV of TCP Fast Open and SYN cookies",
	     "inet_csk_clone_lock"),
	HOOK(RESET, RARE, on_reset,
	     "the causes rst-received and rst-sent, and those that exclude them",
	     "tcp_reset"),
	HOOK(DISCONNECT, RARE, on_disconnect,
	     "the causes abort and disconnect, and those that exclude them",
	     "tcp_disconnect"),
	HOOK(SHUTDOWN, RARE, on_shutdown,
	     "the causes close and shutdown",
	     "tcp_shutdown"),
	HOOK(ABORT, RARE, on_abort,
	     "the cause killed, and those that exclude it",
	     "tcp_abort"),
	HOOK(CHECK_REQ, 0, on_check_req,
	     "why a segment ended a half-open connection",
	     "tcp_check_req"),
	HOOK(REQ_ERR, RARE, on_request_error,
	     "the cause unreachable of half-open connections",
	     "tcp_req_err"),
	HOOK(TW_DESCHEDULE, RARE, on_tw_deschedule,
	     "why TIME_WAIT ended, and FIN_WAIT2 after close()",
	     "inet_twsk_deschedule_put"),
};

const unsigned int tcps_hook_table_size = ARRAY_SIZE(tcps_hook_table);

/**
 * tcps_hook_table_hits() - add up how often the hooks were called
 * @hits: where to, by TCPSTATES_HOOK_*
 *
 * Context: process.
 */
void tcps_hook_table_hits(u64 *hits)
{
	unsigned int cpu, hook;

	for_each_possible_cpu(cpu)
		for (hook = 0; hook < TCPSTATES_HOOK_COUNT; hook++)
			hits[hook] += READ_ONCE(per_cpu(tcps_hook_hits,
							cpu)[hook]);
}
