/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of connections compared with the kernel's sockets: entries for those
 * that have none, and the end of entries that nothing belongs to any more.
 *
 * A walk over the kernel's sockets calls tcps_verify_learn() or
 * tcps_verify_meet() for each. Context of these two: process, bottom halves off,
 * the lock of the structure's hash bucket held; one walk at a time.
 */
#ifndef _TCPS_VERIFY_H
#define _TCPS_VERIFY_H

#include <linux/types.h>

struct tcps_step;

/*
 * How many audits in a row have not met an entry that is dropped, counting the one
 * that begins; and if its network namespace is gone.
 */
#define TCPS_UNMET_MOST		3
#define TCPS_UNMET_MOST_GONE	20

bool tcps_verify_learn(const struct tcps_step *step);
void tcps_verify_meet(u64 cookie, const void *holder);

/* Context: process; one call of these at a time. */
void tcps_verify_learn_begin(void);
void tcps_verify_learn_confirm(void);
void tcps_verify_learn_end(void);
void tcps_verify_audit(unsigned long chain, bool (*is_alive)(u32 netns));

#endif /* _TCPS_VERIFY_H */
