/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel functions that are hooked, and the handlers, which pass the arguments
 * that they need to probe.h.
 *
 * The order is that of attaching, and the reverse of detaching: a hook that
 * removes keys of fallback.h comes before the one that adds them.
 */
#ifndef _TCPS_HOOK_TABLE_H
#define _TCPS_HOOK_TABLE_H

#include <linux/bits.h>
#include <linux/ftrace.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include "uapi/tcpstates.h"

/* Not part of an ordinary connection. */
#define TCPS_HOOK_RARE		BIT(0)
/* The IPv6 counterpart of another hook, with the same bit in the mask. */
#define TCPS_HOOK_IPV6		BIT(1)
/* This kernel does not do what the function is for. */
#define TCPS_HOOK_OPTIONAL	BIT(2)

/**
 * struct tcps_hook - a kernel function to be hooked
 * @hook: TCPSTATES_HOOK_*
 * @flags: TCPS_HOOK_*
 * @names: of the function, in the order in which they are tried
 * @unseen: what is not recorded without this hook; NULL if another serves for it
 * @address: of the function, 0 if it was not found or cannot be hooked
 * @ops: with the handler. Rare hooks share another one
 */
struct tcps_hook {
	unsigned int hook;
	unsigned int flags;
	const char *names[2];
	const char *unseen;
	unsigned long address;
	struct ftrace_ops ops;
};

extern struct tcps_hook tcps_hook_table[];
extern const unsigned int tcps_hook_table_size;

DECLARE_PER_CPU(u64[TCPSTATES_HOOK_COUNT], tcps_hook_hits);

void tcps_hook_table_hits(u64 *hits);

/* Context: any. */
static __always_inline void tcps_hook_hit(unsigned int hook)
{
	this_cpu_inc(tcps_hook_hits[hook]);
}

#endif /* _TCPS_HOOK_TABLE_H */
