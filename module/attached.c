// SPDX-License-Identifier: GPL-2.0
#include "attached.h"

unsigned long tcps_attached_hooks;

/**
 * tcps_attached_set() - note that a hook is attached or not
 * @hook: TCPSTATES_HOOK_*
 * @attached: true before its handler can be called for the first time
 *
 * Context: process, while loading or unloading.
 */
void tcps_attached_set(unsigned int hook, bool attached)
{
	assign_bit(hook, &tcps_attached_hooks, attached);
}
