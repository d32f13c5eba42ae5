/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which hooks are attached. A kernel may lack some of them; then nothing may be
 * concluded from a call that was not seen.
 */
#ifndef _TCPS_ATTACHED_H
#define _TCPS_ATTACHED_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include "uapi/tcpstates.h"

/* A bit for each TCPSTATES_HOOK_*. Changes only while loading and unloading. */
extern unsigned long tcps_attached_hooks;

void tcps_attached_set(unsigned int hook, bool attached);

static __always_inline bool tcps_attached(unsigned int hook)
{
	return test_bit(hook, &tcps_attached_hooks);
}

static __always_inline bool tcps_attached_all(unsigned long hooks)
{
	return (READ_ONCE(tcps_attached_hooks) & hooks) == hooks;
}

/* The tracepoint is attached last and detached first. */
static __always_inline bool tcps_recording(void)
{
	return tcps_attached(TCPSTATES_HOOK_SET_STATE);
}

#endif /* _TCPS_ATTACHED_H */
